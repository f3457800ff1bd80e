"""Why a message failed or waits, in the language of whoever reads it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T08:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what a message's error is made of"

# `error` is its English, as before: a release that knows nothing of this column writes that alone.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE message ADD COLUMN error_made_of jsonb;
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
