"""SQL of fuses and held lists: what is counted, and who is asked."""

# $1 methods or sessions, $2 since when. From the first run after that on: older ones are not read, however many they are.
# SQL: asked about many at once.
LATELY = """
SELECT w.id, coalesce(sum(r.{column}), 0)::integer AS people
FROM unnest($1::integer[]) AS w(id)
CROSS JOIN LATERAL (SELECT coalesce((
    SELECT o.id FROM run o WHERE o.{of} = w.id AND o.created_at <= $2 ORDER BY o.id DESC LIMIT 1), 0) AS before) b
JOIN run r ON r.{of} = w.id AND r.id > b.before AND r.cause IN ('change', 'clock', 'check') AND r.state <> 'held'
    AND NOT r.detail ? 'as_confirmed'
GROUP BY w.id
"""

# $1 session, $2 method, $3 its people; $4, $5 pairs of method and person that lose their source at the same time.
# SQL: asked about many at once.
LOSING_ACCESS = """
SELECT count(*) FROM enrollment e JOIN enrollment_method m ON m.id = $2 AND m.on_leave <> 'keep'
WHERE e.session_id = $1 AND e.learner_id = ANY($3::integer[]) AND e.state IN ('active', 'suspended')
  AND NOT EXISTS (
    SELECT FROM source o WHERE o.session_id = $1 AND o.learner_id = e.learner_id AND o.until IS NULL AND o.method_id <> $2
        AND (o.method_id, o.learner_id) NOT IN (SELECT * FROM unnest($4::integer[], $5::integer[]))
    OFFSET 0)
"""

# $1 session, $2 activity, $3 people. Who would become enrolled of them, and who is.
# SQL: asked about many at once.
BECOMING_ENROLLED = """
SELECT (SELECT count(*) FROM unnest($3::integer[]) AS w(id) WHERE NOT EXISTS (
            SELECT FROM enrollment e WHERE e.learner_id = w.id AND e.activity_id = $2 AND e.state <> 'expired'
                AND (e.session_id = $1 OR e.exclusive) OFFSET 0))::integer AS entering,
       (SELECT count(*) FROM enrollment WHERE session_id = $1 AND state <> 'expired')::integer AS enrolled
"""

# $1 runs. What people did, and what follows from that; runs of the reconciler that follow from nobody are no acts.
# SQL: several columns in one expression.
ACTS = """
SELECT id, coalesce(caused_by, id) AS act FROM run
WHERE id = ANY($1::bigint[]) AND (caused_by IS NOT NULL OR cause NOT IN ('change', 'clock', 'check'))
"""

# $1 acts, $2 methods as text. What an act expects of ten thousand methods is not read for one of them.
# SQL: a look into what runs keep.
EXPECTED = """
SELECT r.id AS act, m.id AS method, r.detail->'expected'->m.id AS people
FROM run r CROSS JOIN unnest($2::text[]) AS m(id) WHERE r.id = ANY($1::bigint[]) AND r.detail->'expected' ? m.id
"""

# SQL: a join.
PEOPLE_IN_CHARGE = """
SELECT id FROM learner WHERE is_admin AND status IN ('invited', 'active')
UNION SELECT m.created_by FROM enrollment_method m JOIN learner l ON l.id = m.created_by
    AND l.status IN ('invited', 'active') WHERE m.id = $1
"""

# $1 run, $2 change, $3 learners, $4 their reasons.
# SQL: many rows in one statement.
ADD_TO_LIST = """
INSERT INTO run_change (run_id, learner_id, change, reason)
SELECT $1, w.l, $2, w.reason FROM unnest($3::integer[], $4::jsonb[]) AS w(l, reason)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""

# SQL: one write over several tables.
COUNT_LIST = (
    "UPDATE run SET total = (SELECT count(*) FROM run_change WHERE run_id = $1) WHERE id = $1 RETURNING total"
)
