"""SQL of enrolling in several sessions at once."""

# SQL: all columns of rows that are few, in order.
LIVE_METHODS_OF_KIND = """
SELECT * FROM enrollment_method WHERE session_id = $1 AND kind = $2 AND active AND state <> 'draft' AND NOT hand_picked
    AND deleted_at IS NULL AND enrollment_rule_id IS NULL ORDER BY id
"""

# $1 before which id, $2 in which state, $3 who asks (null: a platform admin, who sees all), $4 how many. To others: their own, and those
# of sessions that they have a part in.
# SQL: a cursor, and several tables in one question.
PROPOSALS = """
SELECT p.* FROM proposal p WHERE p.id < $1 AND ($2::text IS NULL OR p.state = $2)
    AND ($3::integer IS NULL OR p.by_id = $3
         OR EXISTS (SELECT FROM session_instructor i WHERE i.session_id = p.session_id AND i.learner_id = $3)
         OR EXISTS (SELECT FROM membership m WHERE m.learner_id = $3 AND m.role IN ('admin', 'coach')))
ORDER BY p.id DESC LIMIT $4
"""

# SQL: a join.
SESSION_NAMES = """
SELECT s.id, s.name, a.title FROM session s JOIN activity a ON a.id = s.activity_id WHERE s.id = ANY($1::integer[])
"""
