"""The facet index: who, answered from bitmaps in memory that follow the change log."""

from backend.index.changes import Batch, Change
from backend.index.counting import SessionCounts
from backend.index.errors import BrokenRule, IndexBehind, TooLong
from backend.index.explaining import BlockNode, Explanation, NextChange, Node, RuleNode
from backend.index.facet_index import FacetIndex
from backend.index.following import Follower
from backend.index.forecasting import DayTotal
from backend.index.funnel import BlockPreview, FilterPreview
from backend.index.guarding import check_index, guard
from backend.index.loading import load_index
from backend.index.predicates import PredicateIndex
from backend.index.previewing import Preview
from backend.index.selecting import Tab

__all__ = [
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
    "NextChange",
    "Node",
    "PredicateIndex",
    "Preview",
    "RuleNode",
    "SessionCounts",
    "Tab",
    "TooLong",
    "check_index",
    "guard",
    "load_index",
]
