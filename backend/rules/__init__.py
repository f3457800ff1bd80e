"""The audience rule, pure: its tree, checks, dependencies, and the sentence that says it."""

from backend.rules.decoding import check_body, convert, decode
from backend.rules.dependencies import (
    Dependency,
    Facet,
    canonical,
    canonical_steps,
    depends_on,
    facets_of,
    is_time_dependent,
    segments_of,
    uses_everyone,
)
from backend.rules.describing import Part, describe, describe_filter, describe_parts, describe_parts_steps
from backend.rules.names import Names
from backend.rules.problems import InvalidRule, Problem
from backend.rules.resolving import nobody_unsaid, resolve, resolve_steps
from backend.rules.tree import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
)

__all__ = [
    "AddedFilter",
    "AllFilter",
    "AnyFilter",
    "Block",
    "CertificateFilter",
    "Dependency",
    "Facet",
    "FieldFilter",
    "Filter",
    "GroupFilter",
    "InvalidRule",
    "LanguageFilter",
    "ManagerFilter",
    "Names",
    "NoneFilter",
    "Part",
    "PathResultFilter",
    "Problem",
    "Rule",
    "SegmentFilter",
    "canonical",
    "canonical_steps",
    "check_body",
    "convert",
    "decode",
    "depends_on",
    "describe",
    "describe_filter",
    "describe_parts",
    "describe_parts_steps",
    "facets_of",
    "is_time_dependent",
    "nobody_unsaid",
    "resolve",
    "resolve_steps",
    "segments_of",
    "uses_everyone",
]
