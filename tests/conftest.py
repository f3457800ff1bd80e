"""Fixtures on real servers; see docs/operating.md for how to run the tests against others."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

import backend.database
from tests.harness.servers import Servers, run_servers

_run = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before xdist starts its workers, so that they share them."""
    config.stash[_run] = ExitStack()
    if config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput"):
        config.stash[_run].enter_context(run_servers())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them after the last worker."""
    config.stash[_run].close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis of this run."""
    with run_servers() as found:
        yield found


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """The address of a migrated, empty database of this test's own."""
    url = servers.new_database()
    yield url
    servers.drop_database(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The process's pool (`backend.database`) on a migrated, empty database of this test's own; its address."""
    await backend.database.connect(database_url)
    try:
        yield database_url
    finally:
        await backend.database.disconnect()
