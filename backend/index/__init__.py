"""The facet index: who, answered from bitmaps in memory that follow the change log."""

from backend.index.errors import BrokenRule, IndexBehind, TooLong
from backend.index.evaluating.forecast import DayTotal
from backend.index.evaluating.funnel import BlockPreview, FilterPreview
from backend.index.evaluating.predicates import PredicateIndex
from backend.index.evaluating.preview import Preview
from backend.index.evaluating.selection import Tab
from backend.index.evaluating.session_counts import SessionCounts
from backend.index.explaining.explainer import BlockNode, Explanation, NextChange, Node, RuleNode
from backend.index.facet_index import COURSE_GROUP, LISTED, NEEDS_YOU, WAITING_PLACE, FacetIndex
from backend.index.facts.changes import Batch, Change
from backend.index.filters.base import ListedPerson
from backend.index.following.follower import Follower
from backend.index.following.load_tables import load_index
from backend.index.following.periodic_check import check_index, check_periodically

__all__ = [
    "COURSE_GROUP",
    "LISTED",
    "NEEDS_YOU",
    "WAITING_PLACE",
    "Batch",
    "BlockNode",
    "BlockPreview",
    "BrokenRule",
    "Change",
    "DayTotal",
    "Explanation",
    "FacetIndex",
    "FilterPreview",
    "Follower",
    "IndexBehind",
    "ListedPerson",
    "NextChange",
    "Node",
    "PredicateIndex",
    "Preview",
    "RuleNode",
    "SessionCounts",
    "Tab",
    "TooLong",
    "check_index",
    "check_periodically",
    "load_index",
]
