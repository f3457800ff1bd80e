-- What waits for a person stands in tables that the log does not tell of; that it has changed is told, and nothing else.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION log_needs_you() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM new_rows WHERE state IN ('held', 'ready')) THEN RETURN NULL; END IF;
    ELSIF NOT EXISTS (
        SELECT FROM new_rows n JOIN old_rows o USING (id)
        WHERE (o.state <> n.state AND (o.state IN ('held', 'ready') OR n.state IN ('held', 'ready')))
            -- Of a held run part of the list has been decided about; imports have no total.
            OR (n.state = 'held' AND to_jsonb(o)->'total' IS DISTINCT FROM to_jsonb(n)->'total')) THEN
        RETURN NULL;
    END IF;
    INSERT INTO outbox (at, facet) VALUES (muster_now(), 'needs_you');
    RETURN NULL;
END $$;
-- allowed: only added; who writes to these tables meanwhile waits for an instant
CREATE TRIGGER needs_you_insert AFTER INSERT ON run REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_needs_you();
CREATE TRIGGER needs_you_update AFTER UPDATE ON run REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_needs_you();
CREATE TRIGGER needs_you_insert AFTER INSERT ON import_job REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_needs_you();
CREATE TRIGGER needs_you_update AFTER UPDATE ON import_job REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_needs_you();
