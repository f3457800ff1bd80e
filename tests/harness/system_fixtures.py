"""A system with everything running in the test's own process: API, sequencer, reconciler."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from backend.index import Follower
from backend.services.access.passwords import hash_password
from backend.workers.bell_listener import listen_for_bell
from backend.workers.reconciler import Reconciler
from backend.workers.sequencer import sequence_for_ever
from tests.harness.api import serving_api
from tests.harness.servers import Servers
from tests.harness.system import PASSWORD, System
from tests.harness.tls import NO_CERTIFICATES


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Hashed once: it is slow on purpose."""
    return asyncio.run(hash_password(PASSWORD))


@asynccontextmanager
async def task_group(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Tasks that live as long as the block; one that fails fails the test."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


@asynccontextmanager
async def running_system(
    database_url: str, redis_url: str, directory: Path, password_hash: str, *, reconciling: bool
) -> AsyncIterator[System]:
    """Everything, or all but the reconciler, with a platform admin signed in."""
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving_api(database_url, redis_url, directory))
        bell = asyncio.Event()
        await stack.enter_async_context(task_group(listen_for_bell(redis_url, bell), sequence_for_ever(bell)))
        follower = Follower()
        await follower.start()
        stack.push_async_callback(follower.stop)
        reconciler = Reconciler(follower)
        if reconciling:
            await stack.enter_async_context(task_group(reconciler.run()))
        made = System(address, database_url, redis_url, follower, reconciler, password_hash)
        made.admin_id = await made.person("root@example.org", is_admin=True)
        made.admin = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60, verify=NO_CERTIFICATES)
        )
        await made.sign_in(made.admin, "root@example.org")
        made.stack = stack
        yield made


Systems = Callable[..., AbstractAsyncContextManager[System]]


@pytest.fixture
def systems(database_url: str, servers: Servers, tmp_path: Path, password_hash: str) -> Systems:
    """Makes systems of this test's database."""
    return partial(running_system, database_url, servers.new_redis(), tmp_path, password_hash)


@pytest.fixture
async def system(systems: Systems) -> AsyncIterator[System]:
    """Everything in this process."""
    async with systems(reconciling=True) as made:
        yield made


@pytest.fixture
async def quiet_system(systems: Systems) -> AsyncIterator[System]:
    """A system in which nobody reconciles but the worker processes that a test starts."""
    async with systems(reconciling=False) as made:
        yield made
