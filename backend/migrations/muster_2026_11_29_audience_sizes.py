"""Sizes of audiences from day to day, and their jumps: see audience_sizes.sql."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T21:30:00:000062"
VERSION = "1.38.0"
DESCRIPTION = "sizes of audiences from day to day"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(Path(__file__).with_name("audience_sizes.sql").read_text())

    manager.add_raw(run)
    return manager
