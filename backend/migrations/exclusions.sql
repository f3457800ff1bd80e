-- Who is left out of a session, whatever its methods say: by name, with a reason, for good or until a day.

SET LOCAL lock_timeout = '5s';

CREATE TABLE exclusion (
    session_id integer NOT NULL REFERENCES session ON DELETE CASCADE,
    learner_id integer NOT NULL REFERENCES learner ON DELETE CASCADE,
    reason text NOT NULL DEFAULT '',
    -- The first day on which the methods decide again; null: it holds until somebody lifts it.
    until date CHECK (until BETWEEN '0001-01-01' AND '9999-12-31'),
    -- Where they were moved to, of whom a move has left out here.
    moved_to_id integer REFERENCES session ON DELETE SET NULL,
    by_id integer REFERENCES learner ON DELETE SET NULL,
    at timestamptz NOT NULL,
    run_id bigint REFERENCES run ON DELETE SET NULL,
    PRIMARY KEY (session_id, learner_id)
);
CREATE INDEX exclusion_learner_idx ON exclusion (learner_id);
CREATE INDEX exclusion_run_idx ON exclusion (run_id);
CREATE INDEX exclusion_moved_to_idx ON exclusion (moved_to_id) WHERE moved_to_id IS NOT NULL;

-- Its value is the day on which it ends; the last day there is stands for none.
CREATE FUNCTION log_exclusion() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'exclusion', n.learner_id, n.session_id,
               to_jsonb(coalesce(o.until, '9999-12-31')), to_jsonb(coalesce(n.until, '9999-12-31'))
        FROM new_rows n JOIN old_rows o USING (session_id, learner_id)
        WHERE o.until IS DISTINCT FROM n.until;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'exclusion', learner_id, session_id, to_jsonb(coalesce(until, '9999-12-31')) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'exclusion', learner_id, session_id, to_jsonb(coalesce(until, '9999-12-31')) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON exclusion REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_exclusion();
CREATE TRIGGER log_update AFTER UPDATE ON exclusion REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_exclusion();
CREATE TRIGGER log_delete AFTER DELETE ON exclusion REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_exclusion();
