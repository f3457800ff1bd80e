"""Runs count people: who enters and leaves, and apart from them who only gets or loses a source, and who has completed."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T05:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "runs count people, not sources"

SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE run ADD COLUMN gaining integer NOT NULL DEFAULT 0, ADD COLUMN losing integer NOT NULL DEFAULT 0,
    ADD COLUMN completed_stay integer NOT NULL DEFAULT 0;
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
