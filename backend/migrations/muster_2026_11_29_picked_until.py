"""Until which day people are enrolled who were picked by name."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T22:30:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "picked until a day"

SQL = """
SET LOCAL lock_timeout = '5s';
CREATE TABLE picked_until (
    method_id integer NOT NULL REFERENCES enrollment_method ON DELETE CASCADE,
    learner_id integer NOT NULL REFERENCES learner ON DELETE CASCADE,
    until date NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (method_id, learner_id)
);
CREATE INDEX picked_until_day_idx ON picked_until (until);
CREATE INDEX picked_until_learner_idx ON picked_until (learner_id);
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
