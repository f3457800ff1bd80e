"""One PostgreSQL and one Redis for a whole test run, with a migrated template that databases are copied from.

They are started by the first process of the run (pytest itself, or the controller of its workers) and handed to the
others through the environment. `MUSTER_TEST_DATABASE_URL` and `MUSTER_TEST_REDIS_URL` name servers to use instead.
"""

import asyncio
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
import redis

import backend.database
from backend.embedded.postgres import ROLE, EmbeddedPostgres
from backend.embedded.redis import EmbeddedRedis

HANDED_DOWN = "MUSTER_TEST_SERVERS"
# Databases of the embedded Redis are never used twice; others commonly have 16.
EMBEDDED_REDIS_DATABASES = 4096
GIVEN_REDIS_DATABASES = 15
# Each waits for up to 5 seconds in PostgreSQL for other sessions to go.
DROP_ATTEMPTS = 5

_numbers = itertools.count(1)


class Servers(msgspec.Struct, frozen=True):
    """Where the servers are and how to make databases on them."""

    admin_url: str
    owner: str
    owner_url: str
    template: str
    redis_url: str
    embedded_redis: bool
    # How a database is copied: files as they are take a quarter of the time, where nothing has to reach the disk.
    strategy: str

    def new_database(self) -> str:
        """Copy the template; the new database's address."""
        name = f"{self.template}_{os.getpid()}_{next(_numbers)}"
        self.administer(
            f'CREATE DATABASE "{name}" OWNER "{self.owner}" TEMPLATE "{self.template}" STRATEGY {self.strategy}'
        )
        return with_database(self.owner_url, name)

    def empty_database(self) -> str:
        """A database without Muster's schema; its address."""
        name = f"{self.template}_{os.getpid()}_{next(_numbers)}"
        self.administer(f'CREATE DATABASE "{name}" OWNER "{self.owner}" TEMPLATE template0')
        return with_database(self.owner_url, name)

    def drop_database(self, url: str) -> None:
        """Drop what `new_database` made, whoever is still connected."""
        name = urlsplit(url).path[1:]
        for _ in range(DROP_ATTEMPTS):
            try:
                self.administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            except asyncpg.InsufficientPrivilegeError:
                # Autovacuum is in it, and who is no superuser may not end that by force; the plain statement does, in its own way.
                with suppress(asyncpg.ObjectInUseError):
                    self.administer(f'DROP DATABASE IF EXISTS "{name}"')
                    return
            else:
                return
        raise TimeoutError(f"Autovacuum is still in the database {name}.")

    def administer(self, sql: str) -> None:
        """Run one statement as somebody who may make databases."""

        async def run() -> None:
            connection = await asyncpg.connect(self.admin_url)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        _apart(run())

    def new_redis(self) -> str:
        """An empty Redis database; its address."""
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        number = next(_numbers) * workers + worker
        if not self.embedded_redis:
            number = 1 + number % GIVEN_REDIS_DATABASES
        parts = urlsplit(self.redis_url)
        if parts.scheme == "unix":
            url = urlunsplit(parts._replace(query=f"db={number}"))
        else:
            url = urlunsplit(parts._replace(path=f"/{number}"))
        if not self.embedded_redis:
            with redis.Redis.from_url(url) as client:
                client.flushdb()
        return url


def with_database(url: str, name: str) -> str:
    """`url` with another database name."""
    parts = urlsplit(url)
    # geturl() would drop the empty host of a unix socket's address.
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


@contextmanager
def run_servers() -> Iterator[Servers]:
    """The run's servers: handed down by an earlier process of this run, or started (or found) and prepared here."""
    handed = os.environ.get(HANDED_DOWN)
    if handed:
        yield msgspec.json.decode(handed, type=Servers)
        return
    with _given() if "MUSTER_TEST_DATABASE_URL" in os.environ else _embedded() as servers:
        servers.administer(f'CREATE DATABASE "{servers.template}" OWNER "{servers.owner}" TEMPLATE template0')
        try:
            _apart(_migrate(with_database(servers.owner_url, servers.template)))
            os.environ[HANDED_DOWN] = msgspec.json.encode(servers).decode()
            yield servers
        finally:
            os.environ.pop(HANDED_DOWN, None)
            servers.administer(f'DROP DATABASE "{servers.template}" WITH (FORCE)')


# Speed over durability, for databases that nobody misses.
UNDURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def _embedded() -> Iterator[Servers]:
    directory = Path(tempfile.mkdtemp(prefix="muster-tests-"))
    # Root's servers run as another user.
    directory.chmod(0o711)
    postgres = EmbeddedPostgres(directory, settings={**UNDURABLE, "shared_buffers": "128MB"})
    cache = EmbeddedRedis(directory, databases=EMBEDDED_REDIS_DATABASES)
    try:
        owner_url = postgres.start()
        yield Servers(
            admin_url=postgres.admin_dsn,
            owner=ROLE,
            owner_url=owner_url,
            template="muster_template",
            redis_url=cache.start(),
            embedded_redis=True,
            strategy="FILE_COPY",
        )
    finally:
        cache.stop()
        postgres.stop()
        shutil.rmtree(directory)


@contextmanager
def _given() -> Iterator[Servers]:
    url = os.environ["MUSTER_TEST_DATABASE_URL"]
    yield Servers(
        admin_url=url,
        owner=urlsplit(url).username or "postgres",
        owner_url=url,
        template=f"muster_test_{secrets.token_hex(4)}",
        redis_url=os.environ["MUSTER_TEST_REDIS_URL"],
        embedded_redis=False,
        strategy="WAL_LOG",
    )


async def _migrate(url: str) -> None:
    await backend.database.connect(url)
    try:
        await backend.database.migrate()
    finally:
        await backend.database.disconnect()


def _apart(work: Coroutine[None, None, None]) -> None:
    """Run `work` on a loop of its own, also where a test's loop is running."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()
