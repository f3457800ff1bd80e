"""The log names the run of each change: see run_of_changes.sql."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T08:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the run of each change"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(Path(__file__).with_name("run_of_changes.sql").read_text())

    manager.add_raw(run)
    return manager
