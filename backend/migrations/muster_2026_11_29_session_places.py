"""How many places a session has."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T22:20:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "places of a session"

# Processes of the previous release let people enroll themselves beyond it, as they did before.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE session ADD COLUMN capacity integer CHECK (capacity > 0);
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
