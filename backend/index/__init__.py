"""The facet index: who, answered from bitmaps in memory that follow the change log."""

from backend.index.changes import Batch, Change
from backend.index.counting import SessionCounts
from backend.index.errors import BrokenRule, IndexBehind
from backend.index.facet_index import FacetIndex, Preview
from backend.index.following import Follower
from backend.index.funnel import BlockPreview, FilterPreview
from backend.index.loading import load_index
from backend.index.predicates import PredicateIndex

__all__ = [
    "Batch",
    "BlockPreview",
    "BrokenRule",
    "Change",
    "FacetIndex",
    "FilterPreview",
    "Follower",
    "IndexBehind",
    "PredicateIndex",
    "Preview",
    "SessionCounts",
    "load_index",
]
