"""Sessions whose people are enrolled directly, by routes of their own."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:30:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "legacy sessions"

# Processes of the previous release make none, and take one for a session like the others until they have ended.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE session ADD COLUMN legacy boolean NOT NULL DEFAULT false;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(SQL)

    manager.add_raw(run)
    return manager
