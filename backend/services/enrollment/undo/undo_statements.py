"""The statements of undo: set-based over the people of one chunk."""

from collections.abc import Iterable

from backend.services.enrollment.writing.enrollment_statements import SHARED_LEAST, SNAPSHOT, ZONE

# A source `s` of the run $1 that had ended before the run wrote it.
HISTORY = "s.end_run_id IS NULL AND s.until <= (SELECT created_at FROM run WHERE id = $1)"

# What stands in for a source that a run opened: it ended, and an undo opened it again, as a new row since when it was. `o` is what
# the run opened, `a` what stands in for it now.
REOPENED = """source a JOIN run u ON u.id = a.run_id AND u.cause = 'undo'
               WHERE a.method_id = o.method_id AND a.learner_id = o.learner_id AND a.since = o.since AND a.until IS NULL"""

# Of a living source {of}: that it is the run's own.
_OWN = f"""({{of}}.run_id IS NOT DISTINCT FROM $1 OR EXISTS (
                   SELECT FROM source o WHERE o.run_id = $1 AND o.learner_id = {{of}}.learner_id
                       AND EXISTS (SELECT FROM {REOPENED} AND a.id = {{of}}.id)))"""

# $1 run, $2 learners, $3 session, $4 activity, $5 now. What the run did to each, and how each stands now.
# SQL: figures over many rows.
PEOPLE = f"""
WITH did AS (
    SELECT learner_id, jsonb_object_agg(change, jsonb_build_array(before, after)) AS changes
    FROM run_changes_of($1, $2::integer[]) GROUP BY learner_id
)
SELECT d.learner_id, d.changes,
       (SELECT {SNAPSHOT.format(e="e")} FROM enrollment e WHERE e.session_id + 0 = $3 AND e.learner_id = d.learner_id) AS now,
       (SELECT count(*) FROM source s WHERE s.run_id = $1 AND s.learner_id = d.learner_id AND NOT ({HISTORY})) AS opened,
       (SELECT count(*) FROM source o WHERE o.run_id = $1 AND o.learner_id = d.learner_id
               AND (o.until IS NULL OR EXISTS (SELECT FROM {REOPENED}))) AS opened_live,
       (SELECT count(*) FROM source s WHERE s.end_run_id = $1 AND s.learner_id = d.learner_id) AS closed,
       -- Who has completed is kept by the method that let them go, where that is the hand-picked one.
       EXISTS (SELECT FROM source s JOIN source n ON n.method_id = s.method_id AND n.learner_id = s.learner_id
               AND n.until IS NULL WHERE s.end_run_id = $1 AND s.learner_id = d.learner_id
               AND NOT {_OWN.format(of="n")}) AS closed_again,
       EXISTS (SELECT FROM source s WHERE s.session_id = $3 AND s.learner_id = d.learner_id AND s.until IS NULL
               AND NOT {_OWN.format(of="s")}) AS others,
       EXISTS (SELECT FROM enrollment e WHERE e.exclusive AND e.learner_id = d.learner_id AND e.activity_id = $4
               AND e.session_id <> $3 AND e.state <> 'expired') AS elsewhere,
       -- What the run itself said has been taken back by now.
       EXISTS (SELECT FROM exclusion x WHERE x.session_id = $3 AND x.learner_id = d.learner_id
               AND (x.until IS NULL OR x.until > ($5::timestamptz AT TIME ZONE {ZONE})::date)) AS excluded
FROM did d ORDER BY d.learner_id
"""

# $1 run, $2 learners, $3 session, $4 now, $5 the undo, $6 the session's activity. Takes back those to whom the run did nothing
# but enroll them anew, and who stand exactly as it left them: nearly everybody of a large run. Answers who they are. It is what
# `sort_people` and the statements below do with them; ARRAY has rows found by their keys, and `+ 0` by the person: of a run and
# a session that have just been filled the planner thinks that they hold nobody, and would go through all they hold for each
# person. What the run wrote of many it wrote once, and that is read once.
# SQL: many rows in one statement.
TAKE_BACK = f"""
WITH own AS MATERIALIZED (
    SELECT learner_id, (array_agg(after))[1] AS after, count(*) = 1 AND bool_and(change = 'entered' AND before IS NULL) AS alone
    FROM run_change WHERE run_id = $1 AND learner_id = ANY($2::integer[]) GROUP BY learner_id
), alike AS MATERIALIZED (
    SELECT row_number() OVER () AS number, after, learners FROM (
        SELECT s.after, ARRAY(SELECT unnest(s.learners) INTERSECT SELECT unnest($2::integer[]) EXCEPT SELECT learner_id FROM own)
        FROM run_change_shared s
        WHERE s.run_id = $1 AND s.change = 'entered' AND s.before IS NULL
          AND s.first_id <= (SELECT max(w) FROM unnest($2::integer[]) w) AND s.last_id >= (SELECT min(w) FROM unnest($2::integer[]) w)
        UNION ALL
        SELECT after, array_agg(learner_id) FROM own WHERE alone GROUP BY after
    ) AS did(after, learners)
), plain AS MATERIALIZED (
    SELECT a.number, w.id AS learner_id, x.id AS source_id, e.id AS enrollment_id
    FROM alike a
    CROSS JOIN LATERAL jsonb_populate_record(NULL::enrollment, a.after) AS r
    CROSS JOIN LATERAL unnest(a.learners) AS w(id)
    CROSS JOIN LATERAL (
        SELECT id FROM enrollment WHERE learner_id = w.id AND activity_id = $6::integer AND session_id + 0 = $3
            AND state = r.state AND role = r.role AND mandatory = r.mandatory AND due_by_hand = r.due_by_hand AND since = r.since
            AND due_at IS NOT DISTINCT FROM r.due_at AND completed_at IS NOT DISTINCT FROM r.completed_at
            AND course_group_id IS NOT DISTINCT FROM r.course_group_id AND until IS NULL LIMIT 1) e
    CROSS JOIN LATERAL (
        SELECT id FROM source WHERE run_id = $1 AND learner_id = w.id AND until IS NULL LIMIT 1) x
    WHERE NOT EXISTS (
        SELECT FROM source o WHERE o.learner_id = w.id AND o.id <> x.id
            AND (o.run_id + 0 = $1 OR o.end_run_id + 0 = $1 OR (o.session_id + 0 = $3 AND o.until IS NULL)) OFFSET 0)
), ended AS (
    UPDATE source SET until = $4, end_run_id = $5::bigint WHERE id = ANY(ARRAY(SELECT source_id FROM plain))
), removed AS (
    DELETE FROM enrollment WHERE id = ANY(ARRAY(SELECT enrollment_id FROM plain))
), going AS MATERIALIZED (
    SELECT (SELECT after FROM alike a WHERE a.number = p.number) AS now, p.learners, p.learners[1] AS lowest,
           p.learners[cardinality(p.learners)] AS highest
    FROM (SELECT number, array_agg(learner_id ORDER BY learner_id) AS learners FROM plain GROUP BY number) p
), many AS MATERIALIZED (
    -- Their ranges must not overlap.
    SELECT * FROM going g WHERE cardinality(learners) >= {SHARED_LEAST} AND NOT EXISTS (
        SELECT FROM going o WHERE cardinality(o.learners) >= {SHARED_LEAST} AND o.lowest <> g.lowest
            AND o.lowest <= g.highest AND o.highest >= g.lowest)
), noted_at_once AS (
    INSERT INTO run_change_shared (run_id, change, learners, before) SELECT $5::bigint, 'left', learners, now FROM many
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before)
    SELECT $5::bigint, w.id, 'left', g.now FROM going g CROSS JOIN LATERAL unnest(g.learners) AS w(id)
    WHERE g.lowest NOT IN (SELECT lowest FROM many)
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT coalesce(array_agg(learner_id), '{{}}') FROM plain
"""

# $1 run, $2 learners, $3 now, $4 the undo.
# SQL: many rows in one statement.
END_OPENED = f"""
UPDATE source SET until = $3, end_run_id = $4 WHERE id IN (
    SELECT id FROM source WHERE run_id = $1 AND learner_id = ANY($2::integer[]) AND until IS NULL
    UNION ALL
    SELECT x.id FROM source o CROSS JOIN LATERAL (SELECT a.id FROM {REOPENED}) x
    WHERE o.run_id = $1 AND o.learner_id = ANY($2::integer[]) AND o.until IS NOT NULL
)
"""
# As new rows: the undo can be undone like every run. They are since when they were, and stand for what they stood for.
# SQL: an upsert that depends on what is there.
OPEN_ENDED = """
INSERT INTO source (method_id, learner_id, session_id, since, run_id, kept_from)
SELECT method_id, learner_id, session_id, since, $3, kept_from FROM source
WHERE end_run_id = $1 AND learner_id = ANY($2::integer[])
ON CONFLICT (method_id, learner_id) WHERE until IS NULL DO NOTHING
"""

# $1 run, $2 learners. Answers what is kept for the undo of the undo.
# SQL: many rows in one statement.
FORGET_HISTORY = f"""
DELETE FROM source s WHERE s.run_id = $1 AND s.learner_id = ANY($2::integer[]) AND {HISTORY}
RETURNING s.learner_id, to_jsonb(s) AS row
"""

# $1 session, $2 learners: there was no enrollment before.
# SQL: many rows in one statement.
REMOVE = "DELETE FROM enrollment WHERE session_id + 0 = $1 AND learner_id = ANY($2::integer[])"

# $1 session, $2 learners, $3 snapshots to go back to, $4 the undo.
# SQL: many rows in one statement.
RESTORE = """
INSERT INTO enrollment AS e (session_id, activity_id, learner_id, exclusive, state, role, since, until, due_at, due_by_hand,
                             mandatory, completed_at, course_group_id, run_id)
SELECT $1, s.activity_id, w.learner_id, NOT a.several_sessions, b.state, b.role, b.since, b.until, b.due_at, b.due_by_hand,
       b.mandatory, b.completed_at, (SELECT id FROM course_group WHERE id = b.course_group_id), $4
FROM unnest($2::integer[], $3::jsonb[]) AS w(learner_id, before)
JOIN session s ON s.id = $1
JOIN activity a ON a.id = s.activity_id
CROSS JOIN LATERAL jsonb_populate_record(NULL::enrollment, w.before) AS b
ORDER BY w.learner_id
ON CONFLICT (session_id, learner_id) DO UPDATE SET
    state = excluded.state, role = excluded.role, since = excluded.since, until = excluded.until, due_at = excluded.due_at,
    due_by_hand = excluded.due_by_hand, mandatory = excluded.mandatory, completed_at = excluded.completed_at,
    course_group_id = excluded.course_group_id, run_id = excluded.run_id,
    version = e.version + 1
"""

# $1 rows of result as they were.
# SQL: many rows in one statement.
BRING_BACK = """
INSERT INTO result SELECT r.* FROM unnest($1::jsonb[]) AS w(row) CROSS JOIN LATERAL jsonb_populate_record(NULL::result, w.row) r
ON CONFLICT DO NOTHING
"""

# $1 rows of award as they were.
# SQL: many rows in one statement.
BRING_AWARDS_BACK = """
INSERT INTO award SELECT r.* FROM unnest($1::jsonb[]) AS w(row) CROSS JOIN LATERAL jsonb_populate_record(NULL::award, w.row) r
ON CONFLICT DO NOTHING
"""

# $1 rows of source as they were, $2 the undo.
# SQL: many rows in one statement.
BRING_HISTORY_BACK = """
INSERT INTO source (method_id, learner_id, session_id, since, until, run_id)
SELECT r.method_id, r.learner_id, r.session_id, r.since, r.until, $2
FROM unnest($1::jsonb[]) AS w(row) CROSS JOIN LATERAL jsonb_populate_record(NULL::source, w.row) r
WHERE NOT EXISTS (SELECT FROM source o WHERE o.method_id = r.method_id AND o.learner_id = r.learner_id AND o.until = r.until)
"""

# $1 run, $2 learners.
# SQL: many rows in one statement.
UNBLOCK = "DELETE FROM blocked WHERE run_id = $1 AND learner_id = ANY($2::integer[])"
# $1 method, $2 session, $3 learners, $4 other sessions, $5 now, $6 the undo.
# SQL: many rows in one statement.
BLOCK = """
INSERT INTO blocked (method_id, learner_id, session_id, other_session_id, since, run_id)
SELECT $1, w.learner_id, $2, w.other, $5, $6 FROM unnest($3::integer[], $4::integer[]) AS w(learner_id, other)
WHERE EXISTS (SELECT FROM enrollment e WHERE e.session_id = w.other AND e.learner_id = w.learner_id AND e.state <> 'expired')
ON CONFLICT (method_id, learner_id) DO NOTHING
"""

# $1 the undo, $2 learners, $3 changes, $4 before, $5 after.
# SQL: many rows in one statement.
NOTE = """
INSERT INTO run_change (run_id, learner_id, change, before, after)
SELECT $1, w.* FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::jsonb[]) AS w(learner_id, change, before, after)
ON CONFLICT (run_id, learner_id, change) DO NOTHING
"""

# $1 session, $2 learners, $3 since: who was to be told of their enrollment, and was not, because the run took them out.
# SQL: a join.
UNTOLD = """
SELECT DISTINCT n.learner_id FROM notice n JOIN message m ON m.id = n.message_id
WHERE n.session_id = $1 AND n.learner_id = ANY($2::integer[]) AND n.kind = 'enrolled' AND n.cancelled_at >= $3
  AND m.state <> 'sent'
"""

# SQL: a million ids packed by the database.
PEOPLE_OF_RUN = (
    "SELECT array_send(coalesce(array_agg(learner_id), '{}')) FROM each_run_change WHERE run_id = $1"
)

# SQL: one write over several tables.
TAKE_BACK_EXCLUSIONS = (
    "UPDATE enrollment_method m SET version = version + 1, rule = jsonb_set(rule, '{exclude}', coalesce("
    " (SELECT jsonb_agg(x) FROM jsonb_array_elements(m.rule->'exclude') x WHERE x <> ALL($2::jsonb[])), '[]'))"
    " WHERE m.id = ANY($1::integer[]) AND m.rule IS NOT NULL"
)


# SQL: columns by name from the JSON that a run keeps.
def restore_method(names: Iterable[str]) -> str:
    """These columns of the method as they are in the JSON; where its session has another hand-picked one by now, it is an ordinary one."""
    assignments = ", ".join(f"{name} = b.{name}" for name in names)
    return f"""
    UPDATE enrollment_method m SET {assignments}, version = m.version + 1, hand_picked = m.hand_picked AND NOT EXISTS (
        SELECT FROM enrollment_method x WHERE x.session_id = m.session_id AND x.id <> m.id AND x.hand_picked
            AND x.deleted_at IS NULL)
    FROM jsonb_populate_record(NULL::enrollment_method, $2::jsonb) b WHERE m.id = $1
    """


# $1 run, $2 what is added to its detail.
# SQL: JSON changed where it is.
PAIR = "UPDATE run SET detail = detail || $2::jsonb WHERE id = $1"
