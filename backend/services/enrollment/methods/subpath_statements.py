"""SQL of subpath methods."""

# $1 an activity, $2 now. The sessions of paths and programs inside it that are the only open ones there.
# SQL: several tables in one question.
ONLY_SESSIONS_INSIDE = """
SELECT min(s.id) AS session_id FROM step t JOIN session s ON s.activity_id = t.child_activity_id
WHERE t.activity_id = $1 AND t.kind IN ('path', 'program') AND NOT s.legacy AND (s.ends_at IS NULL OR s.ends_at > $2)
GROUP BY t.child_activity_id HAVING count(DISTINCT s.id) = 1 ORDER BY 1
"""
