"""The run that a write with a key was answered with: the answer is the same when it is sent again."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "the run of an answer that is kept"

SQL = """
SET LOCAL lock_timeout = '5s';
-- Without a reference: answers are repeated as they were, for a day.
ALTER TABLE idempotency ADD COLUMN run_id bigint;
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
