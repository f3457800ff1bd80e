"""A real server for each test, and clients who are signed in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from backend.database import fetch_value
from backend.workers.sequencer import sequence_for_ever
from tests.harness.api import serving_api
from tests.harness.servers import Servers
from tests.harness.system import PASSWORD
from tests.harness.tls import NO_CERTIFICATES

SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]
AddPerson = Callable[..., Awaitable[int]]


@pytest.fixture
async def address(database_url: str, servers: Servers, tmp_path: Path) -> AsyncIterator[str]:
    """Where the API of this test listens; it runs in the test's own process, on its pool."""
    async with serving_api(database_url, servers.new_redis(), tmp_path) as address:
        yield address


@pytest.fixture
async def sequencer(address: str) -> AsyncIterator[None]:
    """Numbers changes, so that the server's index follows them: the numbers of groups are the index's."""
    task = asyncio.create_task(sequence_for_ever(asyncio.Event()))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def add_person(address: str, password_hash: str) -> AddPerson:
    """Adds somebody who can sign in with `PASSWORD`; returns the id."""

    async def add(email: str, *, is_admin: bool = False, status: str = "active", **more: object) -> int:
        row = {
            "email": email,
            "is_admin": is_admin,
            "status": status,
            "password_hash": password_hash,
            **more,
        }
        marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
        found: int = await fetch_value(
            f"INSERT INTO learner (added_at, {', '.join(row)}) VALUES (muster_now(), {marks}) RETURNING id",
            *row.values(),
        )
        return found

    return add


@pytest.fixture
async def sign_in(address: str) -> AsyncIterator[SignIn]:
    """Signs somebody in; the client carries their cookie."""
    async with AsyncExitStack() as stack:

        async def signed_in(email: str) -> httpx.AsyncClient:
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60, verify=NO_CERTIFICATES)
            )
            answer = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            return client

        yield signed_in


@pytest.fixture
async def anonymous(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not signed in."""
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
async def admin(add_person: AddPerson, sign_in: SignIn) -> httpx.AsyncClient:
    """A platform admin's client."""
    await add_person("root@example.org", is_admin=True)
    return await sign_in("root@example.org")
