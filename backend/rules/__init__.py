"""The audience rule, pure: its tree, checks, dependencies, and the sentence that says it."""

from backend.rules.dependencies import (
    canonical,
    canonical_steps,
    depends_on,
    enrollments_asked,
    is_time_dependent,
    named_by,
    segments_of,
)
from backend.rules.differences import Difference, differences_steps
from backend.rules.facets import Dependency, Facet
from backend.rules.filters.added import AddedFilter
from backend.rules.filters.base import Filter
from backend.rules.filters.certificate import CertificateFilter
from backend.rules.filters.field import FieldFilter
from backend.rules.filters.group import GroupFilter
from backend.rules.filters.language import LanguageFilter
from backend.rules.filters.manager import ManagerFilter
from backend.rules.filters.nested import AllFilter, AnyFilter, AtLeastFilter, Combination, Nested, NoneFilter
from backend.rules.filters.path_result import PathResultFilter
from backend.rules.filters.person import PersonFilter
from backend.rules.filters.segment import SegmentFilter
from backend.rules.names import Names
from backend.rules.problems import InvalidRule, Problem
from backend.rules.rule_json import check_body, convert
from backend.rules.sentence_parts import Part
from backend.rules.sentences import describe, describe_parts, describe_parts_steps
from backend.rules.tree import Block, Rule, leaves, leaves_of
from backend.rules.validation import nobody_unsaid, resolve, resolve_steps

__all__ = [
    "AddedFilter",
    "AllFilter",
    "AnyFilter",
    "AtLeastFilter",
    "Block",
    "CertificateFilter",
    "Combination",
    "Dependency",
    "Difference",
    "Facet",
    "FieldFilter",
    "Filter",
    "GroupFilter",
    "InvalidRule",
    "LanguageFilter",
    "ManagerFilter",
    "Names",
    "Nested",
    "NoneFilter",
    "Part",
    "PathResultFilter",
    "PersonFilter",
    "Problem",
    "Rule",
    "SegmentFilter",
    "canonical",
    "canonical_steps",
    "check_body",
    "convert",
    "depends_on",
    "describe",
    "describe_parts",
    "describe_parts_steps",
    "differences_steps",
    "enrollments_asked",
    "is_time_dependent",
    "leaves",
    "leaves_of",
    "named_by",
    "nobody_unsaid",
    "resolve",
    "resolve_steps",
    "segments_of",
]
