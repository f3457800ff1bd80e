"""The ground the other tests stand on."""

import backend.database
from tests.harness.servers import Servers


async def test_a_database_is_migrated(database: str) -> None:
    assert await backend.database.pending_migrations() == []


async def test_databases_do_not_share_rows(database: str, servers: Servers) -> None:
    await backend.database.execute("CREATE TABLE only_here ()")
    other = servers.new_database()
    await backend.database.disconnect()
    await backend.database.connect(other)
    assert await backend.database.fetch_value("SELECT to_regclass('only_here')") is None
    servers.drop_database(other)
