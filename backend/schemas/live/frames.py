"""The frames of the live socket."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backend.enrollment.state_causes import StateCause
from backend.rules import Rule
from backend.schemas import enrollment
from backend.schemas.audiences import Preview, Sample
from backend.schemas.base import Id, Input, Output
from backend.schemas.enrollment.enrollments import Counts
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.imports import ImportKind, ImportState
from backend.schemas.live.needs_you import NeedKind
from backend.schemas.problem import Mistake, render_mistakes
from backend.words import translate

ListName = Literal[
    "groups", "members", "people", "participants", "proposals", "held", "qualifications", "imports", "rehearsals", "segments",
    "enrollment_rules", "learners", "activities", "runs", "everything",
]  # fmt: skip
SubscriptionId = Annotated[str, Meta(min_length=1, max_length=64, description="chosen by the client")]
TopicName = Annotated[
    str,
    Meta(
        pattern="^((session|method|editors|import|run|learner|course_groups):[1-9][0-9]{0,17}|list:[a-z_]{1,30}|me)$",
        description="`session:ID`, `method:ID`, `editors:ID` (of a method), `import:ID`, `run:ID`, `learner:ID`, `course_groups:ID` (of a session), "
        "`list:NAME` or `me`",
    ),
]


class PreviewFrame(Input, tag="preview"):
    """Count this rule, and again whenever a change alters it. A newer frame with the same id replaces it."""

    id: SubscriptionId
    rule: Rule
    session_id: Id | None = None
    at: date | None = None
    sample: Sample = 0


class WatchFrame(Input, tag="watch"):
    """Follow a topic: its state at once, then states and events.

    `editing`, with `editors:ID`: the person at this socket edits the method, until they unwatch or the socket ends.
    """

    id: SubscriptionId
    topic: TopicName
    editing: bool = False


class UnwatchFrame(Input, tag="unwatch"):
    """End a subscription; unknown ids are ignored."""

    id: SubscriptionId


class PingFrame(Input, tag="ping"):
    """Answered by a pong."""


ClientFrame = PreviewFrame | WatchFrame | UnwatchFrame | PingFrame


class CountsFrame(Preview, tag="counts"):
    """The present counts of a preview."""

    id: str


class StateFrame(Output, tag="state"):
    """The present state of a topic.

    `data` is what `LiveStates` says for the kind of topic; for a session the counts of `GET /sessions/{id}/counts`.
    """

    id: str
    position: int
    data: dict[str, Any]


class LearnerState(Output):
    """State of the topic `learner:ID`: whose it is. It never changes; its events say that something of theirs does."""

    id: int


class MyState(Output):
    """State of the topic `me`: whose it is, and how many things of each kind wait for them. Its events say what else changes."""

    id: int
    needs_you: dict[NeedKind, int] = {}


class MethodState(Output):
    """State of a method: how many hold a source of it, how many it is kept from, how many its rule holds now.

    `matching` is null where the method has no rule, the rule is broken, or part of it is sealed to the reader.
    """

    id: int
    session_id: int
    state: enrollment.MethodState
    state_reason: str
    state_cause: StateCause | None
    state_details: dict[str, Any] | None
    active: bool
    version: int
    people: int
    blocked: int
    matching: int | None


class MethodEditors(Output):
    """State of who edits a method now, for those who may edit it: oneself too, each person once. Null while it cannot be told."""

    id: int
    editors: list["EventPerson"] | None


class RunProgress(Output):
    """State of a run while it is applied and after. `progress` is 0 to 1."""

    id: int
    method_id: int | None
    session_id: int | None
    state: enrollment.RunState
    entered: int
    left: int
    gaining: int
    losing: int
    completed_stay: int
    blocked: int
    total: int
    done: int
    progress: float
    finished_at: datetime | None


class ImportProgress(Output):
    """State of an import. `progress` is 0 to 1."""

    id: int
    kind: ImportKind
    state: ImportState
    rows: int
    valid: int
    errors: int
    progress: float
    error: str | None
    finished_at: datetime | None


class CourseGroupState(Output):
    """A class and how many people who count are in it; `people` differs where other people are in it."""

    id: int
    name: str
    members: int
    people: int


class CourseGroupsState(Output):
    """State of the topic `course_groups:ID`: the classes of the session that the reader sees."""

    session_id: int
    course_groups: list[CourseGroupState]


class ListState(Output):
    """State of the topic `list:NAME`: the position of the log and the day of the last change that can alter the list, which is then read again."""

    name: ListName
    changed: int
    day: date


class LiveStates(Output):
    """Which state belongs to which kind of topic."""

    session: Counts
    method: MethodState
    editors: MethodEditors
    run: RunProgress
    import_: ImportProgress = msgspec.field(name="import")
    learner: LearnerState
    me: MyState
    course_groups: CourseGroupsState
    list_: ListState = msgspec.field(name="list")


class EventPerson(Output):
    """Whom an event is about."""

    id: int
    first_name: str
    last_name: str


class EventData(Output):
    """One person, or `count` people at once when too many changed together to name them all.

    Who only waits for another session to end (`blocked`) is named to those alone who see them anyway.
    """

    at: datetime
    count: int
    session_id: int | None
    learner: EventPerson | None
    reason: Reason | None
    before: str | None
    after: str | None


EventName = Literal["entered", "left", "completed", "blocked", "unblocked", "updated", "catalog", "changed"]


class EventFrame(Output, tag="event"):
    """Something happened in a topic.

    Every event after the first state's position arrives once and in order, so that they add up to each later state.
    """

    id: str
    position: int
    event: EventName
    data: EventData


class FrameProblem(Output):
    """What was wrong, as in `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Mistake]

    def render(self, language: str) -> "FrameProblem":
        """The problem as somebody of this language reads it."""
        return FrameProblem(
            type=self.type,
            title=translate(self.title, language),
            status=self.status,
            detail=translate(self.detail, language),
            errors=render_mistakes(self.errors, language),
        )


class ErrorFrame(Output, tag="error"):
    """A frame could not be followed, or a subscription ended; `id` is null when the frame had none that can be read."""

    id: str | None
    problem: FrameProblem


class PongFrame(Output, tag="pong"):
    """Alive."""


ServerFrame = CountsFrame | StateFrame | EventFrame | ErrorFrame | PongFrame

CLOSE_NOT_SIGNED_IN = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_TOO_SLOW = 4408
CLOSE_TOO_MANY = 4429
CLOSE_GOING_AWAY = 1012

encode = msgspec.json.Encoder().encode
