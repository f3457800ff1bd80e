"""Plans on the wire: what would happen, and what was done."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Id, Output
from backend.schemas.enrollment import MethodKind, RunState
from backend.schemas.enrollment.methods import Policy
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.enrollment.rule_pins import PinnedPerson
from backend.schemas.people import Person

PlanHash = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="`hash` of the plan that was shown", examples=["9f2c4e…"]),
]
# A plan shows whom it is about; the list of members has pages for the rest.
SAMPLE = 20


class PlanRequest(Policy, kw_only=True):
    """What would happen: with `method_id` to an existing method, else with a new one of this kind.

    With `mail: false` nobody who enters by confirming it is told; whoever a dynamic method takes in later is. `accept_broken_pins`: the
    people in `broken_pins` of the plan are not where they must be, and that is meant.
    `until`, of people picked by name: the first day on which they are no longer enrolled by that; null: for good.
    """

    method_id: Id | None = None
    kind: MethodKind | UnsetType = UNSET
    mail: bool = True
    accept_broken_pins: bool = False
    until: date | UnsetType | None = UNSET


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
    excluded: list[Person]


WarningCode = Literal[
    "session_ended",
    "nobody",
    "erases",
    "many",
    "excluded",
    "inactive",
    "not_started",
    "over",
    "inner_entries",
    "inner_waiting",
    "broken_pins",
    "over_capacity",
    "due_missing",
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


class PlanClass(Output):
    """A class of the session, by its name."""

    id: int
    name: str


class Plan(Output):
    """What becomes of whom if this is confirmed now, in numbers of people.

    `entering`, `leaving`: their enrollment begins, ends. `gaining`, `losing`: enrolled before and after, they only get or
    lose this reason. `completed_stay`: completed, and in the audience no longer; they stay. `staying`: nothing changes.
    `blocked`: enrolled in another session of the activity. `excluded`: left out of this session, whatever its methods say.

    They add up: `entering` + `gaining` + `staying` + `blocked` + `excluded` are those whom the audience holds; `leaving` + `losing` +
    `completed_stay` + `staying` those whom the method holds now. `held`: so many leave that a dynamic change would wait
    for approval; confirming the plan is that approval. `course_group`: the class that whoever enters or stays by it is in; by a
    method that follows nothing only those who are in no class yet.

    `broken_pins`: pinned people whom the rule would put elsewhere than is expected, of those whom the reader may see. A plan that has
    any is applied only with `accept_broken_pins`.
    """

    hash: str
    entering: int
    leaving: int
    gaining: int
    losing: int
    completed_stay: int
    staying: int
    blocked: int
    excluded: int
    held: bool
    samples: Samples
    warnings: list[PlanWarning]
    position: int
    broken_pins: list[PinnedPerson] = []
    course_group: PlanClass | None = None


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
