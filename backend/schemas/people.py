"""Fields, learners, groups, memberships."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backend.schemas.commons import Bulk, Code, Id, Input, LongText, Name, Output, Text
from backend.schemas.erasing import ErasedResult, EraseFigures
from backend.schemas.problem import RowMistake

FieldType = Literal["choice", "text", "number", "date", "boolean"]
Status = Literal["pending", "invited", "active", "suspended", "deactivated"]
MemberRole = Literal["member", "coach", "admin"]
GroupKind = Literal["group", "company", "department", "team", "function", "qualification"]
Unlink = Literal["group_only", "expire", "erase"]

Email = Annotated[str, Meta(min_length=3, max_length=254, examples=["ana@example.org"])]
Password = Annotated[str, Meta(max_length=300)]
Instant = Annotated[datetime, Meta(tz=True, examples=["2026-11-23T14:03:00Z"])]
FieldKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$", examples=["location"])]
FieldValue = str | int | float | bool | None
FieldValues = Annotated[
    dict[str, FieldValue], Meta(max_length=500, examples=[{"location": "Paris", "level": 3}])
]
Options = Annotated[list[Name], Meta(max_length=5_000, examples=[["Paris", "Chicago"]])]
Color = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$", examples=["#2f6fed"])]
# One request moves or adds at most this many people: written in one transaction in about a second.
People = Annotated[list[Id], Meta(max_length=10_000, examples=[[12, 15]])]


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


class LearnerGroupRole(Output):
    """A group a learner is in, or waits to be in until they are approved."""

    id: int
    role: MemberRole
    name: str
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


class ListedLearner(Learner, kw_only=True):
    """A learner in a list; `enrollments` where they were asked for."""

    enrollments: OpenEnrollments | None = None


class Member(Learner):
    """A learner as a member of the group asked about."""

    role: MemberRole
    since: datetime


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


class Group(Output):
    """A group; a private one shows outsiders only that it exists and how many are in it.

    Both counts are of people in whatever status; `total_count` includes subgroups, each person once.
    """

    id: int
    name: str
    kind: GroupKind
    parent_id: int | None
    description: str
    color: str | None
    private: bool
    external_id: str | None
    member_count: int
    total_count: int
    version: int


class GroupInput(Input):
    """A new group."""

    name: Name
    kind: GroupKind = "group"
    parent_id: Id | None = None
    description: LongText | None = None
    color: Color | None = None
    private: bool = False
    external_id: Code | None = None


class GroupChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    kind: GroupKind | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET
    description: LongText | UnsetType | None = UNSET
    color: Color | UnsetType | None = UNSET
    private: bool | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET


class GroupRow(Input):
    """One group of a bulk request, known by `external_id`; its parent may be in the same request, in any order.

    What is absent stays as it is; a `parent_external_id` of null makes it a top group.
    """

    external_id: Code
    name: Name | None = None
    kind: GroupKind | None = None
    parent_external_id: Code | UnsetType | None = UNSET
    private: bool | None = None
    description: LongText | None = None
    color: Color | None = None


class GroupsBulk(Bulk):
    """Up to 10,000 groups."""

    groups: list[GroupRow]


class MembersInput(Input):
    """People to add to a group, by id or external id. Without a role, members stay what they are.

    Whoever is not approved cannot be in a group: `approve` approves them in the same act.
    """

    learner_ids: People = []
    external_ids: Annotated[list[Code], Meta(max_length=10_000)] = []
    role: MemberRole | None = None
    approve: bool = False


class MembersAdded(Output):
    """What became of them."""

    added: int
    updated: int
    unchanged: int
    approved: int = 0


class Unlinking(Input):
    """What becomes of what the group enrolled them in.

    `group_only` keeps every enrollment; `expire` ends what the group's methods gave; `erase` takes their results too, completed
    ones as well, and with `certificates` those: `confirm` names how many go. With `dry_run` nothing is written.
    """

    unlink: Unlink = "group_only"
    certificates: bool = False
    confirm: EraseFigures | None = None
    dry_run: bool = False


class UnlinkedSession(Output):
    """What it did in one session: whose enrollment ended, who was kept, whom other methods hold. Null: not for you to know."""

    session_id: int | None
    session_name: str | None
    activity_title: str | None
    ended: int = 0
    kept: int = 0
    held: int = 0


class Unlinked(Output):
    """What it did to enrollments; `staying` are results that another session counts."""

    sessions: list[UnlinkedSession] = []
    erased: EraseFigures | None = None
    staying: list[ErasedResult] = []
    run_ids: list[int] = []


class MembersRemoval(Unlinking, kw_only=True):
    """People to take out of a group: only that, or also out of its sessions (progress kept or erased)."""

    learner_ids: People


class MembersRemoved(Unlinked, kw_only=True):
    """How many were in it."""

    removed: int


class MembersMove(Unlinking, kw_only=True):
    """People to move to another group; `unlink` is about the one they leave."""

    learner_ids: People
    to_group_id: Id


class MembersMoved(Unlinked, kw_only=True):
    """How many were moved."""

    moved: int


class Person(Output):
    """A learner as lists show them."""

    id: int
    email: str
    first_name: str
    last_name: str
