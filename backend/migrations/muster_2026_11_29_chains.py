"""What of the activity before a chain asks for, and when it lets people in."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "chains of activities"

# Processes of the previous release make no chains, and leave the columns empty.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method
    ADD COLUMN after_status text CHECK (after_status IN ('completed', 'successful'));
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
