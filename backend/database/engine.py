"""The one Piccolo engine; every table names it, `connect` gives it its address and pool."""

from typing import Any

from piccolo.engine.postgres import PostgresEngine

from backend.database.pool import DirectPool


class Engine(PostgresEngine):
    """Piccolo's engine without the connection it opens while being imported, before any address is known."""

    async def check_version(self) -> None:
        """The doctor checks the server's version."""

    async def start_connection_pool(self, **options: Any) -> None:
        """The pool for everything of this process, Piccolo's queries too."""
        self.pool = await DirectPool.sized(**self.config, **options)


# extensions: the embedded PostgreSQL ships none, and none is needed.
ENGINE = Engine(config={}, extensions=())
