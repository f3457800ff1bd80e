"""Fields, learners, what lists say of people."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Bulk, Code, Id, Input, Name, Output, Text
from backend.schemas.problem import RowMistake, render_mistakes
from backend.text import full_name

FieldType = Literal["choice", "text", "number", "date", "boolean"]
Status = Literal["pending", "invited", "active", "suspended", "deactivated"]
MemberRole = Literal["member", "coach", "admin"]

Email = Annotated[str, Meta(min_length=3, max_length=254, examples=["ana@example.org"])]
Password = Annotated[str, Meta(max_length=300)]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-11-23T14:03:00Z"])]
FieldKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$", examples=["location"])]
FieldValue = str | int | float | bool | None
FieldValues = Annotated[
    dict[str, FieldValue], Meta(max_length=500, examples=[{"location": "Paris", "level": 3}])
]
Options = Annotated[list[Name], Meta(max_length=5_000, examples=[["Paris", "Chicago"]])]


class Field(Output):
    """A custom field of learners; every learner has at most one value of it."""

    id: int
    key: str
    name: str
    type: FieldType
    options: list[str]
    version: int


class FieldInput(Input):
    """A new field. Without a key it gets one made of its name."""

    name: Name
    key: FieldKey | UnsetType = UNSET
    type: FieldType = "text"
    options: Options = []


class FieldChange(Input):
    """What to change; what is absent stays. The type is fixed once learners have values."""

    name: Name | UnsetType = UNSET
    key: FieldKey | UnsetType = UNSET
    type: FieldType | UnsetType = UNSET
    options: Options | UnsetType = UNSET


class OptionRename(Input):
    """An option of a choice field, and the name it is to have."""

    from_: Name = msgspec.field(name="from")
    to: Name


class OptionMerge(Input):
    """An option of a choice field that is to become part of another one."""

    from_: Name = msgspec.field(name="from")
    to: Name


class LearnerGroupRole(Output):
    """A group a learner is in, or waits to be in until they are approved."""

    id: int
    role: MemberRole
    name: str
    color: str | None = None
    waiting: bool = False


class Learner(Output):
    """Any account: a person. `groups` leaves out private groups that are not the asker's own."""

    id: int
    email: str
    first_name: str
    last_name: str
    language: str
    status: Status
    added_at: datetime
    external_id: str | None
    manager_id: int | None
    fields: dict[str, str | int | float | bool]
    groups: list[LearnerGroupRole]
    is_admin: bool
    version: int


class OpenEnrollments(Output):
    """How many enrollments of somebody are neither completed nor ended, in sessions the asker may see, and past their due date."""

    open: int
    overdue: int


class SessionStanding(Output):
    """Where somebody stands in the session that was asked about; None of who could be enrolled at once.

    `enrolled`, also completed; `suspended`; `excluded` from it; `elsewhere`: enrolled in another session of the activity, and
    `blocked`, so that a method of this one waits for them. The other session is named to those who see who is in it.
    """

    state: Literal["enrolled", "suspended", "excluded", "elsewhere", "blocked"]
    session_id: int | None = None
    session_name: str | None = None


class ListedLearner(Learner, kw_only=True):
    """A learner in a list; `enrollments` and `standing` where they were asked for."""

    enrollments: OpenEnrollments | None = None
    standing: SessionStanding | None = None


class GroupRole(Input):
    """A group to be in, and as what."""

    id: Id
    role: MemberRole = "member"
    name: Text | UnsetType = UNSET


class LearnerInput(Input):
    """A new learner. `password` lets them sign in at once; `invited` ones get an invitation by mail."""

    email: Email
    first_name: Text = ""
    last_name: Text = ""
    language: Code | UnsetType = UNSET
    status: Status = "active"
    added_at: Instant | UnsetType = UNSET
    external_id: Code | None = None
    manager_id: Id | None = None
    fields: FieldValues = {}
    groups: list[GroupRole] = []
    password: Password | UnsetType = UNSET
    is_admin: bool = False


class LearnerChange(Input):
    """What to change; what is absent stays, a field set to null is cleared. Groups are changed through `/groups`."""

    email: Email | UnsetType = UNSET
    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    language: Code | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    added_at: Instant | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    manager_id: Id | UnsetType | None = UNSET
    fields: FieldValues = {}
    password: Password | UnsetType = UNSET
    is_admin: bool | UnsetType = UNSET


class LearnerRow(Input):
    """One learner of a bulk request, known by `external_id`, else by e-mail.

    What is absent or null stays as it is; a field set to null is cleared; `groups` are external ids to be added to.
    """

    email: Email
    external_id: Code | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    language: Code | None = None
    status: Status | None = None
    added_at: Instant | None = None
    manager_external_id: Code | UnsetType | None = UNSET
    groups: list[Code] = []
    fields: FieldValues = {}


class LearnersBulk(Bulk):
    """Up to 10,000 learners."""

    learners: list[LearnerRow]


class BulkAnswer(Output):
    """What became of the rows; `row` counts from 0. A row with an error was left alone.

    Where only its manager could not be (`self`, `circle`), the rest of it was written, and it is counted as well.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[RowMistake] = []

    def render(self, language: str) -> "BulkAnswer":
        """The answer as somebody of this language reads it."""
        return msgspec.structs.replace(self, errors=render_mistakes(self.errors, language))


class Person(Output):
    """A learner as lists show them."""

    id: int
    email: str
    first_name: str
    last_name: str

    @property
    def full_name(self) -> str:
        """As a sentence names them."""
        return full_name(self.first_name, self.last_name, self.email)
