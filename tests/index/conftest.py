"""A world with segments that are broken, each in its own way."""

import pytest

from backend.index import FacetIndex
from tests import naive


@pytest.fixture(scope="module")
def index() -> FacetIndex:
    world = naive.make_world(1)
    world.put("segment", 11, {"name": "gone inside", "rule": {"blocks": [{"groups": [99]}]}})
    world.put("segment", 12, {"name": "not a rule", "rule": {"blox": 3}})
    for one, other in ((13, 14), (14, 13)):
        world.put(
            "segment",
            one,
            {
                "name": f"circle {one}",
                "rule": {"blocks": [{"groups": [1], "filters": [{"type": "segment", "segments": [other]}]}]},
            },
        )
    return world.index()
