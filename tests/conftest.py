"""Fixtures on real servers; see docs/operating.md for how to run the tests against others."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling

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
# These go one after the other on one worker, beside everything else on the others: two browsers at once, each with an instance of
# its own, keep two cores so busy that a page takes seconds. What depends on how fast a page answers is tried a second time
# where it fails, and told as `rerun` with what failed (docs/decisions/0068-a-browser-test-is-tried-twice.md).
BROWSER = "tests/browser/"
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


class OneBrowser(LoadScopeScheduling):  # type: ignore[misc]  # xdist is without types
    """A module's tests on one worker, and so are all tests of the browser."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowser:
    """Two browsers would be in each other's way."""
    return OneBrowser(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order them, and leave coverage to those whose matter it is."""
    folders = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
    items.sort(key=lambda item: FIRST.index(folders[item]) if folders[item] in FIRST else len(FIRST))
    for item, folder in folders.items():
        if folder not in MEASURED:
            item.add_marker(pytest.mark.no_cover)
        # Not where one test is run by hand.
        if folder == "browser" and hasattr(config, "workerinput"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What failed before it passed is shown as what fails for good is."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("_", f"first attempt of {report.nodeid}")
        terminalreporter.line(report.longreprtext)


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
