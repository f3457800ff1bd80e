"""SQL of what the index does not know and consequences rest on: due dates by hand, what was let through lately, who waits on held lists."""

from backend.services.enrollment.fuses import fuse_statements
from backend.services.enrollment.writing.enrollment_statements import DUE_BY_METHOD, ZONE
from backend.services.enrollment.writing.picked_until_statements import END_OF

# $1 sessions, $2 learners: pairs. Whose due date was given by hand, which no method moves.
# SQL: asked about many at once.
DUE_BY_HAND = """
SELECT w.session_id, w.learner_id FROM unnest($1::integer[], $2::integer[]) AS w(session_id, learner_id)
JOIN enrollment e USING (session_id, learner_id) WHERE e.due_by_hand AND e.state <> 'expired'
"""

# $1 sessions, $2 learners: pairs. When they are due, and would be by each method that holds them; as `SETTLE` looks at it, without those
# whose date was given by hand.
# SQL: asked about many at once.
DUE_BY_SOURCES = f"""
SELECT e.session_id, e.learner_id, e.due_at, s.method_id,
       {DUE_BY_METHOD.format(since="s.since", zone=ZONE, learner="s.learner_id")} AS due_by
FROM unnest($1::integer[], $2::integer[]) AS w(session_id, learner_id)
JOIN enrollment e USING (session_id, learner_id)
JOIN source s ON s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL AND s.kept_from IS NULL
JOIN enrollment_method m ON m.id = s.method_id
WHERE NOT e.due_by_hand AND e.state NOT IN ('expired', 'completed')
"""

# $1 a method, $2 learners, $3 a day. Whom it holds until that day already.
# SQL: two tables in one question.
ENDS_THEN = f"""
SELECT s.learner_id FROM source s
WHERE s.method_id = $1 AND s.learner_id = ANY($2::integer[]) AND s.until IS NULL AND (SELECT p.until FROM {END_OF}) = $3
"""

# $1 sessions, $2 learners: pairs. Who is told of the session anyway, with the date that counts then.
# SQL: several tables in one question, about many at once.
TOLD_ANYWAY = """
SELECT w.session_id, w.learner_id FROM unnest($1::integer[], $2::integer[]) AS w(session_id, learner_id)
WHERE EXISTS (
    SELECT FROM (SELECT id, state FROM message WHERE learner_id = w.learner_id OFFSET 0) m
    CROSS JOIN LATERAL (SELECT * FROM notice WHERE message_id = m.id OFFSET 0) n
    WHERE m.state IN ('pending', 'dormant') AND n.kind IN ('enrolled', 'due_changed') AND n.cancelled_at IS NULL
        AND n.session_id = w.session_id OFFSET 0)
"""

# $1 methods, $2 since when.
# SQL: as the fuses ask.
LEFT_LATELY = fuse_statements.LATELY.format(column="left_count", of="method_id")

# $1 sessions, $2 since when.
# SQL: as the fuses ask.
ENTERED_LATELY = fuse_statements.LATELY.format(column="entered", of="session_id")

# $1 methods. What those on the list of a held run wait for.
# SQL: several tables in one question.
HELD_LISTS = """
SELECT r.method_id, array_agg(DISTINCT c.change) AS changes FROM run r JOIN run_change c ON c.run_id = r.id
WHERE r.method_id = ANY($1::integer[]) AND r.state = 'held' AND c.change IN ('entered', 'left')
GROUP BY r.method_id
"""
