"""How dynamic methods follow their audience, and who left one of them: see follow_modes.sql."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T20:40:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "follow modes of methods"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(Path(__file__).with_name("follow_modes.sql").read_text())

    manager.add_raw(run)
    return manager
