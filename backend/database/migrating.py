"""Migrations: Piccolo's, one process at a time (Piccolo itself takes no lock)."""

import contextlib
import io
import os

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from backend.database.connection import fetch_value, open_connection
from backend.database.schema_swap import hold_schema

APP = "muster"


async def migrate() -> str:
    """Bring the schema up to date; returns what Piccolo said. Raises `RuntimeError` when a migration fails."""
    os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")
    holder = await open_connection()
    said = io.StringIO()
    try:
        await hold_schema(holder)
        with contextlib.redirect_stdout(said):
            await Migration.create_table(if_not_exists=True)
            result = await ForwardsMigrationManager(app_name=APP).run()
    finally:
        await holder.close()
    if not result.success:
        raise RuntimeError(f"a migration failed: {result.message}")
    return said.getvalue()


async def pending_migrations() -> list[str]:
    """Ids of the migrations that have not run."""
    os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")
    manager = ForwardsMigrationManager(app_name=APP)
    config = manager.get_app_config(app_name=APP)
    known = manager.get_migration_ids(manager.get_migration_modules(config.resolved_migrations_folder_path))
    if not await fetch_value("SELECT 1 FROM pg_tables WHERE tablename = 'migration'"):
        return sorted(known)
    ran = await Migration.get_migrations_which_ran(app_name=APP)
    return sorted(set(known) - set(ran))
