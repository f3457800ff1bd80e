"""SQL of acts on single enrollments: changes written with what was before and after, and who acts."""

from backend.services.access.statements import COURSE_GROUP_MEMBERS
from backend.services.enrollment.writing import enrollment_statements as sql

# SQL: the rows with the form in which runs keep them.
LOCK_WITH_SNAPSHOT = (
    f"SELECT e.*, {sql.SNAPSHOT.format(e='e')} AS snapshot FROM enrollment e WHERE e.id = ANY($1::bigint[])"
    " ORDER BY e.learner_id, e.id FOR UPDATE"
)

# SQL: asked about many at once.
PLACES = "SELECT id, session_id, learner_id FROM enrollment WHERE id = ANY($1::bigint[])"

# SQL: a union of joins.
IN_COURSE_GROUPS = f"""
SELECT DISTINCT c.learner_id FROM {COURSE_GROUP_MEMBERS} c
WHERE c.course_group_id = ANY($1::integer[]) AND c.session_id = $2 AND c.learner_id = ANY($3::integer[])
"""

# Beyond it no due date is read.
_LATEST = "'9999-12-30'::timestamptz"
# {due} so much later, on the organisation's clocks; of what is not due at all, at the end of the day so much later than {now}.
_LATER = f"""least({_LATEST}, coalesce(
    ({{due}} AT TIME ZONE timezone + {{more}}) AT TIME ZONE timezone,
    ((({{now}} AT TIME ZONE timezone)::date + {{more}})::date + time '23:59:59') AT TIME ZONE timezone))"""

# Whoever has completed it while they were suspended: what is completed is so again with them.
_COMPLETED = """($3::text = 'active' AND e.exclusive AND EXISTS (
            SELECT FROM standing t WHERE t.activity_id = e.activity_id AND t.learner_id = e.learner_id AND t.status = 'completed'))"""

# $1 enrollments, $2 run, $3 their state (null: as it is), $4 what becomes of the due date (keep, set, later, clear), $5 the date, $6 months
# and $7 days later, $8 now, $9 reason. Answers whose due date moved earlier.
# SQL: what was before and after, written in one statement.
CHANGE_ENROLLMENTS = f"""
WITH before AS (
    SELECT e.id, e.due_at, {sql.SNAPSHOT.format(e="e")} AS snapshot FROM enrollment e WHERE e.id = ANY($1::bigint[])
), changed AS (
    UPDATE enrollment e SET
        state = CASE WHEN {_COMPLETED} THEN 'completed' ELSE coalesce($3::text, e.state) END,
        completed_at = CASE WHEN NOT {_COMPLETED} THEN e.completed_at ELSE coalesce((
            SELECT t.completed_at FROM standing t WHERE t.activity_id = e.activity_id AND t.learner_id = e.learner_id), $8::timestamptz) END,
        due_at = CASE $4::text WHEN 'set' THEN $5::timestamptz WHEN 'clear' THEN NULL WHEN 'keep' THEN e.due_at ELSE
            {_LATER.format(due="e.due_at", more="make_interval(months => $6::integer, days => $7::integer)", now="$8::timestamptz")} END,
        due_by_hand = CASE $4::text WHEN 'keep' THEN e.due_by_hand ELSE $4::text <> 'clear' END,
        run_id = $2::bigint,
        version = e.version + 1
    FROM muster_timezone() AS timezone
    WHERE e.id = ANY($1::bigint[])
    RETURNING e.id, e.learner_id, e.due_at, {sql.SNAPSHOT.format(e="e")} AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT $2::bigint, c.learner_id, 'updated', b.snapshot, c.snapshot, $9::jsonb FROM changed c JOIN before b USING (id)
)
SELECT c.learner_id FROM changed c JOIN before b USING (id)
WHERE c.due_at < b.due_at OR (b.due_at IS NULL AND c.due_at IS NOT NULL)
"""

# SQL: asked about many at once.
HELD_BY = """
SELECT method_id, array_agg(learner_id ORDER BY learner_id) AS learners FROM source
WHERE session_id = $1 AND learner_id = ANY($2::integer[]) AND until IS NULL GROUP BY method_id ORDER BY method_id
"""

# $1 enrollments, $2 run, $3 now, $4 reason. Those that no source holds end by themselves.
# SQL: several writes in one statement.
END_WITHOUT_SOURCE = f"""
WITH before AS (
    SELECT e.id, {sql.SNAPSHOT.format(e="e")} AS snapshot FROM enrollment e
    WHERE e.id = ANY($1::bigint[]) AND e.state <> 'expired'
), ended AS (
    UPDATE enrollment e SET state = 'expired', until = $3, run_id = $2::bigint, version = e.version + 1 FROM before b WHERE e.id = b.id
    RETURNING e.id, e.learner_id, {sql.SNAPSHOT.format(e="e")} AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT $2::bigint, e.learner_id, 'left', b.snapshot, e.snapshot, $4::jsonb FROM ended e JOIN before b USING (id)
)
SELECT learner_id FROM ended
"""

# SQL: asked about thousands of addresses at once.
ACCOUNTS = "SELECT id, lower(email) AS email, status FROM learner WHERE lower(email) = ANY($1::text[])"

# $1 session, $2 the day. By a rule of one of its methods, or by name.
# SQL: a look into rules.
LEFT_OUT = """
SELECT DISTINCT x::integer AS learner_id FROM enrollment_method m,
    jsonb_array_elements_text(coalesce(m.rule->'exclude', '[]')) AS x
WHERE m.session_id = $1 AND m.active AND m.state <> 'draft' AND m.deleted_at IS NULL
UNION
SELECT learner_id FROM exclusion WHERE session_id = $1 AND (until IS NULL OR until > $2)
"""

# $1 session, $2 learners. The enrollments of these people that are live, with what runs keep of them, under a lock; `held_in` are the
# classes in which a method holds them.
# SQL: the rows with the form in which runs keep them.
ENROLLED_TO_PLACE = f"""
SELECT e.id, e.learner_id, e.course_group_id, {sql.SNAPSHOT.format(e="e")} AS snapshot,
       ARRAY(SELECT DISTINCT c.course_group_id FROM {COURSE_GROUP_MEMBERS} c
             WHERE c.session_id = e.session_id AND c.learner_id = e.learner_id AND c.method_id IS NOT NULL) AS held_in
FROM enrollment e WHERE e.session_id = $1 AND e.learner_id = ANY($2::integer[]) AND e.state <> 'expired'
ORDER BY e.learner_id FOR UPDATE
"""

# $1 enrollments, $2 the class they are placed in by hand (null: in none), $3 run, $4 reason.
# SQL: what was before and after, written in one statement.
PLACE = f"""
WITH before AS (
    SELECT e.id, {sql.SNAPSHOT.format(e="e")} AS snapshot FROM enrollment e WHERE e.id = ANY($1::bigint[])
), changed AS (
    UPDATE enrollment e SET course_group_id = $2::integer, run_id = $3::bigint, version = e.version + 1
    WHERE e.id = ANY($1::bigint[])
    RETURNING e.id, e.learner_id, {sql.SNAPSHOT.format(e="e")} AS snapshot
)
INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
SELECT $3::bigint, c.learner_id, 'updated', b.snapshot, c.snapshot, $4::jsonb FROM changed c JOIN before b USING (id)
"""
