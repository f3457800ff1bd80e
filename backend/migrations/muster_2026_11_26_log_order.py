"""The log tells what was written before what follows from it, and is numbered in ranges."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-26T13:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "log before deriving; number the outbox in ranges"

# Triggers fire in the order of their names. A standing that follows from another (a path's from its course's) is written by
# the deriving trigger, and logged there: the standing it follows from has to be in the log by then.
# Ids are deleted up to a last one rather than by a list: a plan made while the outbox was empty compares every row with
# every id, and 40,000 rows take a minute.
SQL = """
SET LOCAL lock_timeout = '5s';
-- allowed: nothing but this schema names its triggers
ALTER TRIGGER derive_insert ON standing RENAME TO then_derive_insert;
-- allowed: nothing but this schema names its triggers
ALTER TRIGGER derive_update ON standing RENAME TO then_derive_update;
-- allowed: nothing but this schema names its triggers
ALTER TRIGGER derive_delete ON standing RENAME TO then_derive_delete;

CREATE OR REPLACE FUNCTION sequence_outbox(most integer, OUT head bigint, OUT moved integer) LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    SELECT seq INTO head FROM log_head WHERE id = 1 FOR UPDATE;
    SELECT max(id) INTO last FROM (SELECT id FROM outbox ORDER BY id LIMIT most) AS first_ones;
    WITH taken AS (
        -- Also what has become visible since: it comes before the last one.
        DELETE FROM outbox WHERE id <= last RETURNING *
    )
    INSERT INTO change_log (seq, at, facet, learner_id, ref_id, old, new)
    SELECT head + row_number() OVER (ORDER BY id), at, facet, learner_id, ref_id, old, new FROM taken;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        head := head + moved;
        UPDATE log_head SET seq = head WHERE id = 1;
        PERFORM pg_notify('muster_log', head::text);
    END IF;
END $$;
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
