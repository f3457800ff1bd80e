"""What suspension ends stays ended: sign-ins and tokens go with the status that allowed them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T03:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "suspension ends sign-ins and tokens"

# Statement-level, whoever writes: the API, an import, psql. A row trigger would be asked for each of a million people.
_SQL = """
SET LOCAL lock_timeout = '5s';

CREATE FUNCTION end_access() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ended integer[];
BEGIN
    SELECT array_agg(n.id) INTO ended FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE n.status IN ('pending', 'suspended', 'deactivated') AND o.status IN ('invited', 'active');
    IF ended IS NOT NULL THEN
        DELETE FROM sign_in WHERE learner_id = ANY(ended);
        DELETE FROM api_token WHERE learner_id = ANY(ended);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER end_access AFTER UPDATE ON learner
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION end_access();
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)

    async def run() -> None:
        migrating = ENGINE.current_transaction.get()
        if migrating is None:
            raise RuntimeError("a migration runs in Piccolo's transaction")
        await migrating.connection.execute(_SQL)

    manager.add_raw(run)
    return manager
