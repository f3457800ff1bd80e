"""Why a method is frozen or held: a cause and its details, in place of a text that begins with certain words."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "causes of the states of methods"

# Processes of the previous release write the text alone; the trigger tells the cause by the words that they write.
SQL = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method ADD COLUMN state_cause text, ADD COLUMN state_details jsonb;
ALTER TABLE enrollment_method ADD CONSTRAINT enrollment_method_state_cause_check
    CHECK (state_cause IN ('broken_rule', 'fuse', 'entering_fuse', 'rejected', 'undone')) NOT VALID;

CREATE FUNCTION tell_state_cause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (
        NEW.state_reason IS NOT DISTINCT FROM OLD.state_reason
        OR (NEW.state_cause, NEW.state_details) IS DISTINCT FROM (OLD.state_cause, OLD.state_details)) THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' AND NEW.state_cause IS NOT NULL THEN
        RETURN NEW;
    END IF;
    NEW.state_cause := CASE
        WHEN NEW.state_reason = '' OR NEW.state NOT IN ('frozen', 'held') THEN NULL
        WHEN NEW.state = 'held' THEN 'fuse'
        WHEN NEW.state_reason LIKE 'rejected: %' THEN 'rejected'
        WHEN NEW.state_reason ~ '^undone: run [0-9]+ ' THEN 'undone'
        ELSE 'broken_rule' END;
    NEW.state_details := CASE NEW.state_cause
        WHEN 'fuse' THEN jsonb_build_object(
            'leaving', substring(NEW.state_reason FROM '^([0-9]{1,9}) of')::integer,
            'remaining', substring(NEW.state_reason FROM ' of ([0-9]{1,9}) ')::integer)
        WHEN 'rejected' THEN jsonb_build_object('note', substring(NEW.state_reason FROM 11))
        WHEN 'undone' THEN jsonb_build_object(
            'run_id', substring(NEW.state_reason FROM '^undone: run ([0-9]{1,18}) ')::bigint)
        WHEN 'broken_rule' THEN jsonb_build_object('problems', jsonb_build_array(jsonb_build_object(
            'path', 'rule', 'code', 'broken', 'message', regexp_replace(NEW.state_reason, '^broken rule: ', ''))))
        END;
    RETURN NEW;
END $$;
CREATE TRIGGER tell_state_cause BEFORE INSERT OR UPDATE OF state_reason ON enrollment_method
    FOR EACH ROW EXECUTE FUNCTION tell_state_cause();
"""

# The text is written once more, by which the trigger tells its cause and every index hears of it.
BACKFILL = """
SET LOCAL lock_timeout = '5s';
-- allowed: only methods that are frozen or held, which wait for a person and are few
UPDATE enrollment_method SET state_reason = state_reason || ' ' WHERE state IN ('frozen', 'held') AND state_reason <> '';
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
