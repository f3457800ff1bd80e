-- The log tells of which run a change is: see docs/decisions/0042-the-log-names-the-run.md.

SET LOCAL lock_timeout = '5s';

-- What was written before stays without a run: which one it was can only be guessed.
ALTER TABLE change_log ADD COLUMN run_id bigint;
-- The run that wrote the enrollment last, where one did.
ALTER TABLE enrollment ADD COLUMN run_id bigint;
ALTER TABLE outbox ADD COLUMN run_id bigint;

-- The run that the transaction says it writes for; null where it says none.
CREATE FUNCTION muster_run() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('muster.run', true), '')::bigint
$$;
-- So every trigger that logs tells it, whatever the facet. Apart from ADD COLUMN, for there it would be worked out for the rows there are.
ALTER TABLE outbox ALTER COLUMN run_id SET DEFAULT muster_run();

-- Of enrollments, sources and blocked people one statement writes many at once, for several runs: there the row names its run. A row
-- that still names the run it named before was written by somebody else (a report completes it), or by a release that knows no runs.
CREATE OR REPLACE FUNCTION log_enrollment() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    t timestamptz := muster_now();
    acting bigint := muster_run();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new, learners, run_id)
        SELECT t, 'enrollment', w.learner_id, session_id,
               jsonb_build_array(old_state, old_due_at), jsonb_build_array(state, due_at), w.everybody, coalesce(run, acting)
        FROM (
            SELECT n.session_id, o.state AS old_state, o.due_at AS old_due_at, n.state, n.due_at,
                   nullif(n.run_id, o.run_id) AS run, array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n JOIN old_rows o USING (id)
            WHERE (o.state, o.due_at) IS DISTINCT FROM (n.state, n.due_at)
            GROUP BY n.session_id, o.state, o.due_at, n.state, n.due_at, nullif(n.run_id, o.run_id)
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new, learners, run_id)
        SELECT t, 'enrollment', w.learner_id, session_id, jsonb_build_array(state, due_at), w.everybody, coalesce(run, acting)
        FROM (
            SELECT session_id, state, due_at, n.run_id AS run, array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n GROUP BY session_id, state, due_at, n.run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, learners, run_id)
        SELECT t, 'enrollment', w.learner_id, session_id, jsonb_build_array(state, due_at), w.everybody, acting
        FROM (
            SELECT session_id, state, due_at, array_agg(o.learner_id ORDER BY o.learner_id) AS learners
            FROM old_rows o GROUP BY session_id, state, due_at
        ) alike CROSS JOIN LATERAL together(learners) w;
    END IF;
    RETURN NULL;
END $$;

-- Only live sources count: new is the run that opened it, null once it ended.
CREATE OR REPLACE FUNCTION log_source() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    t timestamptz := muster_now();
    acting bigint := muster_run();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new, learners, run_id)
        SELECT t, 'source', w.learner_id, method_id,
               CASE WHEN was_live THEN jsonb_build_array(old_run_id) END,
               CASE WHEN NOT was_live THEN jsonb_build_array(run_id) END, w.everybody, coalesce(run, acting)
        FROM (
            SELECT n.method_id, o.until IS NULL AS was_live, o.run_id AS old_run_id, n.run_id,
                   CASE WHEN o.until IS NULL THEN nullif(n.end_run_id, o.end_run_id) ELSE nullif(n.run_id, o.run_id) END AS run,
                   array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n JOIN old_rows o USING (id)
            WHERE (o.until IS NULL) <> (n.until IS NULL)
            GROUP BY n.method_id, o.until IS NULL, o.run_id, n.run_id, run
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new, learners, run_id)
        SELECT t, 'source', w.learner_id, method_id, jsonb_build_array(run_id), w.everybody, coalesce(run_id, acting)
        FROM (
            SELECT method_id, run_id, array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n WHERE until IS NULL GROUP BY method_id, run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, learners, run_id)
        SELECT t, 'source', w.learner_id, method_id, jsonb_build_array(run_id), w.everybody, acting
        FROM (
            SELECT method_id, run_id, array_agg(o.learner_id ORDER BY o.learner_id) AS learners
            FROM old_rows o WHERE until IS NULL GROUP BY method_id, run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    END IF;
    RETURN NULL;
END $$;

-- A row that goes names nobody who took it away: whoever deletes for a run says so.
CREATE OR REPLACE FUNCTION log_blocked() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    t timestamptz := muster_now();
    acting bigint := muster_run();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new, run_id)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(o.other_session_id), to_jsonb(n.other_session_id),
               coalesce(nullif(n.run_id, o.run_id), acting)
        FROM new_rows n JOIN old_rows o USING (learner_id, method_id)
        WHERE o.other_session_id <> n.other_session_id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new, run_id)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(other_session_id), coalesce(run_id, acting) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, run_id)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(other_session_id), acting FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- As before, with `run_id`.
CREATE OR REPLACE FUNCTION sequence_outbox(most integer, OUT head bigint, OUT moved integer) LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    moved := 0;
    SELECT max(id) INTO last FROM (SELECT id FROM outbox ORDER BY id LIMIT most) AS first_ones;
    IF last IS NULL THEN
        SELECT seq INTO head FROM log_head WHERE id = 1;
        RETURN;
    END IF;
    SELECT seq INTO head FROM log_head WHERE id = 1 FOR UPDATE;
    WITH taken AS (
        -- Also what has become visible since: it comes before the last one.
        DELETE FROM outbox WHERE id <= last RETURNING *
    )
    INSERT INTO change_log (seq, at, facet, learner_id, ref_id, old, new, learners, run_id)
    SELECT head + row_number() OVER (ORDER BY id), at, facet, learner_id, ref_id, old, new, learners, run_id FROM taken;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        head := head + moved;
        UPDATE log_head SET seq = head WHERE id = 1;
        PERFORM pg_notify('muster_log', head::text);
    END IF;
END $$;
