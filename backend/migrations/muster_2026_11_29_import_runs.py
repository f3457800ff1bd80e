"""The run of an import that was applied as it was shown: what its rows write is that act's doing."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:00:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "the run of an import"

SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE import_job ADD COLUMN run_id bigint REFERENCES run ON DELETE SET NULL;
-- allowed: imports are few, and none has a run yet
CREATE INDEX import_job_run_idx ON import_job (run_id) WHERE run_id IS NOT NULL;
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
