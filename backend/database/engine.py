"""The one Piccolo engine; every table names it, `connect` gives it its address and pool."""

from piccolo.engine.postgres import PostgresEngine


class Engine(PostgresEngine):
    """Piccolo's engine without the connection it opens while being imported, before any address is known."""

    async def check_version(self) -> None:
        """The doctor checks the server's version."""


# extensions: the embedded PostgreSQL ships none, and none is needed.
ENGINE = Engine(config={}, extensions=())
