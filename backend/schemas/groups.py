"""Groups, who is in them, and what leaving them does."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Bulk, Code, Id, Input, LongText, Name, Output
from backend.schemas.enrollment.erasure import ErasedResult, EraseFigures
from backend.schemas.people import Instant, Learner, MemberRole

GroupKind = Literal["group", "company", "department", "team", "function", "qualification"]


Unlink = Literal["group_only", "expire", "erase"]


# What becomes of rules that use a group once it has ended.
AfterEnd = Literal["freeze", "keep"]
Color = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$", examples=["#2f6fed"])]


# One request moves or adds at most this many people: written in one transaction in about a second.
People = Annotated[list[Id], Meta(max_length=10_000, examples=[[12, 15]])]


class Member(Learner):
    """A learner as a member of the group asked about."""

    role: MemberRole
    since: datetime


class Group(Output):
    """A group; a private one shows outsiders only that it exists and how many are in it.

    Both counts are of people in whatever status; `total_count` includes subgroups, each person once. Once `ends_at` has passed the group is
    `ended`: lists leave it out, and rules that name it freeze, unless `after_end` is `keep`.
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
    ends_at: datetime | None
    after_end: AfterEnd
    ended: bool
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
    ends_at: Instant | None = None
    after_end: AfterEnd = "freeze"


class GroupChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    kind: GroupKind | UnsetType = UNSET
    parent_id: Id | UnsetType | None = UNSET
    description: LongText | UnsetType | None = UNSET
    color: Color | UnsetType | None = UNSET
    private: bool | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    after_end: AfterEnd | UnsetType = UNSET


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
