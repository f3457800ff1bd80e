"""Enrollments against their sources, which decide about them."""

from backend.services.enrollment.writing.enrollment_statements import DUE_BY_METHOD, SNAPSHOT, ZONE

# How the two can differ, by session: live enrollments without a live source, live sources without a live enrollment, and live
# enrollments whose due date, role or duty is not what their sources say.
_OF = "($1::integer IS NULL OR {alias}.session_id = $1)"
# SQL: several tables in one question.
SOURCELESS = f"""
SELECT e.session_id, e.learner_id FROM enrollment e
WHERE e.state <> 'expired' AND {_OF.format(alias="e")} AND NOT EXISTS (
    SELECT FROM source s WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL)
ORDER BY e.session_id, e.learner_id LIMIT $2
"""
# SQL: several tables in one question.
UNHELD = f"""
SELECT DISTINCT s.session_id, s.learner_id FROM source s
WHERE s.until IS NULL AND {_OF.format(alias="s")} AND NOT EXISTS (
    SELECT FROM enrollment e WHERE e.session_id = s.session_id AND e.learner_id = s.learner_id AND e.state <> 'expired')
ORDER BY s.session_id, s.learner_id LIMIT $2
"""
# SQL: figures over many rows.
UNSETTLED = f"""
SELECT e.session_id, e.learner_id FROM enrollment e
JOIN (
    SELECT s.session_id, s.learner_id, bool_or(m.mandatory) AS mandatory, min(m.role) AS role,
           min({DUE_BY_METHOD.format(since="s.since", zone=ZONE, learner="s.learner_id")}) AS due_at
    FROM source s JOIN enrollment_method m ON m.id = s.method_id
    WHERE s.until IS NULL AND s.kept_from IS NULL AND {_OF.format(alias="s")} GROUP BY s.session_id, s.learner_id
) t USING (session_id, learner_id)
WHERE e.state IN ('active', 'suspended') AND {_OF.format(alias="e")}
  AND ((NOT e.due_by_hand AND e.due_at IS DISTINCT FROM t.due_at) OR (e.mandatory, e.role) <> (t.mandatory, t.role))
ORDER BY e.session_id, e.learner_id LIMIT $2
"""

# Completed enrollments of people who stand as not having completed: a release before corrected their results, or added steps.
# SQL: a join.
UNCOMPLETED = f"""
SELECT e.session_id, e.learner_id FROM enrollment e
JOIN standing t ON t.activity_id = e.activity_id AND t.learner_id = e.learner_id AND t.status <> 'completed'
WHERE e.state = 'completed' AND e.exclusive AND {_OF.format(alias="e")}
ORDER BY e.session_id, e.learner_id LIMIT $2
"""
# $1 session, $2 learners. A completion that was given stays.
# SQL: one write over several tables.
COMPLETE = """
UPDATE standing t SET status = 'completed', completed_at = coalesce(t.completed_at, e.completed_at)
FROM enrollment e
WHERE e.session_id = $1 AND e.learner_id = ANY($2::integer[]) AND e.state = 'completed' AND e.exclusive
  AND t.activity_id = e.activity_id AND t.learner_id = e.learner_id AND t.status <> 'completed'
"""

# $1 session, $2 learners: by which method each was enrolled last.
# SQL: asked about many at once.
LAST_SOURCES = """
SELECT w.id AS learner_id, (SELECT s.method_id FROM source s WHERE s.session_id = $1 AND s.learner_id = w.id
                            ORDER BY s.until DESC NULLS FIRST, s.id DESC LIMIT 1) AS method_id
FROM unnest($2::integer[]) AS w(id)
"""

# $1 session, $2 learners, $3 run, $4 now. Their sources live: so do their enrollments, unless another session of the activity has
# them; then they wait.
# SQL: many rows in one statement.
REVIVE = f"""
WITH wanted AS (
    SELECT w.id AS learner_id, s.activity_id, NOT a.several_sessions AS exclusive,
           (SELECT min(x.since) FROM source x WHERE x.session_id = $1 AND x.learner_id = w.id AND x.until IS NULL) AS since,
           (SELECT e.session_id FROM enrollment e WHERE NOT a.several_sessions AND e.exclusive AND e.activity_id = s.activity_id
                AND e.learner_id = w.id AND e.session_id <> $1 AND e.state <> 'expired' LIMIT 1) AS elsewhere,
           (SELECT coalesce(t.completed_at, $4) FROM standing t WHERE NOT a.several_sessions AND t.activity_id = s.activity_id
                AND t.learner_id = w.id AND t.status = 'completed') AS completed_at,
           (SELECT {SNAPSHOT.format(e="e")} FROM enrollment e WHERE e.session_id = $1 AND e.learner_id = w.id) AS before
    FROM unnest($2::integer[]) AS w(id) JOIN session s ON s.id = $1 JOIN activity a ON a.id = s.activity_id
), ended AS (
    UPDATE source x SET until = $4, end_run_id = $3::bigint FROM wanted w
    WHERE w.elsewhere IS NOT NULL AND x.session_id = $1 AND x.learner_id = w.learner_id AND x.until IS NULL
    RETURNING x.method_id, x.learner_id, w.elsewhere
), waiting AS (
    INSERT INTO blocked (method_id, learner_id, session_id, other_session_id, since, run_id)
    SELECT method_id, learner_id, $1, elsewhere, $4, $3 FROM ended ON CONFLICT DO NOTHING
), written AS (
    INSERT INTO enrollment AS e (session_id, activity_id, learner_id, state, exclusive, since, completed_at, run_id)
    SELECT $1, activity_id, learner_id, CASE WHEN completed_at IS NULL THEN 'active' ELSE 'completed' END, exclusive, since,
           completed_at, $3::bigint
    FROM wanted WHERE elsewhere IS NULL ORDER BY learner_id
    ON CONFLICT (session_id, learner_id) DO UPDATE SET state = excluded.state, until = NULL, since = excluded.since,
        completed_at = excluded.completed_at, run_id = excluded.run_id, version = e.version + 1
    WHERE e.state = 'expired'
    RETURNING e.learner_id, {SNAPSHOT.format(e="e")} AS snapshot
)
INSERT INTO run_change (run_id, learner_id, change, before, after)
SELECT $3::bigint, n.learner_id, 'entered', w.before, n.snapshot FROM written n JOIN wanted w USING (learner_id)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""

# SQL: one write over several tables.
COUNT_ENTERED = "UPDATE run SET entered = (SELECT count(*) FROM run_change WHERE run_id = $1 AND change = 'entered') WHERE id = $1"
