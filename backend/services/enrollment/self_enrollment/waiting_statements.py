"""SQL of self enrollment with places: who waits, and who may move up."""

# Who waits already keeps their turn, unless what they wait for is gone: then they begin anew.
# SQL: an upsert that depends on what is there.
WAIT = """
INSERT INTO waiting_place AS w (method_id, session_id, learner_id, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (session_id, learner_id) DO UPDATE SET id = excluded.id, method_id = excluded.method_id, since = excluded.since
WHERE EXISTS (SELECT FROM enrollment_method m WHERE m.id = w.method_id AND (m.deleted_at IS NOT NULL OR m.state = 'draft'))
"""

# $1 the session, $2 the person. Whoever came earlier is before them.
# SQL: a figure over rows.
POSITION = """
SELECT (SELECT count(*) FROM waiting_place b WHERE b.method_id = w.method_id AND b.id <= w.id)
FROM waiting_place w JOIN enrollment_method m ON m.id = w.method_id
WHERE w.session_id = $1 AND w.learner_id = $2 AND m.deleted_at IS NULL AND m.state <> 'draft'
"""

# Of the method `m` in the session `s`: whether all of its places, or of the session's, are taken. A place is taken as long as somebody is
# enrolled, having completed or being paused, too.
_FULL = """(coalesce(m.capacity <= (SELECT count(*) FROM source o WHERE o.method_id = m.id AND o.until IS NULL), false)
    OR coalesce(s.capacity <= (SELECT count(*) FROM enrollment e WHERE e.session_id = s.id AND e.state <> 'expired'), false))"""

# $1 a method.
# SQL: figures over many rows.
IS_FULL = f"SELECT {_FULL} FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.id = $1"

# Sessions in which somebody may have a place now; $1 now.
# SQL: several tables in one question.
SESSIONS_TO_FILL = f"""
SELECT DISTINCT m.session_id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.id IN (SELECT method_id FROM waiting_place) AND m.active AND m.state = 'live' AND m.deleted_at IS NULL
  AND (s.ends_at IS NULL OR s.ends_at > $1) AND NOT {_FULL}
ORDER BY 1
"""

# $1 a session, $2 now, $3 the day. Who waits in it and may be enrolled: of each method the first ones as far as it has places, and of
# these the first ones as far as the session has.
# SQL: several tables in one question.
NEXT = """
SELECT method_id, learner_id FROM (
    SELECT w.id, w.method_id, w.learner_id, m.capacity, row_number() OVER (PARTITION BY w.method_id ORDER BY w.id) AS turn,
           (SELECT count(*) FROM source o WHERE o.method_id = m.id AND o.until IS NULL) AS taken
    FROM waiting_place w
    JOIN enrollment_method m ON m.id = w.method_id AND m.active AND m.state = 'live' AND m.deleted_at IS NULL
    JOIN session s ON s.id = w.session_id AND (s.ends_at IS NULL OR s.ends_at > $2)
    JOIN learner l ON l.id = w.learner_id AND l.status IN ('invited', 'active')
    WHERE w.session_id = $1
      AND NOT EXISTS (SELECT FROM exclusion x WHERE x.session_id = w.session_id AND x.learner_id = w.learner_id
                      AND (x.until IS NULL OR x.until > $3))
      AND NOT EXISTS (SELECT FROM enrollment e WHERE e.activity_id = s.activity_id AND e.learner_id = w.learner_id
                      AND e.exclusive AND e.state <> 'expired' AND e.session_id <> w.session_id)
) waiting WHERE capacity IS NULL OR taken + turn <= capacity
ORDER BY id LIMIT (
    SELECT CASE WHEN s.capacity IS NOT NULL THEN greatest(0, s.capacity - (
        SELECT count(*) FROM enrollment e WHERE e.session_id = s.id AND e.state <> 'expired')) END
    FROM session s WHERE s.id = $1)
"""

# $1 a session, $2 somebody: by which methods they hold themselves enrolled there.
# SQL: a join.
JOINED = """
SELECT o.method_id, e.state FROM source o JOIN enrollment_method m ON m.id = o.method_id AND m.kind = 'self'
JOIN enrollment e ON e.session_id = o.session_id AND e.learner_id = o.learner_id
WHERE o.session_id = $1 AND o.learner_id = $2 AND o.until IS NULL ORDER BY o.method_id
"""

# How many wait, by session.
# SQL: figures over many rows.
WAITING = """
SELECT w.session_id, count(*) AS people FROM waiting_place w
JOIN enrollment_method m ON m.id = w.method_id AND m.deleted_at IS NULL AND m.state <> 'draft'
WHERE w.session_id = ANY($1::integer[]) GROUP BY 1
"""

# $1 a session (null: everywhere). Who has got a place, or is enrolled in another way meanwhile, waits no longer.
# SQL: one write over two tables.
HAVE_PLACES = """
DELETE FROM waiting_place w USING enrollment e
WHERE ($1::integer IS NULL OR w.session_id = $1) AND e.session_id = w.session_id AND e.learner_id = w.learner_id AND e.state <> 'expired'
"""
