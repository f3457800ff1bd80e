"""An organisation of a few people for the field reports that ask over HTTP."""

from collections.abc import Iterator

import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of


@pytest.fixture
def world(muster: Muster) -> Iterator[World]:
    with world_of(muster.database_url) as made:
        yield made
