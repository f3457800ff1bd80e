"""The statements of the enrollment writer: set-based over parallel arrays, a constant number for any number of people."""

# An enrollment as run_change keeps it: what an act can change. {e} is the row's alias.
SNAPSHOT = "to_jsonb({e}) - '{{id,session_id,activity_id,learner_id,exclusive,version}}'::text[]"

# Everything that places people in sessions of an activity holds this lock, so that one look tells who is enrolled where;
# the partial unique index enrollment_one_live stands behind it. Facts (results, memberships) never wait for it.
LOCK = """
SELECT s.id, s.activity_id, s.starts_at, s.ends_at, s.fuse_count, s.fuse_percent, a.several_sessions
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE s.id = ANY($1::integer[])
ORDER BY a.id, s.id FOR NO KEY UPDATE OF a, s
"""

# $1 methods, $2 learners, $3 runs, $4 reasons: one entry a person and method; $5 now.
# Answers (method_id, learner_id, run_id, session_id, outcome, other_session_id): 'enrolled' is new in the session, 'joined'
# was enrolled already and has one more source, 'sooner' likewise with an earlier due date, 'blocked' is enrolled elsewhere.
# Where two methods want a person for two sessions of one activity at once, the older method gets them.
ENTER = f"""
WITH wanted AS (
    SELECT w.method_id, w.learner_id, w.run_id, w.reason, m.session_id, s.activity_id, NOT a.several_sessions AS exclusive,
           m.role, m.mandatory, m.course_group_id, coalesce(m.due_at, $5::timestamptz + m.due_days * interval '1 day') AS due_at
    FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::jsonb[]) AS w(method_id, learner_id, run_id, reason)
    JOIN enrollment_method m ON m.id = w.method_id
    JOIN session s ON s.id = m.session_id
    JOIN activity a ON a.id = s.activity_id
    JOIN learner l ON l.id = w.learner_id AND l.status IN ('invited', 'active')
    WHERE NOT EXISTS (
        SELECT FROM source x WHERE x.method_id = w.method_id AND x.learner_id = w.learner_id AND x.until IS NULL)
), placed AS (
    SELECT w.*, coalesce(e.session_id, first_value(w.session_id) OVER (
        PARTITION BY w.learner_id, w.activity_id ORDER BY w.method_id)) AS place
    FROM wanted w
    LEFT JOIN enrollment e ON w.exclusive AND e.exclusive AND e.activity_id = w.activity_id
        AND e.learner_id = w.learner_id AND e.state <> 'expired'
), entering AS (
    SELECT * FROM placed WHERE NOT exclusive OR place = session_id
), before AS (
    SELECT e.session_id, e.learner_id, e.state, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
    FROM enrollment e
    JOIN (SELECT DISTINCT session_id, learner_id FROM entering) p USING (session_id, learner_id)
), opened AS (
    INSERT INTO source (method_id, learner_id, session_id, since, run_id)
    SELECT method_id, learner_id, session_id, $5::timestamptz, run_id FROM entering
    ON CONFLICT (method_id, learner_id) WHERE until IS NULL DO NOTHING
    RETURNING method_id, learner_id
), gathered AS (
    SELECT session_id, activity_id, learner_id, exclusive, min(due_at) AS due_at, bool_or(mandatory) AS mandatory,
           min(role) AS role,
           (array_agg(course_group_id ORDER BY method_id) FILTER (WHERE course_group_id IS NOT NULL))[1] AS course_group_id
    FROM entering GROUP BY session_id, activity_id, learner_id, exclusive
), written AS (
    INSERT INTO enrollment AS e (session_id, activity_id, learner_id, state, exclusive, role, since, due_at, mandatory,
                                 completed_at, course_group_id)
    SELECT g.session_id, g.activity_id, g.learner_id, CASE WHEN st.learner_id IS NULL THEN 'active' ELSE 'completed' END,
           g.exclusive, g.role, $5::timestamptz, g.due_at, g.mandatory,
           CASE WHEN st.learner_id IS NOT NULL THEN coalesce(st.completed_at, $5::timestamptz) END, g.course_group_id
    FROM gathered g
    LEFT JOIN standing st ON g.exclusive AND st.activity_id = g.activity_id AND st.learner_id = g.learner_id
        AND st.status = 'completed'
    ORDER BY g.learner_id, g.session_id
    ON CONFLICT (session_id, learner_id) DO UPDATE SET
        state = CASE WHEN e.state = 'expired' THEN excluded.state ELSE e.state END,
        until = NULL,
        since = CASE WHEN e.state = 'expired' THEN excluded.since ELSE e.since END,
        role = CASE WHEN e.state = 'expired' THEN excluded.role ELSE least(e.role, excluded.role) END,
        due_at = CASE WHEN e.state = 'expired' THEN excluded.due_at
                      WHEN e.due_by_hand THEN e.due_at ELSE least(e.due_at, excluded.due_at) END,
        due_by_hand = e.due_by_hand AND e.state <> 'expired',
        mandatory = excluded.mandatory OR (e.mandatory AND e.state <> 'expired'),
        completed_at = CASE WHEN e.state = 'expired' THEN excluded.completed_at ELSE e.completed_at END,
        course_group_id = coalesce(e.course_group_id, excluded.course_group_id),
        version = e.version + 1
    WHERE e.state = 'expired' OR excluded.mandatory > e.mandatory OR excluded.role < e.role
       OR (NOT e.due_by_hand AND least(e.due_at, excluded.due_at) IS DISTINCT FROM e.due_at)
       OR (e.course_group_id IS NULL AND excluded.course_group_id IS NOT NULL)
    RETURNING e.session_id, e.learner_id, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
), stuck AS (
    INSERT INTO blocked AS b (method_id, learner_id, session_id, other_session_id, since, run_id)
    SELECT method_id, learner_id, session_id, place, $5::timestamptz, run_id FROM placed WHERE exclusive AND place <> session_id
    ON CONFLICT (method_id, learner_id) DO UPDATE SET other_session_id = excluded.other_session_id, run_id = excluded.run_id
    WHERE b.other_session_id <> excluded.other_session_id
    RETURNING method_id, learner_id, other_session_id
), freed AS (
    DELETE FROM blocked b USING entering n WHERE b.method_id = n.method_id AND b.learner_id = n.learner_id
    RETURNING b.method_id, b.learner_id, b.other_session_id
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT n.run_id, n.learner_id, 'entered', b.snapshot, coalesce(w.snapshot, b.snapshot), n.reason
    FROM opened o
    JOIN entering n USING (method_id, learner_id)
    LEFT JOIN before b USING (session_id, learner_id)
    LEFT JOIN written w USING (session_id, learner_id)
    UNION ALL
    SELECT p.run_id, p.learner_id, 'blocked', NULL, jsonb_build_object('session_id', k.other_session_id), p.reason
    FROM stuck k JOIN placed p USING (method_id, learner_id)
    UNION ALL
    SELECT n.run_id, n.learner_id, 'unblocked', jsonb_build_object('session_id', f.other_session_id), NULL, n.reason
    FROM freed f JOIN entering n USING (method_id, learner_id)
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT n.method_id, n.learner_id, n.run_id, n.session_id,
       CASE WHEN b.state IS NULL OR b.state = 'expired' THEN 'enrolled'
            WHEN w.due_at < b.due_at OR (b.due_at IS NULL AND w.due_at IS NOT NULL) THEN 'sooner'
            ELSE 'joined' END AS outcome,
       NULL::integer AS other_session_id
FROM opened o
JOIN entering n USING (method_id, learner_id)
LEFT JOIN before b USING (session_id, learner_id)
LEFT JOIN written w USING (session_id, learner_id)
UNION ALL
SELECT p.method_id, p.learner_id, p.run_id, p.session_id, 'blocked', k.other_session_id
FROM stuck k JOIN placed p USING (method_id, learner_id)
"""

# $1 methods, $2 learners, $3 runs, $4 reasons, $5 now, $6 whether a person confirmed it, $7 what a person asked for instead of the
# methods' policies, of which the mildest decides where several go last together.
# Answers (method_id, learner_id, run_id, session_id, outcome): 'expired', 'erasing' (expired; the progress goes next),
# 'kept' (their last source went, they stay) and 'held' (another source holds them).
LEAVE = f"""
WITH wanted AS (
    SELECT * FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::jsonb[]) AS w(method_id, learner_id, run_id, reason)
), closed AS (
    UPDATE source s SET until = $5::timestamptz, end_run_id = w.run_id FROM wanted w
    WHERE s.method_id = w.method_id AND s.learner_id = w.learner_id AND s.until IS NULL
    RETURNING s.id, s.method_id, s.learner_id, s.session_id, w.run_id, w.reason
), last AS (
    SELECT c.session_id, c.learner_id,
           coalesce($7, (array_agg(m.on_leave ORDER BY array_position(ARRAY['keep', 'expire', 'erase'], m.on_leave)))[1])
               AS on_leave
    FROM closed c JOIN enrollment_method m ON m.id = c.method_id
    WHERE NOT EXISTS (
        SELECT FROM source o WHERE o.session_id = c.session_id AND o.learner_id = c.learner_id AND o.until IS NULL
            AND o.id NOT IN (SELECT id FROM closed x WHERE x.learner_id = c.learner_id))
    GROUP BY c.session_id, c.learner_id
), before AS (
    SELECT e.session_id, e.learner_id, {SNAPSHOT.format(e="e")} AS snapshot
    FROM enrollment e JOIN (SELECT DISTINCT session_id, learner_id FROM closed) p USING (session_id, learner_id)
), ended AS (
    UPDATE enrollment e SET state = 'expired', until = $5::timestamptz, version = e.version + 1 FROM last l
    WHERE e.session_id = l.session_id AND e.learner_id = l.learner_id AND e.state IN ('active', 'suspended')
      AND l.on_leave <> 'keep'
    RETURNING e.session_id, e.learner_id, {SNAPSHOT.format(e="e")} AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT c.run_id, c.learner_id, 'left', b.snapshot, coalesce(e.snapshot, b.snapshot), c.reason
    FROM closed c
    LEFT JOIN before b USING (session_id, learner_id)
    LEFT JOIN ended e USING (session_id, learner_id)
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT c.method_id, c.learner_id, c.run_id, c.session_id,
       CASE WHEN e.learner_id IS NOT NULL THEN CASE WHEN l.on_leave = 'erase' AND $6::boolean THEN 'erasing' ELSE 'expired' END
            WHEN l.learner_id IS NOT NULL THEN 'kept' ELSE 'held' END AS outcome
FROM closed c
LEFT JOIN last l USING (session_id, learner_id)
LEFT JOIN ended e USING (session_id, learner_id)
"""

# $1 runs, $2 sessions, $3 learners. Progress of the session goes: its results, and those that name no session where the
# person has no other enrollment on the activity. The run keeps them for an undo.
ERASE = """
WITH pair AS (
    SELECT p.run_id, p.session_id, p.learner_id, s.activity_id
    FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS p(run_id, session_id, learner_id)
    JOIN session s ON s.id = p.session_id
), gone AS (
    DELETE FROM result r USING pair p
    WHERE r.learner_id = p.learner_id AND (r.session_id = p.session_id OR (
        r.session_id IS NULL AND r.activity_id = p.activity_id AND NOT EXISTS (
            SELECT FROM enrollment e WHERE e.learner_id = p.learner_id AND e.activity_id = p.activity_id
                AND e.session_id <> p.session_id AND e.state <> 'expired')))
    RETURNING p.run_id, r.learner_id, to_jsonb(r) AS result
)
UPDATE run_change c SET before = c.before || jsonb_build_object('results', g.results)
FROM (SELECT run_id, learner_id, jsonb_agg(result) AS results FROM gone GROUP BY run_id, learner_id) g
WHERE c.run_id = g.run_id AND c.learner_id = g.learner_id AND c.change = 'left'
"""

# $1 runs, $2 sessions, $3 learners, $4 reason. What the live sources say of due date, mandatory and role, written where the
# enrollment says otherwise; a due date given by hand stays. Answers who changed and whether they are due sooner.
SETTLE = f"""
WITH pair AS (
    SELECT DISTINCT ON (session_id, learner_id) *
    FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS p(run_id, session_id, learner_id)
    ORDER BY session_id, learner_id, run_id
), told AS (
    SELECT p.session_id, p.learner_id, min(coalesce(m.due_at, s.since + m.due_days * interval '1 day')) AS due_at,
           bool_or(m.mandatory) AS mandatory, min(m.role) AS role
    FROM pair p
    JOIN source s ON s.session_id = p.session_id AND s.learner_id = p.learner_id AND s.until IS NULL
    JOIN enrollment_method m ON m.id = s.method_id
    GROUP BY p.session_id, p.learner_id
), before AS (
    SELECT e.id, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
    FROM enrollment e JOIN pair p USING (session_id, learner_id) WHERE e.state <> 'expired'
), settled AS (
    UPDATE enrollment e SET due_at = CASE WHEN e.due_by_hand THEN e.due_at ELSE t.due_at END, mandatory = t.mandatory,
                            role = t.role, version = e.version + 1
    FROM told t
    WHERE e.session_id = t.session_id AND e.learner_id = t.learner_id AND e.state <> 'expired'
      AND ((NOT e.due_by_hand AND e.due_at IS DISTINCT FROM t.due_at) OR (e.mandatory, e.role) <> (t.mandatory, t.role))
    RETURNING e.id, e.session_id, e.learner_id, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT p.run_id, s.learner_id, 'updated', b.snapshot, s.snapshot, $4::jsonb
    FROM settled s JOIN before b USING (id) JOIN pair p USING (session_id, learner_id)
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT s.session_id, s.learner_id,
       coalesce(s.due_at < b.due_at, false) OR (b.due_at IS NULL AND s.due_at IS NOT NULL) AS sooner
FROM settled s JOIN before b USING (id)
"""

# $1 methods, $2 learners, $3 runs, $4 reasons: they are wanted no longer, so they wait no longer.
RELEASE = """
WITH wanted AS (
    SELECT * FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::jsonb[]) AS w(method_id, learner_id, run_id, reason)
), gone AS (
    DELETE FROM blocked b USING wanted w WHERE b.method_id = w.method_id AND b.learner_id = w.learner_id
    RETURNING b.method_id, b.learner_id, b.other_session_id, w.run_id, w.reason
)
INSERT INTO run_change (run_id, learner_id, change, before, reason)
SELECT run_id, learner_id, 'unblocked', jsonb_build_object('session_id', other_session_id), reason FROM gone
ON CONFLICT (run_id, learner_id, change) DO NOTHING
RETURNING run_id, learner_id
"""

OPEN_RUNS = """
INSERT INTO run (method_id, session_id, cause, actor_id, state, position, detail, created_at, finished_at)
SELECT w.method_id, w.session_id, w.cause, w.actor_id, 'applied', w.position, w.detail, $7, $7
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::bigint[], $6::jsonb[]) WITH ORDINALITY
    AS w(method_id, session_id, cause, actor_id, position, detail, n)
ORDER BY n RETURNING id
"""

# Adds what a chunk did; a run that did nothing and decided nothing leaves no trace.
COUNT_RUNS = """
UPDATE run r SET entered = r.entered + c.entered, left_count = r.left_count + c.left_count, blocked = r.blocked + c.blocked
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[]) AS c(id, entered, left_count, blocked)
WHERE r.id = c.id
"""
