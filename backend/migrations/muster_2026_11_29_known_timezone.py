"""The organisation's time zone as SQL can use it: whatever is stored there stops no statement."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-29T03:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a time zone that nobody knows is UTC"

# PostgreSQL takes more for a time zone than the calendar of the rest of Muster does: other capitals, abbreviations, and rules such as
# "Mars3". Names of the usual form are asked for by using them; looking through the list of all names, for the others, takes 50 ms.
SQL = """
SET LOCAL lock_timeout = '5s';
CREATE FUNCTION muster_timezone(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF name IS NULL OR name = 'UTC' THEN
        RETURN 'UTC';
    END IF;
    IF name !~ '^[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+$' AND NOT EXISTS (SELECT FROM pg_timezone_names n WHERE n.name = $1) THEN
        RETURN 'UTC';
    END IF;
    PERFORM '2000-01-01'::timestamp AT TIME ZONE name;
    RETURN name;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN 'UTC';
END $$;
CREATE FUNCTION muster_timezone() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT muster_timezone((SELECT timezone FROM organisation LIMIT 1));
$$;
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
