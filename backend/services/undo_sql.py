"""The statements of undo: set-based over the people of one chunk."""

from backend.services.enrollment_sql import SNAPSHOT

# $1 run, $2 learners, $3 session, $4 activity. What the run did to each, and how each stands now.
PEOPLE = f"""
WITH did AS (
    SELECT learner_id, jsonb_object_agg(change, jsonb_build_array(before, after)) AS changes
    FROM run_change WHERE run_id = $1 AND learner_id = ANY($2::integer[]) GROUP BY learner_id
)
SELECT d.learner_id, d.changes,
       (SELECT {SNAPSHOT.format(e="e")} FROM enrollment e WHERE e.session_id + 0 = $3 AND e.learner_id = d.learner_id) AS now,
       (SELECT count(*) FROM source s WHERE s.run_id = $1 AND s.learner_id = d.learner_id) AS opened,
       (SELECT count(*) FROM source s WHERE s.run_id = $1 AND s.learner_id = d.learner_id AND s.until IS NULL) AS opened_live,
       (SELECT count(*) FROM source s WHERE s.end_run_id = $1 AND s.learner_id = d.learner_id) AS closed,
       EXISTS (SELECT FROM source s JOIN source o ON o.method_id = s.method_id AND o.learner_id = s.learner_id
               AND o.until IS NULL WHERE s.end_run_id = $1 AND s.learner_id = d.learner_id) AS closed_again,
       EXISTS (SELECT FROM source s WHERE s.session_id = $3 AND s.learner_id = d.learner_id AND s.until IS NULL
               AND s.run_id IS DISTINCT FROM $1) AS others,
       EXISTS (SELECT FROM enrollment e WHERE e.exclusive AND e.learner_id = d.learner_id AND e.activity_id = $4
               AND e.session_id <> $3 AND e.state <> 'expired') AS elsewhere
FROM did d ORDER BY d.learner_id
"""

# $1 run, $2 learners, $3 session, $4 now, $5 the undo. Takes back those to whom the run did nothing but enroll them anew,
# and whom nobody has changed since: nearly everybody of a large run. Answers who they are. It is what `sort_people` and the
# statements below do with them; ARRAY has rows found by their keys, and `+ 0` by the person: of a run and a session that have
# just been filled the planner thinks that they hold nobody, and would go through all they hold for each person.
TAKE_BACK = f"""
WITH plain AS MATERIALIZED (
    SELECT w.learner_id, x.id AS source_id, e.id AS enrollment_id, e.now
    FROM unnest($2::integer[]) AS w(learner_id)
    CROSS JOIN LATERAL (
        SELECT after FROM run_change WHERE run_id = $1 AND learner_id = w.learner_id AND change = 'entered'
            AND before IS NULL LIMIT 1) c
    CROSS JOIN LATERAL (
        SELECT id, {SNAPSHOT.format(e="enrollment")} AS now FROM enrollment
        WHERE session_id + 0 = $3 AND learner_id = w.learner_id LIMIT 1) e
    CROSS JOIN LATERAL (
        SELECT id FROM source WHERE run_id = $1 AND learner_id = w.learner_id AND until IS NULL LIMIT 1) x
    WHERE e.now->>'state' <> 'expired'
      AND (e.now->'state', e.now->'role', e.now->'due_at', e.now->'due_by_hand', e.now->'mandatory')
        = (c.after->'state', c.after->'role', c.after->'due_at', c.after->'due_by_hand', c.after->'mandatory')
      AND NOT EXISTS (
        SELECT FROM run_change WHERE run_id = $1 AND learner_id = w.learner_id AND change <> 'entered' OFFSET 0)
      AND NOT EXISTS (
        SELECT FROM source o WHERE o.learner_id = w.learner_id AND o.id <> x.id
            AND (o.run_id + 0 = $1 OR o.end_run_id + 0 = $1 OR (o.session_id + 0 = $3 AND o.until IS NULL)) OFFSET 0)
), ended AS (
    UPDATE source SET until = $4, end_run_id = $5::bigint WHERE id = ANY(ARRAY(SELECT source_id FROM plain))
), removed AS (
    DELETE FROM enrollment WHERE id = ANY(ARRAY(SELECT enrollment_id FROM plain))
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before) SELECT $5::bigint, learner_id, 'left', now FROM plain
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT coalesce(array_agg(learner_id), '{{}}') FROM plain
"""

# $1 run, $2 learners, $3 now, $4 the undo.
END_OPENED = """
UPDATE source SET until = $3, end_run_id = $4 WHERE run_id = $1 AND learner_id = ANY($2::integer[]) AND until IS NULL
"""
# As new rows: the undo can be undone like every run. They are since when they were.
OPEN_ENDED = """
INSERT INTO source (method_id, learner_id, session_id, since, run_id)
SELECT method_id, learner_id, session_id, since, $3 FROM source
WHERE end_run_id = $1 AND learner_id = ANY($2::integer[])
ON CONFLICT (method_id, learner_id) WHERE until IS NULL DO NOTHING
"""

# $1 session, $2 learners: there was no enrollment before.
REMOVE = "DELETE FROM enrollment WHERE session_id + 0 = $1 AND learner_id = ANY($2::integer[])"

# $1 session, $2 learners, $3 snapshots to go back to.
RESTORE = """
INSERT INTO enrollment AS e (session_id, activity_id, learner_id, exclusive, state, role, since, until, due_at, due_by_hand,
                             mandatory, completed_at, course_group_id)
SELECT $1, s.activity_id, w.learner_id, NOT a.several_sessions, b.state, b.role, b.since, b.until, b.due_at, b.due_by_hand,
       b.mandatory, b.completed_at, (SELECT id FROM course_group WHERE id = b.course_group_id)
FROM unnest($2::integer[], $3::jsonb[]) AS w(learner_id, before)
JOIN session s ON s.id = $1
JOIN activity a ON a.id = s.activity_id
CROSS JOIN LATERAL jsonb_populate_record(NULL::enrollment, w.before) AS b
ORDER BY w.learner_id
ON CONFLICT (session_id, learner_id) DO UPDATE SET
    state = excluded.state, role = excluded.role, since = excluded.since, until = excluded.until, due_at = excluded.due_at,
    due_by_hand = excluded.due_by_hand, mandatory = excluded.mandatory, completed_at = excluded.completed_at,
    course_group_id = excluded.course_group_id, version = e.version + 1
"""

# $1 rows of result as they were.
BRING_BACK = """
INSERT INTO result SELECT r.* FROM unnest($1::jsonb[]) AS w(row) CROSS JOIN LATERAL jsonb_populate_record(NULL::result, w.row) r
ON CONFLICT DO NOTHING
"""

# $1 run, $2 learners.
UNBLOCK = "DELETE FROM blocked WHERE run_id = $1 AND learner_id = ANY($2::integer[])"
# $1 method, $2 session, $3 learners, $4 other sessions, $5 now, $6 the undo.
BLOCK = """
INSERT INTO blocked (method_id, learner_id, session_id, other_session_id, since, run_id)
SELECT $1, w.learner_id, $2, w.other, $5, $6 FROM unnest($3::integer[], $4::integer[]) AS w(learner_id, other)
WHERE EXISTS (SELECT FROM enrollment e WHERE e.session_id = w.other AND e.learner_id = w.learner_id AND e.state <> 'expired')
ON CONFLICT (method_id, learner_id) DO NOTHING
"""

# $1 the undo, $2 learners, $3 changes, $4 before, $5 after.
NOTE = """
INSERT INTO run_change (run_id, learner_id, change, before, after)
SELECT $1, w.* FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::jsonb[]) AS w(learner_id, change, before, after)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""

# $1 session, $2 learners, $3 since: who was to be told of their enrollment, and was not, because the run took them out.
UNTOLD = """
SELECT DISTINCT n.learner_id FROM notice n JOIN message m ON m.id = n.message_id
WHERE n.session_id = $1 AND n.learner_id = ANY($2::integer[]) AND n.kind = 'enrolled' AND n.cancelled_at >= $3
  AND m.state <> 'sent'
"""
