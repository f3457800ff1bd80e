"""Which methods give a group what a qualification requires: the link between the two."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T21:20:00:000067"
VERSION = "1.38.0"
DESCRIPTION = "qualification links"

# Processes of the previous release leave the column empty: what they link is not followed by later requirements.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method ADD COLUMN qualification_id integer REFERENCES learner_group ON DELETE SET NULL;
-- allowed: the column is new, so the index holds nothing
CREATE INDEX enrollment_method_qualification_idx ON enrollment_method (qualification_id) WHERE qualification_id IS NOT NULL;
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
