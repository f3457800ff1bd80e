"""SQL of people who are due by a date of their own."""

# $1 how many at most. What is waiting, the oldest first; it is looked at once.
# SQL: a write that answers.
TAKE = """
DELETE FROM due_recheck WHERE id IN (SELECT id FROM due_recheck ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING field_id, learner_id
"""

# $1 fields, $2 learners: where each of them is enrolled by a method that is due by the field.
# SQL: a join, asked about many at once.
CONCERNED = """
SELECT DISTINCT s.session_id, s.learner_id, m.id AS method_id, m.due_field AS field_id
FROM unnest($1::integer[], $2::integer[]) AS w(field_id, learner_id)
JOIN enrollment_method m ON m.due_field = w.field_id AND m.deleted_at IS NULL
JOIN source s ON s.method_id = m.id AND s.learner_id = w.learner_id AND s.until IS NULL
ORDER BY 1, 3, 2
"""
