-- The change log. Statement-level triggers append to `outbox` in the writer's own transaction, so no path can forget it;
-- the sequencer moves visible rows to `change_log` and numbers them without gaps.

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    facet text NOT NULL,
    learner_id integer,
    ref_id bigint,
    old jsonb,
    new jsonb
);

CREATE TABLE change_log (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    facet text NOT NULL,
    learner_id integer,
    ref_id bigint,
    old jsonb,
    new jsonb
);
CREATE INDEX change_log_learner_idx ON change_log (learner_id, facet, ref_id, seq);
CREATE INDEX change_log_facet_idx ON change_log (facet, ref_id, seq);
CREATE INDEX change_log_at_idx ON change_log USING brin (at);

CREATE TABLE log_head (id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1), seq bigint NOT NULL DEFAULT 0);
INSERT INTO log_head DEFAULT VALUES;

-- Where each follower of the log stands; `detail` is the follower's own.
CREATE TABLE follower (
    name text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0,
    detail jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz
);
INSERT INTO follower (name) VALUES ('reconciler');

-- Muster's clock: the server's, moved by the connection's offset (MUSTER_CLOCK).
CREATE FUNCTION muster_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT clock_timestamp() + coalesce(nullif(current_setting('muster.clock_offset', true), ''), '0')::interval
$$;

-- Moves up to `most` visible outbox rows into the log, in the order they were written; returns the head and how many moved.
-- Only one process calls it at a time (session advisory lock); the row lock on log_head makes a second one harmless.
-- Ordering by outbox.id keeps writes to one row in order: the second writer gets its id only after the first has committed.
CREATE FUNCTION sequence_outbox(most integer, OUT head bigint, OUT moved integer) LANGUAGE plpgsql AS $$
BEGIN
    SELECT seq INTO head FROM log_head WHERE id = 1 FOR UPDATE;
    WITH taken AS (
        DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT most) RETURNING *
    )
    INSERT INTO change_log (seq, at, facet, learner_id, ref_id, old, new)
    SELECT head + row_number() OVER (ORDER BY id), at, facet, learner_id, ref_id, old, new FROM taken;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        head := head + moved;
        UPDATE log_head SET seq = head WHERE id = 1;
        PERFORM pg_notify('muster_log', head::text);
    END IF;
END $$;

-- Plans inside functions are kept, and one made for a single row joins old with new rows by nested loops: with 5,000 rows
-- that is 25 million comparisons. Hence enable_nestloop = off where the two are joined.
-- ── facts about learners ────────────────────────────────────────────────────────────────────────────────────────────
CREATE FUNCTION log_learner() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, old, new)
        SELECT t, x.facet, n.id, x.old, x.new
        FROM new_rows n JOIN old_rows o USING (id),
        LATERAL (VALUES
            ('language', to_jsonb(o.language), to_jsonb(n.language)),
            ('manager', to_jsonb(o.manager_id), to_jsonb(n.manager_id)),
            ('added', to_jsonb(o.added_at), to_jsonb(n.added_at)),
            ('profile', jsonb_build_array(o.first_name, o.last_name, o.email),
                        jsonb_build_array(n.first_name, n.last_name, n.email)),
            ('status', to_jsonb(o.status), to_jsonb(n.status))
        ) AS x(facet, old, new)
        WHERE x.old IS DISTINCT FROM x.new;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, new)
        SELECT t, x.facet, n.id, x.new
        FROM new_rows n,
        LATERAL (VALUES
            ('language', to_jsonb(n.language)), ('manager', to_jsonb(n.manager_id)), ('added', to_jsonb(n.added_at)),
            ('status', to_jsonb(n.status))
        ) AS x(facet, new)
        WHERE x.new IS NOT NULL AND x.new <> 'null';
    ELSE
        INSERT INTO outbox (at, facet, learner_id, old)
        SELECT t, x.facet, o.id, x.old
        FROM old_rows o,
        LATERAL (VALUES
            ('status', to_jsonb(o.status)), ('language', to_jsonb(o.language)), ('manager', to_jsonb(o.manager_id)),
            ('added', to_jsonb(o.added_at))
        ) AS x(facet, old)
        WHERE x.old IS NOT NULL AND x.old <> 'null';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION log_membership() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'membership', learner_id, group_id, to_jsonb(o.role), to_jsonb(n.role)
        FROM new_rows n FULL JOIN old_rows o USING (learner_id, group_id)
        WHERE o.role IS DISTINCT FROM n.role;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'membership', learner_id, group_id, to_jsonb(role) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'membership', learner_id, group_id, to_jsonb(role) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- The one value a field_value row holds, as JSON: string, number, boolean or YYYY-MM-DD.
CREATE FUNCTION field_json(v field_value) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(to_jsonb(v.text_value), to_jsonb(v.number_value), to_jsonb(v.date_value), to_jsonb(v.boolean_value))
$$;

CREATE FUNCTION log_field_value() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'field', learner_id, field_id, field_json(o), field_json(n)
        FROM new_rows n FULL JOIN old_rows o USING (learner_id, field_id)
        WHERE field_json(o) IS DISTINCT FROM field_json(n);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'field', learner_id, field_id, field_json(n) FROM new_rows n;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'field', learner_id, field_id, field_json(o) FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION log_standing() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'result', learner_id, activity_id,
               jsonb_build_array(o.status, o.successful, o.steps_done), jsonb_build_array(n.status, n.successful, n.steps_done)
        FROM new_rows n JOIN old_rows o USING (learner_id, activity_id)
        WHERE (o.status, o.successful, o.steps_done) IS DISTINCT FROM (n.status, n.successful, n.steps_done);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'result', learner_id, activity_id, jsonb_build_array(status, successful, steps_done) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'result', learner_id, activity_id, jsonb_build_array(status, successful, steps_done) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- The latest award decides, so the log tells which award was the latest before and after: [issued_at, expires_at].
CREATE FUNCTION log_award() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    t timestamptz := muster_now();
    removed award[] := '{}';
    added award[] := '{}';
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN SELECT array_agg(o) INTO removed FROM old_rows o; END IF;
    IF TG_OP IN ('UPDATE', 'INSERT') THEN SELECT array_agg(n) INTO added FROM new_rows n; END IF;
    -- Two awards at once must see each other, or the log would end on the earlier one.
    PERFORM FROM learner WHERE id IN (SELECT learner_id FROM unnest(removed) UNION SELECT learner_id FROM unnest(added))
    ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
    WITH pair AS (
        SELECT learner_id, certificate_id FROM unnest(removed)
        UNION SELECT learner_id, certificate_id FROM unnest(added)
    ), after AS (
        SELECT DISTINCT ON (a.learner_id, a.certificate_id) a.* FROM award a JOIN pair USING (learner_id, certificate_id)
        ORDER BY a.learner_id, a.certificate_id, a.issued_at DESC, a.id DESC
    ), before AS (
        SELECT DISTINCT ON (b.learner_id, b.certificate_id) b.* FROM (
            SELECT a.* FROM award a JOIN pair USING (learner_id, certificate_id)
            WHERE a.id NOT IN (SELECT id FROM unnest(added))
            UNION ALL SELECT * FROM unnest(removed)
        ) b
        ORDER BY b.learner_id, b.certificate_id, b.issued_at DESC, b.id DESC
    )
    SELECT t, 'award', p.learner_id, p.certificate_id,
           CASE WHEN b.id IS NOT NULL THEN jsonb_build_array(b.issued_at, b.expires_at) END,
           CASE WHEN a.id IS NOT NULL THEN jsonb_build_array(a.issued_at, a.expires_at) END
    FROM pair p
    LEFT JOIN before b ON b.learner_id = p.learner_id AND b.certificate_id = p.certificate_id
    LEFT JOIN after a ON a.learner_id = p.learner_id AND a.certificate_id = p.certificate_id
    WHERE (b.issued_at, b.expires_at) IS DISTINCT FROM (a.issued_at, a.expires_at);
    RETURN NULL;
END $$;

CREATE FUNCTION log_enrollment() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'enrollment', n.learner_id, n.session_id,
               jsonb_build_array(o.state, o.due_at), jsonb_build_array(n.state, n.due_at)
        FROM new_rows n JOIN old_rows o USING (id)
        WHERE (o.state, o.due_at) IS DISTINCT FROM (n.state, n.due_at);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'enrollment', learner_id, session_id, jsonb_build_array(state, due_at) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'enrollment', learner_id, session_id, jsonb_build_array(state, due_at) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- Only live sources count: new is the run that opened it, null once it ended.
CREATE FUNCTION log_source() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'source', n.learner_id, n.method_id,
               CASE WHEN o.until IS NULL THEN jsonb_build_array(o.run_id) END,
               CASE WHEN n.until IS NULL THEN jsonb_build_array(n.run_id) ELSE NULL END
        FROM new_rows n JOIN old_rows o USING (id)
        WHERE (o.until IS NULL) <> (n.until IS NULL);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'source', learner_id, method_id, jsonb_build_array(run_id) FROM new_rows WHERE until IS NULL;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'source', learner_id, method_id, jsonb_build_array(run_id) FROM old_rows WHERE until IS NULL;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION log_blocked() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(o.other_session_id), to_jsonb(n.other_session_id)
        FROM new_rows n JOIN old_rows o USING (learner_id, method_id)
        WHERE o.other_session_id <> n.other_session_id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(other_session_id) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'blocked', learner_id, method_id, to_jsonb(other_session_id) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- ── structure: the whole row, facet = the table's name ──────────────────────────────────────────────────────────────
CREATE FUNCTION log_structure() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, ref_id, old, new)
        SELECT t, TG_TABLE_NAME, n.id, to_jsonb(o), to_jsonb(n) FROM new_rows n JOIN old_rows o USING (id)
        WHERE to_jsonb(o) IS DISTINCT FROM to_jsonb(n);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, ref_id, new) SELECT t, TG_TABLE_NAME, n.id, to_jsonb(n) FROM new_rows n;
    ELSE
        INSERT INTO outbox (at, facet, ref_id, old) SELECT t, TG_TABLE_NAME, o.id, to_jsonb(o) FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;

-- ── access: not a fact that audiences know (learner_id stays null), but open sockets of the person look again ──────────
CREATE FUNCTION log_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'learner' THEN
        INSERT INTO outbox (at, facet, ref_id)
        SELECT muster_now(), 'access', n.id FROM new_rows n JOIN old_rows o USING (id) WHERE o.is_admin <> n.is_admin;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, ref_id)
        SELECT DISTINCT muster_now(), 'access', n.learner_id FROM new_rows n JOIN old_rows o USING (id)
        WHERE (o.expires_at, o.scopes) IS DISTINCT FROM (n.expires_at, n.scopes);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, ref_id) SELECT DISTINCT muster_now(), 'access', learner_id FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, ref_id) SELECT DISTINCT muster_now(), 'access', learner_id FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER access_update AFTER UPDATE ON learner REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_update AFTER UPDATE ON api_token REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_delete AFTER DELETE ON api_token REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_delete AFTER DELETE ON sign_in REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_insert AFTER INSERT ON session_instructor REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_delete AFTER DELETE ON session_instructor REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();

-- Statement-level triggers with transition tables must be made one an event.
DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['learner', 'log_learner'], ['membership', 'log_membership'], ['field_value', 'log_field_value'],
        ['standing', 'log_standing'], ['award', 'log_award'], ['enrollment', 'log_enrollment'],
        ['source', 'log_source'], ['blocked', 'log_blocked'],
        ['learner_group', 'log_structure'], ['field', 'log_structure'], ['activity', 'log_structure'],
        ['step', 'log_structure'], ['certificate', 'log_structure'], ['session', 'log_structure'],
        ['segment', 'log_structure'], ['enrollment_method', 'log_structure'], ['organisation', 'log_structure']
    ] LOOP
        EXECUTE format('CREATE TRIGGER log_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
        EXECUTE format('CREATE TRIGGER log_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
        EXECUTE format('CREATE TRIGGER log_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
    END LOOP;
END $$;

-- ── derived facts ───────────────────────────────────────────────────────────────────────────────────────────────────
-- Named derive_* so that they fire before log_* (triggers of one event fire in the order of their names).
CREATE FUNCTION derive_from_result() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM refresh_standing(array_agg(learner_id), array_agg(activity_id)) FROM new_rows HAVING count(*) > 0;
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM refresh_standing(array_agg(learner_id), array_agg(activity_id)) FROM (
            SELECT learner_id, activity_id FROM new_rows UNION SELECT learner_id, activity_id FROM old_rows
        ) touched HAVING count(*) > 0;
    ELSE
        PERFORM refresh_standing(array_agg(learner_id), array_agg(activity_id)) FROM old_rows HAVING count(*) > 0;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM complete_enrollments(array_agg(r.learner_id), array_agg(r.activity_id), array_agg(r.session_id),
                                     array_agg(r.completed_at))
        FROM new_rows r
        WHERE r.step_id IS NULL AND r.status = 'completed'
          AND NOT EXISTS (SELECT FROM step s WHERE s.activity_id = r.activity_id)
        HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION derive_from_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM refresh_standing(array_agg(o.learner_id), array_agg(s.activity_id))
        FROM old_rows o JOIN step s ON s.child_activity_id = o.activity_id HAVING count(*) > 0;
    ELSE
        PERFORM refresh_standing(array_agg(n.learner_id), array_agg(s.activity_id))
        FROM new_rows n JOIN step s ON s.child_activity_id = n.activity_id HAVING count(*) > 0;
        PERFORM complete_enrollments(array_agg(n.learner_id), array_agg(n.activity_id), array_agg(NULL::integer),
                                     array_agg(n.completed_at))
        FROM new_rows n
        WHERE n.status = 'completed' AND EXISTS (SELECT FROM step s WHERE s.activity_id = n.activity_id)
        HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

-- Steps or time limits of an activity changed: everybody who has anything on it is looked at again.
CREATE FUNCTION refresh_activities(activities integer[]) RETURNS void LANGUAGE sql AS $$
    SELECT refresh_standing(array_agg(learner_id), array_agg(activity_id)) FROM (
        SELECT learner_id, activity_id FROM result WHERE activity_id = ANY(activities)
        UNION SELECT learner_id, activity_id FROM standing WHERE activity_id = ANY(activities)
        UNION SELECT c.learner_id, s.activity_id FROM step s JOIN standing c ON c.activity_id = s.child_activity_id
              WHERE s.activity_id = ANY(activities)
    ) touched HAVING count(*) > 0;
$$;

CREATE FUNCTION derive_from_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM refresh_activities(array_agg(DISTINCT activity_id)) FROM new_rows HAVING count(*) > 0;
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM refresh_activities(array_agg(DISTINCT activity_id)) FROM (
            SELECT activity_id FROM new_rows UNION SELECT activity_id FROM old_rows) t HAVING count(*) > 0;
    ELSE
        PERFORM refresh_activities(array_agg(DISTINCT activity_id)) FROM old_rows HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION derive_from_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_activities(array_agg(n.id)) FROM new_rows n JOIN old_rows o USING (id)
    WHERE (o.min_minutes, o.max_minutes) IS DISTINCT FROM (n.min_minutes, n.max_minutes) HAVING count(*) > 0;
    RETURN NULL;
END $$;

DO $$
DECLARE
    pair text[];
BEGIN
    FOREACH pair SLICE 1 IN ARRAY ARRAY[
        ['result', 'derive_from_result'], ['standing', 'derive_from_standing'], ['step', 'derive_from_step']
    ] LOOP
        EXECUTE format('CREATE TRIGGER derive_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
        EXECUTE format('CREATE TRIGGER derive_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
        EXECUTE format('CREATE TRIGGER derive_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()', pair[1], pair[2]);
    END LOOP;
    CREATE TRIGGER derive_update AFTER UPDATE ON activity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION derive_from_activity();
END $$;
