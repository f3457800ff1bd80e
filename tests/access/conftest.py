"""What tests of rights start from."""

from collections.abc import AsyncIterator

import pytest

from tests.access.company import Company, company_in
from tests.harness.system_fixtures import Systems


@pytest.fixture
async def company(systems: Systems) -> AsyncIterator[Company]:
    """Nobody reconciles: nothing changes but by what the tests ask."""
    async with systems(reconciling=False) as system:
        yield await company_in(system)
