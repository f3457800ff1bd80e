"""Rows of imports know their line in the file, their turn, and what is done to whom."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T07:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "lines, turns and actions of imported rows"

SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE import_row
    ADD COLUMN line integer,
    ADD COLUMN turn integer,
    ADD COLUMN action text,
    ADD COLUMN changes jsonb;
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
