"""Identifiers and addresses are kept in their normal form, whoever writes them: unique means unique to a reader's eye."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T07:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "identifiers in their normal form"

# The condition is looked at before any function is called: rows in ASCII, nearly all, cost nothing. It also holds for what the
# previous release writes. What is stored already is listed by `muster doctor`, and mended by `muster doctor --repair`.
SQL = """
SET LOCAL lock_timeout = '5s';
CREATE FUNCTION normal_text(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(normalize(value, NFC),
        U&'[\\00AD\\034F\\061C\\180E\\200B\\200E\\200F\\202A-\\202E\\2060-\\2064\\2066-\\206F\\FEFF\\FFF9-\\FFFB]', '', 'g'),
        U&' \\00A0\\2000\\2001\\2002\\2003\\2004\\2005\\2006\\2007\\2008\\2009\\200A\\202F\\205F\\3000\\200C\\200D\\0009\\000A\\000D')
$$;
CREATE FUNCTION learner_in_normal_form() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email := normal_text(NEW.email);
    NEW.external_id := normal_text(NEW.external_id);
    RETURN NEW;
END $$;
CREATE FUNCTION external_id_in_normal_form() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.external_id := normal_text(NEW.external_id);
    RETURN NEW;
END $$;
CREATE TRIGGER learner_in_normal_form BEFORE INSERT OR UPDATE OF email, external_id ON learner FOR EACH ROW
    WHEN (octet_length(NEW.email) > char_length(NEW.email) OR octet_length(NEW.external_id) > char_length(NEW.external_id))
    EXECUTE FUNCTION learner_in_normal_form();
CREATE TRIGGER group_in_normal_form BEFORE INSERT OR UPDATE OF external_id ON learner_group FOR EACH ROW
    WHEN (octet_length(NEW.external_id) > char_length(NEW.external_id)) EXECUTE FUNCTION external_id_in_normal_form();
CREATE TRIGGER activity_in_normal_form BEFORE INSERT OR UPDATE OF external_id ON activity FOR EACH ROW
    WHEN (octet_length(NEW.external_id) > char_length(NEW.external_id)) EXECUTE FUNCTION external_id_in_normal_form();
CREATE TRIGGER session_in_normal_form BEFORE INSERT OR UPDATE OF external_id ON session FOR EACH ROW
    WHEN (octet_length(NEW.external_id) > char_length(NEW.external_id)) EXECUTE FUNCTION external_id_in_normal_form();
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
