"""SQL of what groups give access to."""

# $1 group, $2 activity, $3 groups and $4 sessions that the reader may see it of (null: all), $5 after which id, $6 how many.
_WHERE = """
FROM enrollment_method m JOIN session s ON s.id = m.session_id JOIN activity a ON a.id = s.activity_id
JOIN learner_group g ON g.id = m.group_id
WHERE m.kind = 'group' AND m.deleted_at IS NULL AND m.state <> 'draft'
    AND ($1::integer IS NULL OR m.group_id = $1) AND ($2::integer IS NULL OR s.activity_id = $2)
    AND ($3::integer[] IS NULL OR m.group_id = ANY($3) AND (s.group_id = ANY($3) OR s.id = ANY($4::integer[])))
"""
# SQL: a join, and a cursor.
ASSIGNMENTS = f"""
SELECT m.*, g.name AS group_name, g.kind AS group_kind, g.color AS group_color, s.activity_id, a.kind AS activity_kind,
    a.title AS activity_title, s.name AS session_name
{_WHERE} AND m.id > $5 ORDER BY m.id LIMIT $6
"""
# SQL: a join.
COUNT_ASSIGNMENTS = f"SELECT count(*) {_WHERE}"
