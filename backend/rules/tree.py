"""The audience rule as values: what `CONTRACT` puts on the wire, nothing more.

A rule means the union of its blocks and `include`, without `exclude`; a block means (any of its groups) AND every filter. References may
be external ids or keys until `resolve` has replaced them by ids.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.rules.limits import ID

Id = Annotated[int, Meta(ge=1, le=ID)]
# An id, or the external id (of groups, activities, certificates) or key (of fields) that stands for it.
Reference = Annotated[int, Meta(ge=1, le=ID)] | Annotated[str, Meta(min_length=1, max_length=1_000)]
Value = str | int | float | bool
Match = Literal["any", "all"]
Membership = Literal["in", "not_in"]
FieldOperator = Literal[
    "in", "not_in", "is_set", "is_empty", "lt", "lte", "gt", "gte", "between", "contains", "starts_with"
]
PathStatus = Literal[
    "completed",
    "not_completed",
    "successful",
    "not_successful",
    "started",
    "not_started",
    "enrolled",
    "not_enrolled",
]
CertificateStatus = Literal["not_obtained", "valid", "expired", "expiring"]
AddedOperator = Literal["before", "after", "between", "last_days"]

EXPIRING_DAYS_DEFAULT = 30


class FieldFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="field"):
    """The person's value of a custom field."""

    field: Reference
    op: FieldOperator
    values: list[Value] = []


class GroupFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="group"):
    """Membership of any of the groups, besides those of the block."""

    groups: list[Reference]
    op: Membership = "in"
    subgroups: bool = True


class PathResultFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="path_result"):
    """Where the person stands on paths, programs or courses: `status` is asked of each, `match` says of how many it must hold."""

    status: PathStatus
    paths: list[Reference]
    match: Match = "any"


class CertificateFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="certificate"):
    """State of the latest award of each certificate on a calendar day; `days` belongs to `expiring` alone."""

    status: CertificateStatus
    certificates: list[Reference]
    days: int | None = None
    match: Match = "any"


class LanguageFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="language"):
    """The person's language."""

    values: list[str]
    op: Membership = "in"


class AddedFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="added"):
    """The day the person was added: dates `YYYY-MM-DD`, or a number of days for `last_days`."""

    op: AddedOperator
    values: list[str | int]


class ManagerFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="manager"):
    """Who manages the person, directly or at any height."""

    managers: list[Id]
    op: Membership = "in"
    indirect: bool = False


class SegmentFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="segment"):
    """Whether a named audience holds the person."""

    segments: list[Id]
    op: Membership = "in"


class AllFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="all"):
    """Every one of the filters holds."""

    of: list["Filter"]


class AnyFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="any"):
    """At least one of the filters holds."""

    of: list["Filter"]


class NoneFilter(Struct, frozen=True, forbid_unknown_fields=True, tag="none"):
    """None of the filters holds."""

    of: list["Filter"]


Leaf = (
    FieldFilter
    | GroupFilter
    | PathResultFilter
    | CertificateFilter
    | LanguageFilter
    | AddedFilter
    | ManagerFilter
    | SegmentFilter
)
Nested = AllFilter | AnyFilter | NoneFilter
Filter = (
    FieldFilter
    | GroupFilter
    | PathResultFilter
    | CertificateFilter
    | LanguageFilter
    | AddedFilter
    | ManagerFilter
    | SegmentFilter
    | AllFilter
    | AnyFilter
    | NoneFilter
)


class Block(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """People of any of the groups (or `everyone`) for whom every filter holds."""

    groups: list[Reference] = []
    subgroups: bool = True
    filters: list[Filter] = []
    everyone: bool = False


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An audience: blocks, people picked by hand, people left out.

    An audience without anybody says so (`nobody`): a rule that lost its parts on the way here would end everybody's access.
    """

    blocks: list[Block] = []
    include: list[Id] = []
    exclude: list[Id] = []
    nobody: bool = False
