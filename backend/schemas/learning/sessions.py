"""Sessions of activities on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment.method_kinds.kind import KindName
from backend.rules import Rule
from backend.schemas.base import Code, Id, Input, Name, Output
from backend.schemas.enrollment import MethodState
from backend.schemas.enrollment.methods import Capacity
from backend.schemas.people import Instant

Catalog = Literal["hidden", "group", "everyone", "audience"]
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]


class Fuse(Output):
    """A dynamic removal of more people than `count` and `percent`, or than `most`, is held for a person to approve.

    So is a dynamic change that enrolls more people than `entering` within an hour, if they more than double the session.
    """

    count: int
    percent: float
    most: int
    entering: int


class FuseInput(Input):
    """When a dynamic change waits for a person; of `most` and `entering`, null stands for what the organisation says."""

    count: Count = 50
    percent: Percent = 10
    most: Count | None = None
    entering: Count | None = None


# `class`: see who is in the classes of it that one instructs, and look after them; of those who may not `view` it.
SessionMay = Literal["view", "enroll", "manage", "class"]


class CatalogAudience(Output):
    """To whom a session with the catalog `audience` is offered: a sentence, and how many people that are now.

    `frozen` with a reason where the rule cannot be evaluated: whoever saw the session goes on seeing it, and nobody else does.
    A `sealed` one has a part outside the reader's rights: its rule and sentence are null.
    """

    sentence: str | None
    people: int
    state: MethodState
    state_reason: str
    sealed: bool
    editable: bool


class Session(Output):
    """An instance of an activity that people are enrolled in."""

    id: int
    activity_id: int
    activity_title: str
    name: str
    external_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    group_id: int | None
    instructor_ids: list[int]
    catalog: Catalog
    # How many are enrolled at most, as far as people enroll themselves; others' plans warn beyond it.
    capacity: int | None
    fuse: Fuse
    # Made by the legacy route: people are enrolled directly, without methods.
    legacy: bool
    version: int
    # What the asker may do there; told of one session, never in lists.
    may: list[SessionMay] = []
    # The kinds of methods that the asker may add to it; likewise.
    method_kinds: list[KindName] = []
    # The rule of the catalog `audience`, and what is told of it; likewise, to whoever enrolls there.
    catalog_rule: Rule | None = None
    catalog_audience: CatalogAudience | None = None
    # How many wait for a place in it; likewise.
    queue: int = 0


Instructors = Annotated[list[Id], Meta(max_length=1_000)]


class SessionInput(Input):
    """A new session."""

    activity_id: Id
    name: Name
    external_id: Code | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    group_id: Id | None = None
    instructor_ids: Instructors = []
    catalog: Catalog = "hidden"
    catalog_rule: Rule | None = None
    capacity: Capacity | None = None
    fuse: FuseInput | None = None


class PathSessionInput(Input):
    """A session of a path whose people are enrolled directly."""

    path_id: Id
    name: Name
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    group_id: Id | None = None


class PathSessionMade(Output):
    """The session, as `/sessions` has it."""

    id: int


class SessionChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    external_id: Code | UnsetType | None = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    ends_at: Instant | UnsetType | None = UNSET
    group_id: Id | UnsetType | None = UNSET
    instructor_ids: Instructors | UnsetType = UNSET
    catalog: Catalog | UnsetType = UNSET
    catalog_rule: Rule | UnsetType | None = UNSET
    capacity: Capacity | UnsetType | None = UNSET
    fuse: FuseInput | UnsetType | None = UNSET
