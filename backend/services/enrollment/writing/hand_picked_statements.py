"""SQL of the hand-picked methods."""

# $1 sessions, $2 the acting person, $3 now. An undo or a process of the previous release may have put it aside.
# SQL: many rows in one statement.
HAND_PICKED_METHODS = """
WITH wanted AS (SELECT DISTINCT s FROM unnest($1::integer[]) AS w(s)),
found AS (
    SELECT session_id, id FROM enrollment_method
    WHERE session_id = ANY($1::integer[]) AND hand_picked AND deleted_at IS NULL
), opened AS (
    UPDATE enrollment_method SET active = true, state = 'live', version = version + 1
    WHERE id IN (SELECT id FROM found) AND NOT (active AND state = 'live')
), made AS (
    INSERT INTO enrollment_method (session_id, kind, hand_picked, state, created_by, created_at)
    SELECT s, 'manual', true, 'live', $2, $3 FROM wanted WHERE s NOT IN (SELECT session_id FROM found)
    RETURNING session_id, id
)
SELECT session_id, id FROM found UNION ALL SELECT session_id, id FROM made
"""
