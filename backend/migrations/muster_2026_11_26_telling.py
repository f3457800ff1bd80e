"""Large runs file their notices afterwards; what follows from another foreign key is not looked up a second time."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-26T15:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "telling; fewer look-ups for each enrollment"

# Looking up foreign keys is more than half of what a row of source or enrollment costs. A source names its method and that
# method's session, an enrollment its session and that session's activity: one key of both columns says as much as two keys,
# and besides that the two belong together. They are NOT VALID because the keys they take the place of held for the rows
# there are.
SQL = """
SET LOCAL lock_timeout = '5s';
CREATE TABLE telling (
    run_id bigint PRIMARY KEY REFERENCES run ON DELETE CASCADE,
    session_id integer NOT NULL REFERENCES session ON DELETE CASCADE,
    enrolled_at timestamptz NOT NULL,
    last_learner_id integer NOT NULL DEFAULT 0     -- everybody up to here is told
);
-- allowed: there are some thousands of methods at most, an instant's work
ALTER TABLE enrollment_method ADD CONSTRAINT enrollment_method_place_key UNIQUE (id, session_id);
-- allowed: there are some thousands of sessions at most, an instant's work
ALTER TABLE session ADD CONSTRAINT session_place_key UNIQUE (id, activity_id);
ALTER TABLE source
    DROP CONSTRAINT source_method_id_fkey,
    DROP CONSTRAINT source_session_id_fkey,
    ADD CONSTRAINT source_place_fkey FOREIGN KEY (method_id, session_id) REFERENCES enrollment_method (id, session_id)
        ON DELETE CASCADE NOT VALID;
ALTER TABLE enrollment
    DROP CONSTRAINT enrollment_session_id_fkey,
    DROP CONSTRAINT enrollment_activity_id_fkey,
    ADD CONSTRAINT enrollment_place_fkey FOREIGN KEY (session_id, activity_id) REFERENCES session (id, activity_id)
        ON DELETE CASCADE NOT VALID;
-- Whoever asks for a person and an activity is served by the index of people; nobody asks for an activity alone.
-- allowed: dropping an index takes its lock for an instant
DROP INDEX enrollment_activity_idx;
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
