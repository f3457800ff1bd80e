"""SQL of those who leave: sources that end, enrollments that end with the last of them, and who stays."""

from backend.services.enrollment.writing.enrollment_statements import SNAPSHOT_COLUMNS, snapshot

# $1 methods, $2 learners, $3 runs, $4 reasons, $5 now, $6 whether a person confirmed it, $7 what a person asked for instead
# of the methods' policies, of which the mildest decides where several go last together. What is completed ends only where a person
# asks for `erase` by name.
# Answers (method_id, learner_id, run_id, session_id, enrollment_id, state, outcome, last): 'expired', 'erasing' (expired; the progress
# goes next), 'kept' (their last source went, they stay: KEEP gives them another), 'held' (another source holds them) and 'gone'
# (there was nothing left to end). `last`: of the runs by which somebody leaves at once, the one that is undone first; the
# enrollment ends with it, and the others find it as it was.
# SQL: many rows in one statement.
LEAVE = f"""
WITH closing AS (
    SELECT w.method_id, w.learner_id, w.run_id, w.reason, x.source_id, x.live, m.session_id, e.id AS enrollment_id,
           {", ".join(f"e.{name}" for name in SNAPSHOT_COLUMNS)}, count(*) OVER same AS going,
           max(w.run_id) OVER same AS last_run,
           coalesce($7, (ARRAY['keep', 'expire', 'erase'])[
               min(array_position(ARRAY['keep', 'expire', 'erase'], m.on_leave)) OVER same]) AS on_leave
    FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::jsonb[]) AS w(method_id, learner_id, run_id, reason)
    JOIN enrollment_method m ON m.id = w.method_id
    -- One look at the person's sources in the session tells which one ends, and whether another one lives.
    CROSS JOIN LATERAL (
        SELECT max(o.id) FILTER (WHERE o.method_id = w.method_id) AS source_id, count(*) AS live
        FROM source o WHERE o.learner_id = w.learner_id AND o.session_id = m.session_id AND o.until IS NULL) x
    LEFT JOIN enrollment e ON e.session_id = m.session_id AND e.learner_id = w.learner_id
    WHERE x.source_id IS NOT NULL
    WINDOW same AS (PARTITION BY m.session_id, w.learner_id)
), decided AS (
    SELECT *, CASE WHEN live > going THEN 'held'
                   WHEN state IS NULL OR state = 'expired' THEN 'gone'
                   WHEN on_leave = 'erase' AND $6::boolean AND ($7 = 'erase' OR state <> 'completed') THEN 'erasing'
                   WHEN on_leave = 'keep' OR state = 'completed' THEN 'kept' ELSE 'expired' END AS outcome,
           run_id = last_run AS last
    FROM closing
), closed AS (
    UPDATE source s SET until = $5::timestamptz, end_run_id = d.run_id FROM decided d WHERE s.id = d.source_id
), ended AS (
    UPDATE enrollment e SET state = 'expired', until = $5::timestamptz, run_id = d.run_id, version = e.version + 1,
                            completed_at = CASE WHEN d.outcome = 'expired' THEN e.completed_at END
    FROM decided d
    WHERE e.id = d.enrollment_id AND d.last
      AND (d.outcome = 'erasing' OR (d.outcome = 'expired' AND e.state IN ('active', 'suspended'))) AND e.state <> 'expired'
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT run_id, learner_id, 'left', CASE WHEN enrollment_id IS NOT NULL THEN {snapshot("d")} END,
           CASE WHEN enrollment_id IS NULL THEN NULL WHEN NOT last THEN {snapshot("d")}
                WHEN outcome = 'expired' THEN {snapshot("d", state="'expired'", until="$5::timestamptz")}
                WHEN outcome = 'erasing' THEN {
    snapshot("d", state="'expired'", until="$5::timestamptz", completed_at="NULL::timestamptz")
}
                ELSE {snapshot("d")} END, reason
    FROM decided d
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT method_id, learner_id, run_id, session_id, enrollment_id, state, outcome, last FROM decided
"""

# $1 enrollments. Those that a report completed between being looked at and being ended: they stay after all.
# SQL: asked about many at once.
STILL_LIVE = "SELECT id FROM enrollment WHERE id = ANY($1::bigint[]) AND state <> 'expired'"

# $1 methods that went, $2 learners, $3 runs, $4 sessions, $5 now, $6 sessions and $7 their hand-picked methods. Who stays
# enrolled without any source gets one of the session's hand-picked method, which remembers what it has replaced: by the last of
# the runs, which is undone first.
# SQL: many rows in one statement.
KEEP = """
INSERT INTO source (method_id, learner_id, session_id, since, run_id, kept_from)
SELECT DISTINCT ON (w.session_id, w.learner_id) k.method_id, w.learner_id, w.session_id, $5,
       max(w.run_id) OVER (PARTITION BY w.session_id, w.learner_id), w.method_id
FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::integer[]) AS w(method_id, learner_id, run_id, session_id)
JOIN unnest($6::integer[], $7::integer[]) AS k(session_id, method_id) USING (session_id)
WHERE EXISTS (SELECT FROM enrollment e WHERE e.session_id = w.session_id AND e.learner_id = w.learner_id
              AND e.state <> 'expired' OFFSET 0)
  AND NOT EXISTS (SELECT FROM source s WHERE s.session_id = w.session_id AND s.learner_id = w.learner_id
                  AND s.until IS NULL OFFSET 0)
ORDER BY w.session_id, w.learner_id, w.method_id
ON CONFLICT (method_id, learner_id) WHERE until IS NULL DO NOTHING
"""
