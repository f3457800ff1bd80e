"""How many people may lose access, or be enrolled, unasked whatever their share: per session, and for the organisation."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T05:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "absolute bounds of the fuses"

# Null in a session: what the organisation says.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE session ADD COLUMN fuse_most integer, ADD COLUMN fuse_entering integer;
ALTER TABLE organisation ADD COLUMN fuse_most integer NOT NULL DEFAULT 1000,
    ADD COLUMN fuse_entering integer NOT NULL DEFAULT 1000;
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
