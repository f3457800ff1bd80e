"""SQL of what sockets follow: boards, the learner's catalog, progress."""

from backend.services.access.statements import COURSE_GROUP_MEMBERS, IS_OFFERED, WAITS_IN
from backend.services.statements import count_rows

_MINE = "($1 OR s.id = ANY($2::integer[]) OR s.group_id = ANY($3::integer[]))"

# Running and coming sessions before those that are over, then the latest start.
_ORDER = "(s.ends_at IS NOT NULL AND s.ends_at < $4), -coalesce(extract(epoch FROM s.starts_at), 0), s.id"

# SQL: a cursor over three columns.
BOARD_SESSIONS = f"""
SELECT s.id, s.activity_id, a.title AS activity_title, s.name, s.external_id, s.starts_at, s.ends_at,
       (SELECT count(*) FROM waiting_place w JOIN enrollment_method m ON m.id = w.method_id AND m.deleted_at IS NULL AND m.state <> 'draft'
        WHERE w.session_id = s.id) AS queue,
       (s.ends_at IS NOT NULL AND s.ends_at < $4) AS over,
       -coalesce(extract(epoch FROM s.starts_at), 0)::float8 AS start_key
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE {_MINE}
  AND ($5::boolean IS NULL OR
       ((s.ends_at IS NOT NULL AND s.ends_at < $4), -coalesce(extract(epoch FROM s.starts_at), 0)::float8, s.id)
       > ($5, $6::float8, $7::integer))
ORDER BY {_ORDER}
LIMIT $8
"""

# SQL: figures over many rows.
BOARD_TIMELINE = """
WITH own AS (
    SELECT (e.since AT TIME ZONE $2)::date AS since, (e.until AT TIME ZONE $2)::date AS until,
           CASE WHEN e.state = 'completed' THEN (e.completed_at AT TIME ZONE $2)::date END AS completed
    FROM enrollment e JOIN learner l ON l.id = e.learner_id AND l.status IN ('invited', 'active')
    WHERE e.session_id = $1
), change AS (
    SELECT greatest(since, $3::date) AS day, 1 AS enrolled, 0 AS completed FROM own
    UNION ALL SELECT greatest(until, $3::date), -1, 0 FROM own WHERE until IS NOT NULL
    -- Who had completed before being enrolled counts from the day they are enrolled.
    UNION ALL SELECT greatest(completed, since, $3::date), 0, 1 FROM own WHERE completed IS NOT NULL
), daily AS (
    SELECT day, sum(enrolled) AS enrolled, sum(completed) AS completed FROM change GROUP BY day
)
SELECT d.day::date AS date,
       coalesce(sum(c.enrolled) OVER w, 0)::integer AS enrolled,
       coalesce(sum(c.completed) OVER w, 0)::integer AS completed
FROM generate_series($3::date, $4::date, '1 day') AS d(day) LEFT JOIN daily c ON c.day = d.day::date
WINDOW w AS (ORDER BY d.day)
ORDER BY d.day
"""

# Everything the learner is or was enrolled in, the latest first.
# SQL: a join.
OWN_ENROLLMENTS = """
SELECT e.id, e.session_id, e.activity_id, e.state, e.since, e.until, e.due_at, e.mandatory, e.exclusive,
       s.name AS session_name, s.starts_at, s.ends_at, a.kind, a.title, a.description,
       st.status AS standing, st.steps_done,
       (SELECT count(*) FROM step WHERE step.activity_id = e.activity_id) AS steps
FROM enrollment e
JOIN session s ON s.id = e.session_id
JOIN activity a ON a.id = e.activity_id
LEFT JOIN standing st ON st.activity_id = e.activity_id AND st.learner_id = e.learner_id
WHERE e.learner_id = $1 ORDER BY e.since DESC, e.id DESC LIMIT $2
"""

# Sessions whose catalog the learner sees and that have not ended, with the ways into them.
# SQL: a join.
OFFERED_SESSIONS = f"""
SELECT s.id AS session_id, {IS_OFFERED.format("$4")} AS is_offered, s.activity_id, s.name AS session_name, s.starts_at, s.ends_at, a.kind, a.title, a.description,
       NOT a.several_sessions AS exclusive,
       (SELECT (SELECT count(*) FROM waiting_place b WHERE b.method_id = w.method_id AND b.id <= w.id)
        FROM waiting_place w JOIN enrollment_method m ON m.id = w.method_id AND m.deleted_at IS NULL AND m.state <> 'draft'
        WHERE w.session_id = s.id AND w.learner_id = $4) AS waiting
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE (s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY($1::integer[]))
       OR {IS_OFFERED.format("$4")} OR {WAITS_IN.format("$4")})
  AND (s.ends_at IS NULL OR s.ends_at > $2)
ORDER BY a.title, s.starts_at, s.id LIMIT $3
"""

# SQL: all of a catalog's at once, for every open socket.
WAYS_IN = """
SELECT * FROM enrollment_method m
WHERE m.session_id = ANY($1::integer[]) AND m.kind <> 'catalog' AND m.active AND m.visible AND m.state <> 'draft' AND m.deleted_at IS NULL
ORDER BY m.id
"""

# To whom sessions are offered, $1: by session.
# SQL: likewise.
OFFERS = "SELECT * FROM enrollment_method WHERE session_id = ANY($1::integer[]) AND kind = 'catalog'"

# SQL: likewise.
CATALOG_STEPS = """
SELECT s.id, s.activity_id, s.kind, s.child_activity_id, s.title, s.mandatory,
       -- As a learner's steps tell it: of the path or program inside no session has been chosen for who is enrolled in the outer one.
       s.kind IN ('path', 'program')
           AND EXISTS (SELECT FROM enrollment e WHERE e.activity_id = s.activity_id AND e.learner_id = $2 AND e.state IN ('active', 'suspended'))
           AND NOT EXISTS (SELECT FROM enrollment e WHERE e.activity_id = s.child_activity_id AND e.learner_id = $2 AND e.state <> 'expired')
           AND NOT EXISTS (SELECT FROM standing st WHERE st.activity_id = s.child_activity_id AND st.learner_id = $2 AND st.status = 'completed')
           AND NOT EXISTS (SELECT FROM result r WHERE r.step_id = s.id AND r.learner_id = $2 AND r.status = 'completed')
           AS needs_session
FROM step s
WHERE s.activity_id = ANY($1::integer[]) ORDER BY s.activity_id, s.position
"""

# SQL: read several times a second; progress is computed there.
RUN_PROGRESS = """
SELECT id, method_id, session_id, actor_id, state, entered, left_count AS "left", gaining, losing, completed_stay, blocked, total, done, finished_at,
       CASE WHEN total > 0 THEN least(done::float8 / total, 1) WHEN state = 'applying' THEN 0 ELSE 1 END AS progress
FROM run WHERE id = $1
"""

# SQL: read several times a second.
IMPORT_PROGRESS = """
SELECT id, kind, state, rows, valid, errors, progress, error, detail, finished_at FROM import_job WHERE id = $1
"""

# SQL: the condition of the page's statement.
COUNT_SESSIONS = count_rows("session s", _MINE)

# $1 which list of the run, $2 how many at most. With the method, by which is told whose it is to decide.
# SQL: a join.
HELD_RUNS = """
SELECT m.*, s.name AS session_name, a.title AS activity_title, r.id AS run_id, r.created_at AS since,
       (SELECT count(*) FROM run_change c WHERE c.run_id = r.id AND c.change = $1) AS people
FROM run r JOIN enrollment_method m ON m.id = r.method_id JOIN session s ON s.id = m.session_id JOIN activity a ON a.id = s.activity_id
WHERE r.state = 'held' AND m.deleted_at IS NULL
    AND EXISTS (SELECT FROM run_change c WHERE c.run_id = r.id AND c.change = $1)
ORDER BY r.id LIMIT $2
"""

# SQL: a join.
FROZEN_METHODS = """
SELECT m.*, s.name AS session_name, a.title AS activity_title
FROM enrollment_method m JOIN session s ON s.id = m.session_id JOIN activity a ON a.id = s.activity_id
WHERE m.state = 'frozen' AND m.active AND m.deleted_at IS NULL AND (s.ends_at IS NULL OR s.ends_at > muster_now())
ORDER BY m.id LIMIT $1
"""

# Broken pins of methods that are not deleted, with the method, by which is told whose it is to decide; then those of segments.
# SQL: a join.
BROKEN_METHOD_PINS = """
SELECT m.*, s.name AS session_name, a.title AS activity_title, p.id AS pin_id, p.learner_id, p.expected, p.broken_since, p.broken_by,
       l.email, l.first_name, l.last_name
FROM rule_pin p JOIN enrollment_method m ON m.id = p.method_id JOIN session s ON s.id = m.session_id
JOIN activity a ON a.id = s.activity_id JOIN learner l ON l.id = p.learner_id
WHERE p.broken_since IS NOT NULL AND m.deleted_at IS NULL ORDER BY m.id, p.id LIMIT $1
"""
# SQL: a join.
BROKEN_SEGMENT_PINS = """
SELECT g.id AS segment_id, g.name, p.id AS pin_id, p.learner_id, p.expected, p.broken_since, p.broken_by,
       l.email, l.first_name, l.last_name
FROM rule_pin p JOIN segment g ON g.id = p.segment_id JOIN learner l ON l.id = p.learner_id
WHERE p.broken_since IS NOT NULL ORDER BY g.id, p.id LIMIT $1
"""

# SQL: without the sheets themselves.
WAITING_IMPORTS = (
    "SELECT id, filename, rows, created_at FROM import_job WHERE state = 'ready' ORDER BY id LIMIT $1"
)

# $1 how many at most, $2 whose; none: of all. Others than admins were asked whether they may decide when it was proposed: they were told then.
# SQL: a join.
OPEN_PROPOSALS = """
SELECT p.id, p.session_id, s.name AS session_name, a.title AS activity_title, p.at,
       coalesce(nullif(trim(concat_ws(' ', nullif(l.first_name, ''), nullif(l.last_name, ''))), ''), l.email) AS by_name
FROM proposal p JOIN session s ON s.id = p.session_id JOIN activity a ON a.id = s.activity_id JOIN learner l ON l.id = p.by_id
WHERE p.state = 'open' AND ($2::integer IS NULL OR EXISTS (
    SELECT FROM message m JOIN notice n ON n.message_id = m.id
    WHERE m.learner_id = $2 AND m.kind = 'alert' AND n.kind = 'proposed' AND n.detail->>'proposal' = p.id::text))
ORDER BY p.id LIMIT $1
"""

# $1 session, $2 its classes that are asked for (null: all). `people` tells apart others in the same number.
# SQL: figures over many rows.
COURSE_GROUPS = f"""
SELECT g.id, g.name, count(l.id) AS members, coalesce(sum(hashint4(l.id)::bigint), 0)::bigint AS people
FROM course_group g
LEFT JOIN (SELECT DISTINCT course_group_id, learner_id FROM {COURSE_GROUP_MEMBERS} c WHERE c.session_id = $1) c
    ON c.course_group_id = g.id
LEFT JOIN learner l ON l.id = c.learner_id AND l.status IN ('invited', 'active')
WHERE g.session_id = $1 AND ($2::integer[] IS NULL OR g.id = ANY($2)) GROUP BY g.id ORDER BY lower(g.name), g.id
"""
