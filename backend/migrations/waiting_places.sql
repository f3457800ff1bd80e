-- Who waits for a place stands in a table that the log does not tell of: that it is another list is told, by session, and nothing else, so that
-- how many wait and whose turn it is are read again.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION log_waiting_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO outbox (at, facet, ref_id) SELECT DISTINCT muster_now(), 'waiting_place', session_id FROM old_rows;
    ELSE
        INSERT INTO outbox (at, facet, ref_id) SELECT DISTINCT muster_now(), 'waiting_place', session_id FROM new_rows;
    END IF;
    RETURN NULL;
END $$;
-- allowed: only added, to a table of few rows
CREATE TRIGGER log_insert AFTER INSERT ON waiting_place REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_waiting_place();
CREATE TRIGGER log_update AFTER UPDATE ON waiting_place REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_waiting_place();
CREATE TRIGGER log_delete AFTER DELETE ON waiting_place REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_waiting_place();
