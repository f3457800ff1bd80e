"""What consequences are asked of."""

from collections.abc import AsyncIterator

import pytest

from backend.services.enrollment.reconciler.followed_work import FollowedWork
from tests.harness.system import System


@pytest.fixture
async def followed(system: System) -> AsyncIterator[FollowedWork]:
    work = FollowedWork(system.follower)
    await work.ready()
    yield work
    await work.stop()
