"""Room for checkpoints of the index."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-26T12:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "checkpoints of the index"
# New tables only: nothing that is in use is locked.
LOCK_TIMEOUT = "5s"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await migrating.connection.execute(Path(__file__).with_name("index_checkpoint.sql").read_text())

    manager.add_raw(run)
    return manager
