-- What one statement does alike to a hundred people or more is one row: of the change log, and of what a run did.
--
-- A first fill writes the same for everybody. As rows of the log and of the run these were half of its work, and the followers
-- of the log did the other half over again, person by person.

SET LOCAL lock_timeout = '5s';

-- Who they are, in order, where a change is one of many people; learner_id is null then.
ALTER TABLE outbox ADD COLUMN learners integer[];
ALTER TABLE change_log ADD COLUMN learners integer[];
-- allowed: empty when it is made; the sequencer waits while the log is read once for it
CREATE INDEX change_log_shared_idx ON change_log (facet, ref_id, seq) WHERE learners IS NOT NULL;

-- One row with all of them, or one each where they are few: those can be found by the person.
CREATE FUNCTION together(learners integer[], OUT learner_id integer, OUT everybody integer[])
RETURNS SETOF record LANGUAGE sql IMMUTABLE ROWS 1 AS $$
    SELECT NULL::integer, learners WHERE cardinality(learners) >= 100
    UNION ALL
    SELECT l, NULL::integer[] FROM unnest(learners) AS l WHERE cardinality(learners) < 100
$$;

CREATE OR REPLACE FUNCTION log_enrollment() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new, learners)
        SELECT t, 'enrollment', w.learner_id, session_id,
               jsonb_build_array(old_state, old_due_at), jsonb_build_array(state, due_at), w.everybody
        FROM (
            SELECT n.session_id, o.state AS old_state, o.due_at AS old_due_at, n.state, n.due_at,
                   array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n JOIN old_rows o USING (id)
            WHERE (o.state, o.due_at) IS DISTINCT FROM (n.state, n.due_at)
            GROUP BY n.session_id, o.state, o.due_at, n.state, n.due_at
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new, learners)
        SELECT t, 'enrollment', w.learner_id, session_id, jsonb_build_array(state, due_at), w.everybody
        FROM (
            SELECT session_id, state, due_at, array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n GROUP BY session_id, state, due_at
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, learners)
        SELECT t, 'enrollment', w.learner_id, session_id, jsonb_build_array(state, due_at), w.everybody
        FROM (
            SELECT session_id, state, due_at, array_agg(o.learner_id ORDER BY o.learner_id) AS learners
            FROM old_rows o GROUP BY session_id, state, due_at
        ) alike CROSS JOIN LATERAL together(learners) w;
    END IF;
    RETURN NULL;
END $$;

-- Only live sources count: new is the run that opened it, null once it ended.
CREATE OR REPLACE FUNCTION log_source() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new, learners)
        SELECT t, 'source', w.learner_id, method_id,
               CASE WHEN was_live THEN jsonb_build_array(old_run_id) END,
               CASE WHEN NOT was_live THEN jsonb_build_array(run_id) END, w.everybody
        FROM (
            SELECT n.method_id, o.until IS NULL AS was_live, o.run_id AS old_run_id, n.run_id,
                   array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n JOIN old_rows o USING (id)
            WHERE (o.until IS NULL) <> (n.until IS NULL)
            GROUP BY n.method_id, o.until IS NULL, o.run_id, n.run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new, learners)
        SELECT t, 'source', w.learner_id, method_id, jsonb_build_array(run_id), w.everybody
        FROM (
            SELECT method_id, run_id, array_agg(n.learner_id ORDER BY n.learner_id) AS learners
            FROM new_rows n WHERE until IS NULL GROUP BY method_id, run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, learners)
        SELECT t, 'source', w.learner_id, method_id, jsonb_build_array(run_id), w.everybody
        FROM (
            SELECT method_id, run_id, array_agg(o.learner_id ORDER BY o.learner_id) AS learners
            FROM old_rows o WHERE until IS NULL GROUP BY method_id, run_id
        ) alike CROSS JOIN LATERAL together(learners) w;
    END IF;
    RETURN NULL;
END $$;

-- As before, with `learners`.
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
    INSERT INTO change_log (seq, at, facet, learner_id, ref_id, old, new, learners)
    SELECT head + row_number() OVER (ORDER BY id), at, facet, learner_id, ref_id, old, new, learners FROM taken;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        head := head + moved;
        UPDATE log_head SET seq = head WHERE id = 1;
        PERFORM pg_notify('muster_log', head::text);
    END IF;
END $$;

-- What a run did alike to many: a row of run_change for each of them, written once. Those of one run and change have ranges of
-- people that do not overlap. Who they are is checked where their sources are written, in the same statement.
CREATE TABLE run_change_shared (
    run_id bigint NOT NULL REFERENCES run ON DELETE CASCADE,
    change text NOT NULL CHECK (change IN ('entered', 'left')),
    learners integer[] NOT NULL CHECK (cardinality(learners) > 0),        -- in order
    first_id integer NOT NULL GENERATED ALWAYS AS (learners[1]) STORED,
    last_id integer NOT NULL GENERATED ALWAYS AS (learners[cardinality(learners)]) STORED,
    people integer NOT NULL GENERATED ALWAYS AS (cardinality(learners)) STORED,
    before jsonb,
    after jsonb,
    reason jsonb,
    PRIMARY KEY (run_id, change, first_id)
);

CREATE VIEW each_run_change AS
SELECT run_id, learner_id, change, before, after, reason FROM run_change
UNION ALL
SELECT s.run_id, l.id, s.change, s.before, s.after, s.reason FROM run_change_shared s CROSS JOIN LATERAL unnest(s.learners) AS l(id);

-- What a run did to these people, without reading what it did to the others. INTERSECT: whatever the planner thinks of their
-- numbers, people are not compared with people one by one.
CREATE FUNCTION run_changes_of(of_run bigint, these integer[]) RETURNS SETOF run_change LANGUAGE sql STABLE AS $$
    SELECT run_id, learner_id, change, before, after, reason FROM run_change WHERE run_id = of_run AND learner_id = ANY(these)
    UNION ALL
    SELECT s.run_id, l.id, s.change, s.before, s.after, s.reason
    FROM run_change_shared s CROSS JOIN LATERAL (SELECT unnest(s.learners) INTERSECT SELECT unnest(these)) AS l(id)
    WHERE s.run_id = of_run
      AND s.first_id <= (SELECT max(t) FROM unnest(these) t) AND s.last_id >= (SELECT min(t) FROM unnest(these) t)
$$;

-- ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────────
-- Who is named is looked up without being locked, for that wrote to the row of each: whoever deletes people locks the tables
-- that name them instead, until everybody who is writing to these has finished.
CREATE FUNCTION require_learners(child text, named integer[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM learner WHERE id = ANY(named)) < cardinality(named) THEN
        PERFORM refuse_reference(child, 'learner', (
            SELECT min(n) FROM unnest(named) n WHERE NOT EXISTS (SELECT FROM learner l WHERE l.id = n))::text);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION check_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    PERFORM require_learners('source', array_agg(DISTINCT learner_id)) FROM new_rows HAVING count(*) > 0;
    SELECT format('%s of session %s', n.method_id, n.session_id) INTO missing
    FROM (SELECT DISTINCT method_id, session_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM enrollment_method m WHERE m.id = n.method_id AND m.session_id = n.session_id FOR KEY SHARE)
    LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('source', 'enrollment_method', missing); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION check_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    PERFORM require_learners('enrollment', array_agg(DISTINCT learner_id)) FROM new_rows HAVING count(*) > 0;
    SELECT format('%s of activity %s', n.session_id, n.activity_id) INTO missing
    FROM (SELECT DISTINCT session_id, activity_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM session s WHERE s.id = n.session_id AND s.activity_id = n.activity_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('enrollment', 'session', missing); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION check_run_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    PERFORM require_learners('run_change', array_agg(DISTINCT learner_id)) FROM new_rows HAVING count(*) > 0;
    SELECT n.run_id INTO missing FROM (SELECT DISTINCT run_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM run r WHERE r.id = n.run_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('run_change', 'run', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION await_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE source, enrollment, run_change, run_change_shared IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
CREATE TRIGGER await_writers BEFORE DELETE ON learner FOR EACH STATEMENT EXECUTE FUNCTION await_writers();

CREATE OR REPLACE FUNCTION forget_learner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone integer[];
    lowest integer;
    highest integer;
BEGIN
    SELECT coalesce(array_agg(id), '{}'), min(id), max(id) INTO gone, lowest, highest FROM old_rows;
    DELETE FROM run_change WHERE learner_id = ANY(gone);
    DELETE FROM run_change_shared s WHERE first_id <= highest AND last_id >= lowest AND learners <@ gone;
    UPDATE run_change_shared s SET learners = ARRAY(SELECT l FROM unnest(s.learners) l WHERE l <> ALL(gone) ORDER BY l)
    WHERE first_id <= highest AND last_id >= lowest AND learners && gone;
    DELETE FROM source WHERE learner_id = ANY(gone);
    DELETE FROM enrollment WHERE learner_id = ANY(gone);
    RETURN NULL;
END $$;

-- ── indexes of what fills write ─────────────────────────────────────────────────────────────────────────────────────
-- Whether somebody is in an activity is one look-up; the index of people alone does not know.
-- allowed: written to only by runs and reports, which wait for some seconds at most and are taken up again
CREATE INDEX enrollment_learner_activity_idx ON enrollment (learner_id, activity_id);
-- allowed: dropping an index takes its lock for an instant
DROP INDEX enrollment_learner_idx;
-- A person has few sources, which source_learner_idx finds.
-- allowed: dropping an index takes its lock for an instant
DROP INDEX source_live_learner_idx;
