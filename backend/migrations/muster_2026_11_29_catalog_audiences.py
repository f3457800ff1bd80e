"""Sessions offered to an audience: methods of kind `catalog`, which show a session to their people and enroll nobody."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T22:10:00:000001"
VERSION = "1.38.0"
DESCRIPTION = "sessions offered to an audience"

# The wider lists admit every row that the narrower ones did. Processes of the previous release show nobody a session whose catalog
# they do not know, and put nobody into a class that a method does not have.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE session
    DROP CONSTRAINT session_catalog_check,
    ADD CONSTRAINT session_catalog_check CHECK (catalog IN ('hidden', 'group', 'everyone', 'audience')) NOT VALID;
ALTER TABLE enrollment_method
    DROP CONSTRAINT enrollment_method_kind_check,
    ADD CONSTRAINT enrollment_method_kind_check CHECK (
        kind IN ('manual', 'audience', 'group', 'segment', 'segment_group', 'chain', 'self', 'subpath', 'catalog')) NOT VALID;
-- allowed: no release has written such a row, and methods are some thousands
CREATE UNIQUE INDEX enrollment_method_catalog_key ON enrollment_method (session_id) WHERE kind = 'catalog';

-- A session whose catalog is another one has no rule for it: whoever changed it, an undo too.
CREATE FUNCTION end_catalog_audience() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM enrollment_method WHERE session_id = NEW.id AND kind = 'catalog';
    RETURN NULL;
END $$;
-- allowed: only added; who writes to the table meanwhile waits for an instant
CREATE TRIGGER end_catalog_audience AFTER UPDATE OF catalog ON session FOR EACH ROW
    WHEN (OLD.catalog = 'audience' AND NEW.catalog <> 'audience')
    EXECUTE FUNCTION end_catalog_audience();
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
