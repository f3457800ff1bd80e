"""Fixtures on real servers; see docs/operating.md for how to run the tests against others."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

import backend.database
from tests.harness.browser import chromium
from tests.harness.instance import Muster, clean_environment, running_muster
from tests.harness.mail import SmtpSink, smtp_server
from tests.harness.moved_clock import move_clock
from tests.harness.servers import Servers, run_servers

pytest_plugins = ("tests.harness.api_fixtures", "tests.harness.system_fixtures")

_run = pytest.StashKey[ExitStack]()
# Modules that take longest go first, or one worker has them left when the other has nothing.
FIRST = ("faults", "browser", "runtime", "operating", "demo", "benchmarks")
# Coverage is that of what these tests run in their own process: tracing also the instances that others start would double
# the time of everything.
MEASURED = (
    "audiences",
    "consequences",
    "enrollment",
    "groups",
    "index",
    "learning",
    "live",
    "rules",
    "tables",
)


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before xdist starts its workers, so that they share them."""
    move_clock()
    config.stash[_run] = ExitStack()
    if config.getoption("numprocesses", default=None) and not hasattr(config, "workerinput"):
        config.stash[_run].enter_context(run_servers())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order them, and leave coverage to those whose matter it is."""
    folders = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
    items.sort(key=lambda item: FIRST.index(folders[item]) if folders[item] in FIRST else len(FIRST))
    for item, folder in folders.items():
        if folder not in MEASURED:
            item.add_marker(pytest.mark.no_cover)


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


@pytest.fixture(scope="module")
def smtp_sink() -> Iterator[SmtpSink]:
    """A real SMTP server; the module's `muster` sends its mail there."""
    with smtp_server() as sink:
        yield sink


@pytest.fixture(scope="module")
def start_muster(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Muster]]:
    """Start a running Muster on a database of its own: `start_muster("--api", "2", MUSTER_CLOCK="+P40D")`.

    It has one admin (`muster.sign_in()`), and ends with the module.
    """
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> Muster:
            database = servers.new_database()
            stack.callback(servers.drop_database, database)
            addresses = {"MUSTER_DATABASE_URL": database, "MUSTER_REDIS_URL": servers.new_redis()}
            environment = clean_environment(**(addresses | settings))
            directory = tmp_path_factory.mktemp("muster")
            muster = stack.enter_context(running_muster(directory, environment, *arguments))
            muster.create_admin()
            return muster

        yield start


@pytest.fixture(scope="module")
def muster(start_muster: Callable[..., Muster], smtp_sink: SmtpSink) -> Muster:
    """One running Muster for the module's tests, its mail going to `smtp_sink`: make what you need, share the rest."""
    return start_muster(MUSTER_SMTP_URL=smtp_sink.url)


@pytest.fixture(scope="module")
def http(muster: Muster) -> httpx.Client:
    """A client of `muster` at `/api/v1`, signed in as its admin."""
    return muster.sign_in()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the module's tests, which must not be async: Playwright's loop runs meanwhile."""
    with chromium() as found:
        yield found
