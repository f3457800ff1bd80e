"""The index as it would be if people had left one group, and joined another: nothing of the real one is touched."""

import copy

from pyroaring import BitMap

from backend.index.cache import Cache
from backend.index.facet_index import FacetIndex


def supposing_members(
    index: FacetIndex, learners: BitMap, *, left: int | None = None, joined: int | None = None
) -> FacetIndex:
    """A view at the position of the index, whose `still` the caller holds as long as it is used."""
    supposed = copy.copy(index)
    supposed.facts = copy.copy(index.facts)
    groups = dict(index.facts.groups)
    if left is not None:
        groups[left] = index.facts.members(left) - learners
    if joined is not None:
        groups[joined] = index.facts.members(joined) | learners
    supposed.facts.groups = groups
    # What the real one remembers does not hold here.
    supposed.cache = Cache()
    return supposed
