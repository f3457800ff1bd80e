"""Plans on the wire: what would happen, and what was done."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.commons import Id, Output
from backend.schemas.enrolling import MethodKind, RunState
from backend.schemas.enrolling.methods import Policy
from backend.schemas.enrolling.reasons import Reason
from backend.schemas.people import Person

PlanHash = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="`hash` of the plan that was shown", examples=["9f2c4e…"]),
]
# A plan shows whom it is about; the list of members has pages for the rest.
SAMPLE = 20


class PlanRequest(Policy, kw_only=True):
    """What would happen: with `method_id` to an existing method, else with a new one of this kind.

    With `mail: false` nobody who enters by confirming it is told; whoever a dynamic method takes in later is.
    """

    method_id: Id | None = None
    kind: MethodKind | UnsetType = UNSET
    mail: bool = True


class ApplyRequest(PlanRequest, kw_only=True):
    """The plan that was shown, with its hash."""

    hash: PlanHash


class BlockedPerson(Output):
    """Somebody who is wanted here and enrolled in another session of the same activity, which has an id for those who may see it."""

    learner: Person
    reason: str
    session_id: int | None
    why: Reason


class Samples(Output):
    """Some of the people of a plan, lowest ids first."""

    entering: list[Person]
    leaving: list[Person]
    gaining: list[Person]
    losing: list[Person]
    completed_stay: list[Person]
    blocked: list[BlockedPerson]


WarningCode = Literal[
    "session_ended",
    "nobody",
    "erases",
    "inactive",
    "due_in_past",
    "due_before_start",
    "due_after_end",
    "due_days_before_start",
    "due_days_after_end",
]


class PlanWarning(Output):
    """Something that can be confirmed and is seldom meant; `message` tells it in the reader's language."""

    code: WarningCode
    message: str


class Plan(Output):
    """What becomes of whom if this is confirmed now, in numbers of people.

    `entering`, `leaving`: their enrollment begins, ends. `gaining`, `losing`: enrolled before and after, they only get or
    lose this reason. `completed_stay`: completed, and in the audience no longer; they stay. `staying`: nothing changes.
    `blocked`: enrolled in another session of the activity.

    They add up: `entering` + `gaining` + `staying` + `blocked` are those whom the audience holds; `leaving` + `losing` +
    `completed_stay` + `staying` those whom the method holds now. `held`: so many leave that a dynamic change would wait
    for approval; confirming the plan is that approval.
    """

    hash: str
    entering: int
    leaving: int
    gaining: int
    losing: int
    completed_stay: int
    staying: int
    blocked: int
    held: bool
    samples: Samples
    warnings: list[PlanWarning]
    position: int


class Applied(Output):
    """What was done. A large plan is only begun (202): `run` its id over the socket or `GET /runs/{id}`.

    The numbers are of people, in the plan's words: `entered` and `left` have done what was `entering` and `leaving`.
    """

    run_id: int
    method_id: int | None
    entered: int = 0
    left: int = 0
    gaining: int = 0
    losing: int = 0
    completed_stay: int = 0
    blocked: int = 0
    state: RunState = "applied"
