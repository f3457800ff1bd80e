-- When somebody completed, or succeeded, is a fact that rules ask for: chains enroll so many days later.
-- Processes of the previous release read the first three parts of what is logged of a standing, and leave the columns empty.
SET LOCAL lock_timeout = '5s';
ALTER TABLE enrollment_method
    ADD COLUMN delay_days integer CHECK (delay_days BETWEEN 0 AND 3660),
    ADD COLUMN earlier boolean;
-- Since when somebody is successful who has not completed: what is optional may follow later, or never.
ALTER TABLE standing ADD COLUMN succeeded_at timestamptz;

CREATE FUNCTION note_success() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.succeeded_at := coalesce(NEW.completed_at, muster_now());
    RETURN NEW;
END $$;
CREATE TRIGGER note_success_insert BEFORE INSERT ON standing
    FOR EACH ROW WHEN (NEW.successful AND NEW.completed_at IS NULL) EXECUTE FUNCTION note_success();
CREATE TRIGGER note_success_update BEFORE UPDATE ON standing
    FOR EACH ROW WHEN (NEW.successful AND NOT OLD.successful) EXECUTE FUNCTION note_success();

-- What is logged of a standing: status, whether successful, steps done, when completed, when succeeded.
CREATE FUNCTION standing_json(s standing) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(s.status, s.successful, s.steps_done,
        CASE WHEN s.status = 'completed' THEN s.completed_at END,
        CASE WHEN s.successful THEN coalesce(s.succeeded_at, s.completed_at) END)
$$;

CREATE OR REPLACE FUNCTION log_standing() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'result', learner_id, activity_id, standing_json(o), standing_json(n)
        FROM new_rows n JOIN old_rows o USING (learner_id, activity_id)
        WHERE (o.status, o.successful, o.steps_done, o.completed_at, o.succeeded_at)
              IS DISTINCT FROM (n.status, n.successful, n.steps_done, n.completed_at, n.succeeded_at);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'result', learner_id, activity_id, standing_json(n) FROM new_rows n;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'result', learner_id, activity_id, standing_json(o) FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;
