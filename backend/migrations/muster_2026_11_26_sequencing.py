"""Looking at an empty queue writes nothing: no lock, and no wait for the disk."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-26T18:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "an empty queue is only looked at"

SQL = """
SET LOCAL lock_timeout = '5s';
CREATE OR REPLACE FUNCTION sequence_outbox(most integer, OUT head bigint, OUT moved integer) LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    moved := 0;
    SELECT max(id) INTO last FROM (SELECT id FROM outbox ORDER BY id LIMIT most) AS first_ones;
    IF last IS NULL THEN
        SELECT seq INTO head FROM log_head WHERE id = 1;
        RETURN;
    END IF;
    SELECT seq INTO head FROM log_head WHERE id = 1 FOR UPDATE;
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
