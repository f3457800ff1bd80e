"""SQL of notices: filing them for thousands of people at once, moving, cancelling, putting them to sleep."""

# SQL: many rows in one statement.
CANCEL = "UPDATE notice SET cancelled_at = $2, cancelled_why = $3 WHERE id = ANY($1::bigint[])"

# SQL: a function of the schema.
WAKE = "SELECT wake_messages($1::integer[])"


# SQL: a join of which one side is locked, in order.
def lock_pending(condition: str) -> str:
    """Notices that meet `condition` and whose message is not under way."""
    return f"""
    SELECT n.id AS notice_id, m.id AS message_id, m.due_at FROM notice n JOIN message m ON m.id = n.message_id
    WHERE n.cancelled_at IS NULL AND m.state IN ('pending', 'dormant') AND {condition}
    ORDER BY m.learner_id, m.id FOR UPDATE OF m
    """


# SQL: many rows in one statement.
FILE_NOTICES = """
WITH fresh AS MATERIALIZED (
    SELECT DISTINCT w.* FROM unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::integer[], $5::bigint[])
        AS w(learner_id, due_at, session_id, method_id, run_id)
    WHERE NOT EXISTS (
        -- OFFSET 0: their messages are looked up person by person, and the notices of these, by nothing else. While the tables
        -- are new the planner thinks that they are empty: it would join all of them, or read a small index of what is
        -- pending, or not cancelled, from end to end for each person.
        SELECT FROM (SELECT id, kind, state FROM message WHERE learner_id = w.learner_id OFFSET 0) m
        CROSS JOIN LATERAL (SELECT * FROM notice WHERE message_id = m.id OFFSET 0) n
        WHERE m.state IN ('pending', 'dormant') AND n.kind = ANY($9::text[]) AND n.cancelled_at IS NULL
            AND n.session_id IS NOT DISTINCT FROM w.session_id AND (m.kind <> 'alert' OR n.method_id = w.method_id)
        OFFSET 0)
), filed AS (
    -- In the order of learners, so that two filings at once wait for each other and never in a circle. The
    -- update writes nothing new; it locks the message against being sent before this transaction is through.
    INSERT INTO message AS m (learner_id, kind, due_at, message_id, created_at)
    SELECT learner_id, $7, due_at, $11 || '.' || learner_id || '.' || row_number() OVER (PARTITION BY learner_id), $10
    FROM (SELECT DISTINCT learner_id, due_at FROM fresh) AS each ORDER BY learner_id, due_at
    ON CONFLICT (learner_id, kind, due_at) WHERE state = 'pending' DO UPDATE SET due_at = m.due_at
    RETURNING id, learner_id, due_at
)
INSERT INTO notice (message_id, learner_id, kind, session_id, method_id, run_id, detail)
-- Each has the other. A full join cannot be planned as one look at all messages for each notice.
SELECT f.id, w.learner_id, $6, w.session_id, w.method_id, w.run_id, $8 FROM fresh w FULL JOIN filed f USING (learner_id, due_at)
"""

# SQL: sessions with the organisation's time zone, many at once.
SESSIONS_TO_TELL = "SELECT s.id, s.starts_at, s.ends_at, muster_timezone() AS timezone FROM session s WHERE s.id = ANY($1::integer[])"

# SQL: an upsert that depends on what is there.
MOVE_NOTICES = """
WITH moving AS (
    SELECT n.id, n.learner_id FROM notice n WHERE n.id = ANY($1::bigint[])
), target AS (
    INSERT INTO message AS m (learner_id, kind, due_at, message_id, created_at)
    SELECT DISTINCT learner_id, 'enrollment', $2::timestamptz, $4 || '.' || learner_id, $3::timestamptz
    FROM moving ORDER BY learner_id
    ON CONFLICT (learner_id, kind, due_at) WHERE state = 'pending' DO UPDATE SET due_at = m.due_at
    RETURNING id, learner_id
)
UPDATE notice n SET message_id = t.id FROM target t
WHERE n.id = ANY($1::bigint[]) AND n.learner_id = t.learner_id
"""

# SQL: one write over several tables.
CANCEL_EMPTY = """
UPDATE message m SET state = 'cancelled', cancelled_why = $2
WHERE m.id = ANY($1::bigint[]) AND m.state IN ('pending', 'dormant')
AND NOT EXISTS (
    -- By the message and nothing else, as in filing.
    SELECT FROM (SELECT cancelled_at FROM notice WHERE message_id = m.id OFFSET 0) n WHERE n.cancelled_at IS NULL)
"""

# $1 messages that are due. Alerts are about the moment, and wait for nobody.
# SQL: one write over several tables.
INACTIVE = """
UPDATE message m SET state = 'dormant' FROM learner l
WHERE m.id = ANY($1::bigint[]) AND l.id = m.learner_id AND l.status NOT IN ('invited', 'active') AND m.kind <> 'alert'
RETURNING m.id
"""

# Those about an enrollment that is suspended now; `whole`: the message has nothing else to tell.
# SQL: a join.
SUSPENDED = """
SELECT n.id, n.message_id, bool_and(e.state = 'suspended') OVER (PARTITION BY n.message_id) AS whole,
       e.state = 'suspended' AS suspended
FROM notice n JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL
"""

# $1 notices, $2 the beginning of Message-IDs. They get messages of their own, for the rest of theirs goes out.
# SQL: several writes in one statement.
SET_APART = """
WITH apart AS (
    SELECT n.id, m.id AS message_id, m.learner_id, m.kind, m.due_at, m.created_at
    FROM notice n JOIN message m ON m.id = n.message_id WHERE n.id = ANY($1::bigint[])
), made AS (
    INSERT INTO message (learner_id, kind, due_at, state, message_id, created_at)
    SELECT DISTINCT ON (message_id) learner_id, kind, due_at, 'dormant', $2 || '.' || message_id, created_at
    FROM apart ORDER BY message_id
    RETURNING id, message_id
)
UPDATE notice n SET message_id = d.id FROM apart a JOIN made d ON d.message_id = $2 || '.' || a.message_id WHERE n.id = a.id
"""
