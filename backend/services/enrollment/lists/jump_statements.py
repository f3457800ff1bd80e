"""SQL of jumps of audiences that nobody has looked at yet."""

_JUMPS = """
SELECT m.*, j.id AS jump_id, j.segment_id AS jump_segment_id, g.name AS segment_name, s.name AS session_name, a.title AS activity_title,
       j.day AS jump_day, j.size AS jump_size, j.net AS jump_net, j.low AS jump_low, j.high AS jump_high, j.causes AS jump_causes,
       j.owner_id AS jump_owner_id, j.at AS jump_at
FROM audience_jump j
LEFT JOIN segment g ON g.id = j.segment_id
LEFT JOIN enrollment_method m ON m.id = j.method_id
LEFT JOIN session s ON s.id = m.session_id
LEFT JOIN activity a ON a.id = s.activity_id
WHERE j.state = 'open' AND m.deleted_at IS NULL
"""
# With the method, by which is told whose it is to decide. $1 whose, null: all; $2 how many at most.
# SQL: joins.
OPEN_JUMPS = f"{_JUMPS} AND ($1::integer IS NULL OR j.owner_id = $1) ORDER BY j.id LIMIT $2"

# SQL: likewise; locked, so that two who dismiss it at once do so once.
ONE_JUMP = f"{_JUMPS} AND j.id = $1 FOR UPDATE OF j"
