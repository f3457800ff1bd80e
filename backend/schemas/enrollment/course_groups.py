"""Classes: course groups within one session, their people and who instructs them."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Code, Id, Input, Name, Output
from backend.schemas.enrollment import MethodKind
from backend.schemas.enrollment.acts import MOST_AT_ONCE
from backend.schemas.people import Person

CourseGroupInstructors = Annotated[list[Id], Meta(max_length=100)]


class CourseGroupSync(Output):
    """A method that keeps its people in the class; of one that is sealed to the reader only that there is one."""

    method_id: int | None
    kind: MethodKind | None
    name: str | None


class CourseGroup(Output):
    """A class. `members`: how many people who count are in it, each once; `synced_by`: the methods that bring some of them."""

    id: int
    session_id: int
    name: str
    external_id: str | None
    instructor_ids: list[int]
    instructors: list[Person]
    members: int
    synced_by: list[CourseGroupSync]
    version: int


class CourseGroupInput(Input):
    """A new class of a session."""

    name: Name
    external_id: Code | None = None
    instructor_ids: CourseGroupInstructors = []


class CourseGroupChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    instructor_ids: CourseGroupInstructors | UnsetType = UNSET


class CourseGroupPeople(Input):
    """People of the session."""

    learner_ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class CourseGroupMove(CourseGroupPeople, kw_only=True):
    """From this class into another one of the session."""

    to_course_group_id: Id


class Placed(Output):
    """What was done: how many people are placed otherwise than before, and the run by which it can be undone, if there are any."""

    run_id: int | None
    done: int


class EnrollmentCourseGroup(Output):
    """A class that an enrolled person is in; `synced`: a method holds them there, so that they are not taken out by hand."""

    id: int
    name: str
    synced: bool
