"""`muster migrate`."""

from backend import database
from backend.commands.context import DataDir, apply_timezone, run_command
from backend.embedded import Servers
from backend.settings import Settings


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database schema up to date."""
    run_command(data_dir, _migrate, migrated=False)


async def _migrate(settings: Settings, _: Servers) -> None:
    pending = await database.pending_migrations()
    await database.migrate()
    await apply_timezone(settings)
    print(f"{len(pending)} migrations ran" if pending else "the schema is up to date")
