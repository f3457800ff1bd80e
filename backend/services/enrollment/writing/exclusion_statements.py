"""SQL of exclusions: whom a session leaves out, written for many people at once, with what an undo needs."""

from backend.services.enrollment.writing.enrollment_statements import ZONE

# $1 sessions, $2 learners, $3 now. Of these pairs, who is left out of the session and not enrolled in it.
# SQL: asked about many at once.
LEFT_OUT = f"""
SELECT w.session_id, w.learner_id FROM unnest($1::integer[], $2::integer[]) AS w(session_id, learner_id)
WHERE EXISTS (
    SELECT FROM exclusion x WHERE x.session_id = w.session_id AND x.learner_id = w.learner_id
        AND (x.until IS NULL OR x.until > ($3::timestamptz AT TIME ZONE {ZONE})::date) OFFSET 0)
    AND NOT EXISTS (
    SELECT FROM enrollment e WHERE e.session_id = w.session_id AND e.learner_id = w.learner_id AND e.state <> 'expired' OFFSET 0)
"""

# $1 session, $2 learners, $3 reason, $4 until, $5 where they were moved to, $6 who does it, $7 now, $8 run. Answers the exclusions
# whose place these take.
# SQL: many rows in one statement.
PUT = """
WITH before AS (
    SELECT to_jsonb(x) AS row FROM exclusion x WHERE session_id = $1 AND learner_id = ANY($2::integer[])
), written AS (
    INSERT INTO exclusion (session_id, learner_id, reason, until, moved_to_id, by_id, at, run_id)
    SELECT $1, l, $3, $4, $5, $6, $7, $8 FROM (SELECT DISTINCT unnest($2::integer[]) AS l) w ORDER BY l
    ON CONFLICT (session_id, learner_id) DO UPDATE SET reason = excluded.reason, until = excluded.until,
        moved_to_id = excluded.moved_to_id, by_id = excluded.by_id, at = excluded.at, run_id = excluded.run_id
)
SELECT coalesce(jsonb_agg(row), '[]') FROM before
"""

# $1 session, $2 learners. Answers what they were.
# SQL: many rows in one statement.
LIFT = """
WITH gone AS (DELETE FROM exclusion x WHERE session_id = $1 AND learner_id = ANY($2::integer[]) RETURNING to_jsonb(x) AS row)
SELECT coalesce(jsonb_agg(row), '[]') FROM gone
"""

# $1 run, $2 people, $3 whether of them alone, $4 rows that the run brought back. What the run put, taken back; answers what it was.
# SQL: many rows in one statement.
TAKE_BACK = """
WITH gone AS (
    DELETE FROM exclusion x
    WHERE (run_id = $1 OR (session_id, learner_id, at) IN (
            SELECT r.session_id, r.learner_id, r.at FROM jsonb_array_elements($4::jsonb) AS w(row)
            CROSS JOIN LATERAL jsonb_populate_record(NULL::exclusion, w.row) r))
      AND (NOT $3::boolean OR learner_id = ANY($2::integer[]))
    RETURNING to_jsonb(x) AS row
)
SELECT coalesce(jsonb_agg(row), '[]') FROM gone
"""

# $1 rows as they were, $2 people, $3 whether of them alone. They are of the run that put them, so that its undo takes them back.
# Where somebody has left them out since, that stands. Answers what it brought back.
# SQL: many rows in one statement.
BRING_BACK = """
WITH brought AS (
    INSERT INTO exclusion AS x (session_id, learner_id, reason, until, moved_to_id, by_id, at, run_id)
    SELECT r.session_id, r.learner_id, r.reason, r.until, (SELECT id FROM session WHERE id = r.moved_to_id),
           (SELECT id FROM learner WHERE id = r.by_id), r.at, (SELECT id FROM run WHERE id = r.run_id)
    FROM jsonb_array_elements($1::jsonb) AS w(row) CROSS JOIN LATERAL jsonb_populate_record(NULL::exclusion, w.row) r
    WHERE (NOT $3::boolean OR r.learner_id = ANY($2::integer[])) AND EXISTS (SELECT FROM learner l WHERE l.id = r.learner_id)
    ORDER BY r.learner_id
    ON CONFLICT (session_id, learner_id) DO NOTHING
    RETURNING to_jsonb(x) AS row
)
SELECT coalesce(jsonb_agg(row), '[]') FROM brought
"""

# $1 run, $2 under which name, $3 rows of exclusion.
# SQL: JSON changed where it is.
KEEP = """
UPDATE run SET detail = jsonb_set(detail, ARRAY[$2::text], coalesce(detail->$2::text, '[]') || $3::jsonb) WHERE id = $1
"""
