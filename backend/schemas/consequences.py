"""What acts would do to enrollments, on the wire: the questions, and the answers."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from backend.schemas.base import Id, Input, Output
from backend.schemas.consequence_acts import Changes
from backend.schemas.enrollment.enrollment_requests import Addresses, ExistingMethod
from backend.schemas.enrollment.plans import PlanHash
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import Person

LIMIT_MOST = 1_000

# The hash that `Consequences` came with.
ConsequencesHash = PlanHash


class ConsequencesRequest(Input):
    """What would follow if all of these were done, one after the other."""

    changes: Changes


class ConsequencesConfirmation(ConsequencesRequest, kw_only=True):
    """The changes as they were asked about, with the hash of what was shown."""

    hash: ConsequencesHash


class ActsDone(Output):
    """What was done as shown: the one run of all of it, which can be undone as one; null where nothing was to do."""

    run_id: int | None


PeopleChange = Literal[
    "entering",
    "leaving",
    "gaining",
    "losing",
    "completed_stay",
    "blocked",
    "freed",
    "held",
    "due_changes",
    "ending",
]


class ConsequencesPeopleRequest(Input):
    """A page of the people behind a number of the consequences; with `session_id` of that session alone."""

    changes: Changes
    change: PeopleChange
    session_id: Id | None = None
    method_id: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MOST)] = 100
    cursor: Annotated[str, Meta(max_length=2_000)] | None = None


class ConsequencesMessagesRequest(Input):
    """A page of the messages that would go out."""

    changes: Changes
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MOST)] = 100
    cursor: Annotated[str, Meta(max_length=2_000)] | None = None


class Figures(Output):
    """How many people, in the words of plans. `freed`: blocked until now, they enter or are wanted no longer.

    `held`: so many that they wait for somebody's approval, unless whoever does the act may give it.
    """

    entering: int = 0
    leaving: int = 0
    gaining: int = 0
    losing: int = 0
    completed_stay: int = 0
    blocked: int = 0
    freed: int = 0
    held: int = 0


class MethodConsequences(Figures, kw_only=True):
    """What becomes of one method's people. One that is sealed to the reader has no name, a new one no id."""

    method_id: int | None
    name: str | None
    sealed: bool = False


class DatedFigures(Figures):
    """`due_changes`: so many due dates follow a field. `ending`: for so many access will end on a day that is said; on which, where it is one."""

    due_changes: int = 0
    ending: int = 0
    ending_on: date | None = None


class SessionConsequences(DatedFigures, kw_only=True):
    """What becomes of one session's people, each counted once whatever methods move them.

    `capacity` and `enrolled` where more would be enrolled than the session has places, told to who may see its participants.
    """

    session_id: int
    session_name: str
    activity_title: str
    methods: list[MethodConsequences]
    capacity: int | None = None
    enrolled: int | None = None


class FrozenMethod(Output):
    """A method whose rule could not be worked out any more: nobody enters or leaves by it until somebody mends it."""

    method_id: int
    name: str | None
    session_id: int
    session_name: str


class Consequences(DatedFigures, kw_only=True):
    """What would follow, as far as the asker may see it; the figures are the sums of what is listed.

    `people`: how many people that is, each once. `messages`: how many would be mailed. With `partial` more may follow that the asker
    does not see; it counts in the hash alone.
    """

    hash: str
    position: int
    people: int = 0
    messages: int = 0
    partial: bool = False
    sessions: list[SessionConsequences] = []
    frozen: list[FrozenMethod] = []


class EnrollmentConsequences(Consequences, kw_only=True):
    """The consequences of enrolling: with `existing` methods of the same audience, and what pasted addresses are."""

    existing: list[ExistingMethod] = []
    addresses: Addresses | None = None


class DueDates(Output):
    """When somebody is due, and would be; null: at no time."""

    before: datetime | None
    after: datetime | None


class PlaceOfChange(Output):
    """Where it happens to somebody, and why; of `due_changes` with the dates, of `ending` with the first day without access."""

    session_id: int
    session_name: str
    why: Reason
    due: DueDates | None = None
    ends_on: date | None = None


class ChangedPerson(Output):
    """Somebody behind a number: `why` is the first of the reasons in `sessions`."""

    learner: Person
    why: Reason
    sessions: list[PlaceOfChange]


class MessageSubject(Output):
    """One thing that a message tells: of an enrollment, of an earlier due date, or of a new account, which has no session."""

    kind: Literal["enrolled", "due_changed", "invited"]
    session_id: int | None
    session_name: str | None
    activity_title: str | None


class PlannedMessage(Output):
    """One message that would go out: to whom (null: an account that is not there yet), when, and what it tells."""

    learner: Person | None
    at: datetime
    about: list[MessageSubject]
