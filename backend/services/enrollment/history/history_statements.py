"""SQL of imported enrollments: methods, runs and the past of many people at once."""

from backend.services.enrollment.writing.enrollment_statements import ZONE

# What an import has said of somebody in a session. Whom a person picked, or who was kept, is in the same method, and nothing of it.
_OWN = """
{o}.session_id = w.session_id AND {o}.learner_id = w.learner_id AND {o}.until IS NULL AND {o}.kept_from IS NULL
    AND EXISTS (SELECT FROM run r WHERE r.id = {o}.run_id AND r.cause = 'import' OFFSET 0)
"""

# $1 sessions, $2 learners, $3 since, $4 until, $5 methods, $6 runs. Sources decide: with `until` it is history, which ends nothing
# but what an import said of the person; who is held otherwise stays. A completed enrollment is never touched; who
# has a live enrollment in another session of an activity that allows only one is left out, but for their history; and so is whom the
# session excludes. $7 now.
# SQL: many rows in one statement.
RECORD_HISTORY = f"""
WITH wanted AS (
    SELECT w.*, s.activity_id, NOT a.several_sessions AS exclusive, e.state AS old_state, e.elsewhere,
           to_jsonb(o) - '{{id,session_id,activity_id,learner_id,exclusive,version,run_id}}'::text[] AS before,
           EXISTS (SELECT FROM source x WHERE {_OWN.format(o="x")} OFFSET 0) AS own,
           EXISTS (SELECT FROM source x WHERE x.session_id = w.session_id AND x.learner_id = w.learner_id AND x.until IS NULL
                   AND NOT ({_OWN.format(o="x")}) OFFSET 0) AS held
    FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::bigint[])
        AS w(session_id, learner_id, since, until, method_id, run_id)
    JOIN session s ON s.id = w.session_id JOIN activity a ON a.id = s.activity_id
    JOIN learner l ON l.id = w.learner_id AND (l.status IN ('invited', 'active') OR w.until IS NOT NULL)
    LEFT JOIN enrollment o ON o.session_id = w.session_id AND o.learner_id = w.learner_id
    CROSS JOIN LATERAL (
        SELECT o.state, NOT a.several_sessions AND EXISTS (
            SELECT FROM enrollment x WHERE x.learner_id = w.learner_id AND x.activity_id = s.activity_id
                AND x.session_id <> w.session_id AND x.exclusive AND x.state <> 'expired' OFFSET 0) AS elsewhere
    ) e
    WHERE w.until IS NOT NULL OR NOT (e.elsewhere OR EXISTS (
        SELECT FROM exclusion x WHERE x.session_id = w.session_id AND x.learner_id = w.learner_id
            AND (x.until IS NULL OR x.until > ($7::timestamptz AT TIME ZONE {ZONE})::date) OFFSET 0))
), ended AS (
    UPDATE source o SET until = w.until, end_run_id = w.run_id FROM wanted w
    WHERE {_OWN.format(o="o")} AND w.until IS NOT NULL
    RETURNING o.session_id, o.learner_id
), sourced AS (
    INSERT INTO source (method_id, learner_id, session_id, since, until, run_id)
    SELECT w.method_id, w.learner_id, w.session_id, w.since, w.until, w.run_id FROM wanted w
    WHERE NOT own AND NOT EXISTS (SELECT FROM source o WHERE o.session_id = w.session_id AND o.learner_id = w.learner_id
        AND (o.until = w.until OR (w.until IS NULL AND o.until IS NULL AND o.method_id = w.method_id)))
    RETURNING session_id, learner_id
), written AS (
    INSERT INTO enrollment AS e (session_id, activity_id, learner_id, state, exclusive, since, until, completed_at, run_id)
    SELECT w.session_id, w.activity_id, w.learner_id,
           CASE WHEN d.at IS NOT NULL THEN 'completed' WHEN w.until IS NULL THEN 'active' ELSE 'expired' END,
           w.exclusive, w.since, CASE WHEN d.at IS NULL THEN w.until END, d.at, w.run_id
    FROM wanted w
    -- Completed in this session; or, where one session is all there is, at any time.
    LEFT JOIN LATERAL (
        SELECT coalesce(r.completed_at, w.since) AS at FROM result r
        WHERE NOT w.elsewhere AND r.learner_id = w.learner_id AND r.activity_id = w.activity_id
          AND r.session_id = w.session_id AND r.step_id IS NULL AND r.status = 'completed'
        UNION ALL
        SELECT coalesce(t.completed_at, w.since) FROM standing t
        WHERE w.exclusive AND w.until IS NULL AND t.activity_id = w.activity_id AND t.learner_id = w.learner_id
          AND t.status = 'completed'
        LIMIT 1
    ) d ON true
    -- Of history only what nothing live speaks against.
    WHERE w.until IS NULL OR (NOT w.held AND (w.own OR w.old_state IS NULL OR w.old_state = 'expired'))
    ORDER BY w.learner_id, w.session_id
    ON CONFLICT (session_id, learner_id) DO UPDATE SET
        state = CASE WHEN e.state = 'suspended' AND excluded.state = 'active' THEN e.state ELSE excluded.state END,
        since = CASE WHEN e.state = 'expired' THEN excluded.since ELSE least(e.since, excluded.since) END,
        until = excluded.until, completed_at = excluded.completed_at, run_id = excluded.run_id, version = e.version + 1
    WHERE e.state <> 'completed' AND CASE
        WHEN e.state = 'expired' AND excluded.state = 'expired' THEN excluded.until > e.until
        WHEN e.state <> 'expired' AND excluded.state = 'active' THEN excluded.since < e.since
        ELSE true END
    RETURNING e.session_id, e.learner_id, e.state, e.version,
              to_jsonb(e) - '{{id,session_id,activity_id,learner_id,exclusive,version,run_id}}'::text[] AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after)
    SELECT w.run_id, w.learner_id,
           CASE WHEN n.state = 'expired' AND w.old_state IN ('active', 'suspended') THEN 'left'
                WHEN n.state = 'expired' OR w.old_state IN ('active', 'suspended') THEN 'updated' ELSE 'entered' END, w.before, n.snapshot
    FROM written n JOIN wanted w USING (session_id, learner_id)
    UNION ALL
    -- Only their sources have changed, or their history has grown: that, too, is taken back with the run.
    SELECT w.run_id, w.learner_id, 'updated', w.before, w.before
    FROM (SELECT * FROM sourced UNION SELECT * FROM ended) h JOIN wanted w USING (session_id, learner_id)
    WHERE NOT EXISTS (SELECT FROM written n WHERE n.session_id = h.session_id AND n.learner_id = h.learner_id)
    ON CONFLICT DO NOTHING
)
SELECT session_id, learner_id, state, version = 1 AS new FROM written
UNION ALL
-- Completed before they left: nothing is written about them, but what held them has ended.
SELECT session_id, learner_id, old_state, false FROM wanted WHERE own AND until IS NOT NULL AND old_state = 'completed'
"""

# SQL: many rows in one statement.
BEGIN_IMPORTS = """
INSERT INTO run (method_id, session_id, cause, actor_id, state, created_at)
SELECT m, s, 'import', $3, 'applying', $4 FROM unnest($1::integer[], $2::integer[]) AS w(m, s)
RETURNING id, session_id
"""

# SQL: figures over many rows.
FINISH_IMPORTS = """
UPDATE run r SET state = 'applied', finished_at = $2, entered = c.entered, left_count = c.gone, total = c.n, done = c.n
FROM (SELECT run_id, count(*) AS n, count(*) FILTER (WHERE change = 'entered') AS entered,
             count(*) FILTER (WHERE change = 'left') AS gone
      FROM run_change WHERE run_id = ANY($1::bigint[]) GROUP BY run_id) c
WHERE r.id = c.run_id
"""

# SQL: asked about many at once.
NOT_ENROLLED = """
SELECT w.l AS learner_id, w.s AS session_id FROM unnest($1::integer[], $2::integer[]) AS w(l, s)
WHERE NOT EXISTS (SELECT FROM enrollment e WHERE e.session_id = w.s AND e.learner_id = w.l
                  AND e.state <> 'expired')
"""
