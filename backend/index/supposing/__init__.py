"""The index as it would be if some facts were others: nothing of the real one is touched, and only what changes is copied."""

from backend.index.supposing.supposed_audiences import SupposedAudiences
from backend.index.supposing.supposed_index import SupposedIndex
from backend.index.supposing.supposed_predicates import SupposedPredicates

__all__ = ["SupposedAudiences", "SupposedIndex", "SupposedPredicates"]
