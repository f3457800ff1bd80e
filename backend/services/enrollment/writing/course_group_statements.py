"""SQL of whom methods put into classes without enrolling them."""

# SQL: many rows in one statement.
PUT = """
WITH put AS (
    INSERT INTO course_group_place (method_id, learner_id, since)
    SELECT $1, w.id, $3 FROM unnest($2::integer[]) AS w(id) JOIN learner l ON l.id = w.id
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT count(*) FROM put
"""

# SQL: many rows in one statement.
TAKE_OUT = """
WITH gone AS (
    DELETE FROM course_group_place WHERE method_id = $1 AND learner_id = ANY($2::integer[]) RETURNING 1
)
SELECT count(*) FROM gone
"""

# $1 the method. How many of those whom it holds count now.
# SQL: a figure over rows.
HELD = """
SELECT count(*) FROM course_group_place p JOIN learner l ON l.id = p.learner_id AND l.status IN ('invited', 'active')
WHERE p.method_id = $1
"""
