-- That a proposal waits, or has been decided, is told as of what else waits for a person: see needs_you.sql.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION log_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (at, facet) VALUES (muster_now(), 'needs_you');
    RETURN NULL;
END $$;
-- allowed: only added, to a table of few rows
CREATE TRIGGER needs_you_change AFTER INSERT OR UPDATE OR DELETE ON proposal FOR EACH STATEMENT EXECUTE FUNCTION log_proposal();
