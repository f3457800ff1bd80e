"""SQL of rights in sessions: the methods and sessions that they are asked of."""

# SQL: asked about many at once.
METHODS_BY_ID = "SELECT * FROM enrollment_method WHERE id = ANY($1::integer[])"

# SQL: asked about many at once.
SESSIONS_BY_ID = "SELECT * FROM session WHERE id = ANY($1::integer[])"

# SQL: of those who count alone.
ADMINS = "SELECT id FROM learner WHERE is_admin AND status IN ('invited', 'active') ORDER BY id"

# $1 sessions, $2 how many at most. Who instructs each of them or leads its group or one above, the nearest first; without admins.
# SQL: recursive.
STAFF = """
WITH RECURSIVE above(session_id, id, parent_id, distance) AS (
    SELECT s.id, g.id, g.parent_id, 1 FROM session s JOIN learner_group g ON g.id = s.group_id WHERE s.id = ANY($1::integer[])
    UNION
    SELECT a.session_id, g.id, g.parent_id, a.distance + 1 FROM learner_group g JOIN above a ON g.id = a.parent_id
), staff AS (
    SELECT session_id, learner_id, 0 AS distance FROM session_instructor WHERE session_id = ANY($1::integer[])
    UNION ALL
    SELECT a.session_id, m.learner_id, a.distance FROM membership m JOIN above a ON a.id = m.group_id
    WHERE m.role IN ('admin', 'coach')
)
SELECT l.id FROM staff f JOIN learner l ON l.id = f.learner_id AND NOT l.is_admin AND l.status IN ('invited', 'active')
GROUP BY l.id HAVING count(DISTINCT f.session_id) = cardinality($1::integer[])
ORDER BY min(f.distance), l.id LIMIT $2
"""
