"""Methods that hold who is enrolled in another session: a path inside a path."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:30:00:000003"
VERSION = "1.38.0"
DESCRIPTION = "subpaths"

# Processes of the previous release make no subpaths, and leave the column empty.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method ADD COLUMN parent_session_id integer REFERENCES session ON DELETE SET NULL;
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
