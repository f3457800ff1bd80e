"""SQL of plans: what they are made for, and what applying them ends."""

# SQL: with the zone that the database knows.
ORGANISATION = "SELECT muster_timezone() AS timezone, fuse_most, fuse_entering FROM organisation"

# SQL: JSON is added to where it is.
SUPERSEDE_HELD = """
UPDATE run SET state = 'rejected', finished_at = $2, detail = detail || '{"superseded": true}'
WHERE method_id = $1 AND state = 'held'
"""

# SQL: a join.
APPLIED_BEFORE = """
SELECT r.id AS run_id, r.method_id, r.entered, r.left_count AS "left", r.gaining, r.losing, r.completed_stay, r.blocked, r.state
FROM run r
JOIN enrollment_method m ON m.id = r.method_id AND m.deleted_at IS NULL
WHERE r.session_id = $1 AND r.cause = 'confirm' AND r.detail->>'plan' = $2 AND r.state IN ('applying', 'applied')
  AND CASE WHEN $3::integer IS NULL THEN coalesce(r.detail->'method', 'null') = 'null'
       ELSE r.method_id = $3 AND r.detail->'method' IS DISTINCT FROM 'null' END
ORDER BY r.id DESC LIMIT 1
"""
