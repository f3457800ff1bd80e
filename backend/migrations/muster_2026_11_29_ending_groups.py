"""Groups that end: until when, what becomes of rules that use them, and whether it has come to that."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:10:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "groups that end"

SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE learner_group
    ADD COLUMN ends_at timestamptz,
    ADD COLUMN after_end text NOT NULL DEFAULT 'freeze' CHECK (after_end IN ('freeze', 'keep')),
    ADD COLUMN ended boolean NOT NULL DEFAULT false;
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
