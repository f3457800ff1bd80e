"""Qualifications on the wire: what they require, and who stands how on them."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from backend.schemas.base import Id, Input, Output
from backend.schemas.groups import Color
from backend.schemas.learning.activities import ActivityKind

# A qualification that asks for more is several.
MOST_REQUIRED = 100
QualificationState = Literal["qualified", "in_progress", "missing", "expiring", "expired"]


class RequirementSession(Output):
    """A session by which whoever has the qualification takes the activity; `method_id` is the method that enrolls them."""

    session_id: int
    session_name: str
    method_id: int


class Requirement(Output):
    """An activity that a qualification requires and gives access to."""

    activity_id: int
    kind: ActivityKind
    title: str
    external_id: str | None
    sessions: list[RequirementSession]


class RequirementsRequest(Input):
    """All activities that the qualification requires from now on.

    One that is new is taken in its one open session, or in the one of it that `session_ids` names. Of one that goes nobody is unenrolled, unless `people` is
    `expire`: then whom it alone enrolled loses access.
    """

    activity_ids: Annotated[list[Id], Meta(max_length=MOST_REQUIRED)]
    session_ids: Annotated[list[Id], Meta(max_length=MOST_REQUIRED)] = []
    people: Literal["keep", "expire"] = "keep"
    mail: bool = True


class QualificationLearner(Output):
    """Whose row it is."""

    id: int
    external_id: str | None
    email: str
    first_name: str
    last_name: str


class QualificationGroup(Output):
    """The qualification."""

    id: int
    external_id: str | None
    name: str
    color: Color | None


class QualificationRow(Output):
    """How one person stands on one qualification that they have: `done` of `required` activities are done and valid.

    `expires_on`: the first day on which one of its certificates is no longer valid.
    """

    learner: QualificationLearner
    qualification: QualificationGroup
    state: QualificationState
    required: int
    done: int
    expires_on: date | None
