"""What these tests share."""

from collections.abc import Iterator

import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of


@pytest.fixture(scope="module")
def world(muster: Muster) -> Iterator[World]:
    """People and structure in the module's running Muster."""
    with world_of(muster.database_url) as made:
        yield made


@pytest.fixture(scope="module")
def token(muster: Muster) -> str:
    """An API token of the admin."""
    return muster.token()
