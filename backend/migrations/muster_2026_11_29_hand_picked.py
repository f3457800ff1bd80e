"""A session has one hand-picked method: the oldest that takes people by name and has no list of its own. See docs/decisions/0033."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T01:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "one hand-picked method a session"

# Processes of the previous release go on making methods of their own; these stay ordinary ones.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method ADD COLUMN hand_picked boolean NOT NULL DEFAULT false;
-- allowed: methods are some thousands, and the index holds none of them yet
CREATE UNIQUE INDEX enrollment_method_hand_picked ON enrollment_method (session_id) WHERE hand_picked AND deleted_at IS NULL;
"""
# The names that Muster gave told of one way in; now people come all ways.
BACKFILL = """
SET LOCAL lock_timeout = '5s';
-- allowed: at most one method a session, each written once
UPDATE enrollment_method SET hand_picked = true, version = version + 1,
    name = CASE WHEN name IN ('E-mail', 'Import', 'Registrations') THEN '' ELSE name END
WHERE id IN (
    SELECT DISTINCT ON (session_id) id FROM enrollment_method
    WHERE kind = 'manual' AND rule IS NULL AND active AND state = 'live' AND deleted_at IS NULL
    ORDER BY session_id, id
);
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(SQL)
        await migrating.connection.execute(BACKFILL)

    manager.add_raw(run)
    return manager
