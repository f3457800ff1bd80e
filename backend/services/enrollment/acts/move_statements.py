"""SQL of moves between sessions of an activity."""

from backend.services.enrollment.writing.enrollment_statements import SNAPSHOT

# A move back lifts what a move has put: only what somebody else said stands.
# SQL: asked about many at once.
LEFT_OUT_FOR_GOOD = """
SELECT learner_id FROM exclusion WHERE session_id = $1 AND learner_id = ANY($2::integer[]) AND moved_to_id IS NULL
    AND (until IS NULL OR until > $3)
"""

# SQL: many rows in one statement.
ALLOW_BOTH = "UPDATE enrollment SET exclusive = false WHERE id = ANY($1::bigint[])"
# SQL: as their activity says.
ALLOW_ONE_AGAIN = """
UPDATE enrollment e SET exclusive = NOT a.several_sessions FROM activity a
WHERE e.id = ANY($1::bigint[]) AND a.id = e.activity_id
"""

# $1 the other session, $2 enrollments they have here, $3 the run. What somebody said of them goes with them: paused, and due.
# SQL: many rows in one statement, with what the run keeps of them.
CARRY_OVER = f"""
WITH carried AS (
    UPDATE enrollment e SET state = CASE WHEN o.state = 'suspended' AND e.state = 'active' THEN 'suspended' ELSE e.state END,
        due_at = CASE WHEN o.due_by_hand THEN o.due_at ELSE e.due_at END, due_by_hand = o.due_by_hand, run_id = $3
    FROM enrollment o WHERE o.id = ANY($2::bigint[]) AND e.session_id = $1 AND e.learner_id = o.learner_id
    RETURNING e.learner_id, {SNAPSHOT.format(e="e")} AS snapshot
)
UPDATE run_change c SET after = d.snapshot FROM carried d
WHERE c.run_id = $3 AND c.learner_id = d.learner_id AND c.change = 'entered'
"""

# SQL: one value.
ENROLLMENT_OF = "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2"
