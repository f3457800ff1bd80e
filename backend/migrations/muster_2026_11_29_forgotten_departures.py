"""What an undo brings back of who had left a method: see forgotten_departures.sql."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T21:20:00:000066"
VERSION = "1.38.0"
DESCRIPTION = "forgotten departures"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(Path(__file__).with_name("forgotten_departures.sql").read_text())

    manager.add_raw(run)
    return manager
