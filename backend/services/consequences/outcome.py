"""What would be another than it is: per method and session who, why, and what mail."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct
from pyroaring import BitMap

from backend.enrollment.state_causes import Stated
from backend.services.consequences.outcome_reasons import OutcomeReasons

NoticeKind = Literal["enrolled", "due_changed", "invited"]


class Changed(Struct, kw_only=True):
    """Who, of one method or one session, in the words of CONTRACT.md (Enrolling, Consequences).

    `blocked` would be kept out by another session of the activity from here on; `freed` were, and come in. `held` are those whom
    a fuse would hold for a person if nobody had confirmed them: each stands in one of the other sets, too, unless the world was
    settled with them held.
    """

    entering: BitMap
    leaving: BitMap
    gaining: BitMap
    losing: BitMap
    completed_stay: BitMap
    blocked: BitMap
    freed: BitMap
    held: BitMap

    def __bool__(self) -> bool:
        return any(bool(getattr(self, name)) for name in Changed.__struct_fields__)


class MethodOutcome(Changed, kw_only=True):
    """Of one method."""

    method_id: int
    session_id: int


class SessionOutcome(Changed, kw_only=True):
    """Of one session, by whatever method: each person stands in one of `entering` to `completed_stay`."""

    session_id: int


class Notices(Struct, frozen=True):
    """What would be filed to be told to people: of one session (None: of none), of one kind, at one moment."""

    kind: NoticeKind
    session_id: int | None
    at: datetime
    learners: BitMap


class DueChange(Struct, frozen=True):
    """When somebody is due, and would be (None: at no time), because of a date of theirs by which this method is due."""

    before: datetime | None
    after: datetime | None
    method_id: int


class Outcome(Struct, kw_only=True):
    """The difference between the world as it is and as it would be, at a position of the log.

    `messages` is how many would go out: what falls due for a person at one moment is one message, and who has completed a
    session is not told of it. `frozen` are methods whose rule could not be worked out any more. `reasons` tells why.
    """

    position: int
    sessions: dict[int, SessionOutcome]
    methods: list[MethodOutcome]
    notices: list[Notices]
    messages: int
    frozen: dict[int, Stated]
    reasons: OutcomeReasons
    # By session and learner: who is enrolled, stays so, and would be due at another instant because a date of theirs is another.
    due_changes: dict[int, dict[int, DueChange]]
    # By session and day, the first without access: whose enrollment would end then, because they are picked until that day.
    ends: dict[int, dict[date, BitMap]]
