"""The first schema."""

from pathlib import Path

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-23T05:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "initial schema: people, access, learning, enrolling, changes"

FILES = ("people", "access", "learning", "enrolling", "changes")


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        # On the connection itself: Piccolo would read the braces in the SQL as its own placeholders.
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        for name in FILES:
            await migrating.connection.execute(Path(__file__).with_name(f"initial_{name}.sql").read_text())

    manager.add_raw(run)
    return manager
