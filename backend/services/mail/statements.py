"""SQL of messages: claiming, composing, delivering and listing them."""

from backend.enrollment.change_kinds import FIGURES
from backend.services.statements import some_rows

MESSAGES = "message m JOIN learner l ON l.id = m.learner_id"
MESSAGE_COLUMNS = """
m.id, m.learner_id, m.kind, m.state, m.due_at, coalesce(m.email, l.email) AS email, coalesce(m.subject, '') AS subject,
m.attempts, m.retry_at, m.sent_at, m.created_at, m.error, m.error_made_of, m.cancelled_why, m.message_id, coalesce(m.html, '') AS html,
coalesce(m.body, '') AS text
"""
# SQL: a join.
MESSAGE = some_rows(MESSAGE_COLUMNS, MESSAGES, "m.id = $1")

# SQL: texts are changed where they are, without being read.
WRITE_DOWN_SENT = """
UPDATE message SET state = 'sent', sent_at = $2, retry_at = NULL, error = NULL, error_made_of = NULL,
       html = regexp_replace(html, '/invite/[-_A-Za-z0-9]+', '/invite/…', 'g'),
       body = regexp_replace(body, '/invite/[-_A-Za-z0-9]+', '/invite/…', 'g')
WHERE id = $1 AND state = 'sending'
"""

# SQL: a join.
HEADS = """
SELECT m.id, m.kind, l.id AS learner_id, l.email, l.first_name, l.last_name, l.language, l.status,
       l.password_hash IS NOT NULL AS has_password
FROM message m JOIN learner l ON l.id = m.learner_id WHERE m.id = ANY($1::bigint[])
"""

# SQL: a join.
LETTERS = """
SELECT n.message_id, n.kind, n.learner_id, n.session_id, s.name AS session, s.starts_at, s.ends_at,
       a.id AS activity_id, a.title, e.due_at, e.mandatory, n.detail->>'note' AS note,
       trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))) AS by_name
FROM notice n
-- Whatever else is stored there names nobody, and stops no mail.
LEFT JOIN learner by ON by.id = CASE WHEN n.detail->>'by' ~ '^[0-9]{1,9}$' THEN (n.detail->>'by')::integer END
JOIN session s ON s.id = n.session_id
JOIN activity a ON a.id = s.activity_id
JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
LEFT JOIN standing t ON t.activity_id = a.id AND t.learner_id = n.learner_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL AND e.state = 'active'
  -- What was completed in an earlier session counts unless the activity is meant to be taken again.
  AND (a.several_sessions OR t.status IS DISTINCT FROM 'completed')
  AND (n.kind <> 'due_changed' OR e.due_at IS NOT NULL)
ORDER BY n.message_id, s.starts_at NULLS LAST, a.title, s.id
"""

# SQL: many rows in one statement.
INVITE = """
INSERT INTO invitation (token_hash, learner_id, created_at, expires_at)
SELECT h, l, $3, $4 FROM unnest($1::bytea[], $2::integer[]) AS w(h, l)
"""

# A condition on the notice `n` and its session `s`: whom it is for is of the session's staff.
_STAFF = """(
    EXISTS (SELECT FROM session_instructor i WHERE i.session_id = s.id AND i.learner_id = n.learner_id)
    OR EXISTS (
        WITH RECURSIVE above(id, parent_id) AS (
            SELECT g.id, g.parent_id FROM learner_group g WHERE g.id = s.group_id
            UNION SELECT g.id, g.parent_id FROM learner_group g JOIN above a ON g.id = a.parent_id
        )
        SELECT FROM above a JOIN membership m ON m.group_id = a.id AND m.learner_id = n.learner_id AND m.role IN ('admin', 'coach')))"""

# SQL: a join, row by row.
ALERTS = f"""
WITH held AS MATERIALIZED (
    SELECT r.id, f.figures FROM run r CROSS JOIN LATERAL (SELECT to_jsonb(f) AS figures FROM ({FIGURES}) AS f) AS f
    WHERE r.id IN (SELECT run_id FROM notice WHERE message_id = ANY($1::bigint[]) AND kind = 'held')
)
SELECT DISTINCT ON (n.message_id, n.method_id, n.kind) n.message_id, n.kind, n.run_id, n.session_id, em.name AS method,
       em.state_cause, em.state_details, s.name AS session,
       l.language, l.is_admin, o.language AS organisation_language, coalesce(h.figures, '{{}}') AS figures
FROM notice n
CROSS JOIN organisation o
JOIN learner l ON l.id = n.learner_id
JOIN enrollment_method em ON em.id = n.method_id AND (em.state = n.kind OR n.kind = 'failed')
JOIN session s ON s.id = n.session_id
LEFT JOIN held h ON h.id = n.run_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL
    -- Who may decide was asked when it was filed; who is staff of the session no longer hears no more of it.
    AND (n.kind = 'failed' OR l.is_admin OR {_STAFF})
ORDER BY n.message_id, n.method_id, n.kind, n.id
"""

# Jumps are told while nobody has looked at them.
# SQL: a join.
JUMPS = f"""
SELECT n.message_id, coalesce(nullif(em.name, ''), s.name, g.name) AS name, s.name AS session, j.net, j.low, j.high, j.causes,
       l.language, o.language AS organisation_language
FROM notice n
CROSS JOIN organisation o
JOIN audience_jump j ON j.id = CASE WHEN n.detail->>'jump' ~ '^[0-9]{{1,9}}$' THEN (n.detail->>'jump')::integer END AND j.state = 'open'
JOIN learner l ON l.id = n.learner_id
LEFT JOIN enrollment_method em ON em.id = j.method_id
LEFT JOIN session s ON s.id = em.session_id
LEFT JOIN segment g ON g.id = j.segment_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL AND n.kind = 'jumped' AND em.deleted_at IS NULL
    AND (l.is_admin OR {_STAFF})
ORDER BY n.message_id, n.id
"""

# What is proposed is told while it waits for an answer.
# SQL: a join.
PROPOSALS = f"""
SELECT n.message_id, n.kind, n.session_id, s.name AS session,
       CASE n.kind WHEN 'proposed' THEN p.message ELSE p.note END AS note,
       coalesce(nullif(trim(concat_ws(' ', nullif(l.first_name, ''), nullif(l.last_name, ''))), ''), l.email) AS by_name
FROM notice n
JOIN proposal p ON p.id = CASE WHEN n.detail->>'proposal' ~ '^[0-9]{{1,9}}$' THEN (n.detail->>'proposal')::integer END
JOIN learner l ON l.id = p.by_id
JOIN learner reader ON reader.id = n.learner_id
JOIN session s ON s.id = n.session_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL AND n.kind IN ('proposed', 'approved', 'declined')
  AND (n.kind <> 'proposed' OR (p.state = 'open' AND (reader.is_admin OR {_STAFF})))
ORDER BY n.message_id, n.id
"""

# People pinned to methods and segments who are still not where they must be. Names, and what this came from, are for admins alone.
# SQL: a join.
BROKEN_PINS = f"""
SELECT DISTINCT ON (n.message_id, p.method_id, p.segment_id, p.id)
       n.message_id, n.session_id, p.method_id, p.segment_id, p.expected, p.broken_by, reader.language, reader.is_admin,
       o.language AS organisation_language, s.name AS session, coalesce(g.name, nullif(em.name, ''), s.name) AS name,
       coalesce(nullif(trim(concat_ws(' ', nullif(l.first_name, ''), nullif(l.last_name, ''))), ''), l.email) AS person
FROM notice n
CROSS JOIN organisation o
JOIN learner reader ON reader.id = n.learner_id
JOIN rule_pin p ON p.broken_since IS NOT NULL AND (p.method_id = n.method_id
    OR p.segment_id = CASE WHEN n.detail->>'segment' ~ '^[0-9]{{1,9}}$' THEN (n.detail->>'segment')::integer END)
JOIN learner l ON l.id = p.learner_id
LEFT JOIN session s ON s.id = n.session_id
LEFT JOIN enrollment_method em ON em.id = p.method_id
LEFT JOIN segment g ON g.id = p.segment_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL AND n.kind = 'broken_pin'
    AND (g.id IS NOT NULL OR em.deleted_at IS NULL) AND (reader.is_admin OR {_STAFF})
ORDER BY n.message_id, p.method_id, p.segment_id, p.id
"""

# SQL: one write over several tables.
BEGIN_DELIVERY = """
UPDATE message m SET attempts = m.attempts + 1, retry_at = $3 FROM learner l
WHERE m.id = $1 AND m.state = 'sending' AND m.retry_at = $2 AND l.id = m.learner_id
RETURNING m.message_id, m.email, m.subject, m.html, m.body, m.attempts, l.first_name, l.last_name
"""

# What has nothing to say any more, with why.
# SQL: several writes in one statement.
CANCEL_SILENT = """
WITH silent AS (
    UPDATE message m SET state = 'cancelled', cancelled_why = CASE
        WHEN l.status NOT IN ('invited', 'active') THEN 'inactive'
        WHEN m.kind = 'invitation' THEN 'has_password'
        WHEN m.kind = 'alert' THEN 'settled'
        ELSE coalesce((
            SELECT CASE WHEN e.id IS NULL OR e.state = 'expired' THEN 'left'
                        WHEN e.state = 'completed' OR t.status = 'completed' THEN 'completed'
                        WHEN n.kind = 'due_changed' AND e.due_at IS NULL THEN 'no_due_date' END AS why
            FROM notice n
            LEFT JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
            LEFT JOIN standing t ON t.activity_id = e.activity_id AND t.learner_id = e.learner_id
            WHERE n.message_id = m.id AND n.cancelled_at IS NULL ORDER BY why NULLS LAST LIMIT 1), 'nothing_left') END
    FROM learner l WHERE m.id = ANY($1::bigint[]) AND l.id = m.learner_id
    RETURNING m.id, m.cancelled_why
)
UPDATE notice n SET cancelled_at = $2, cancelled_why = s.cancelled_why FROM silent s
WHERE n.message_id = s.id AND n.cancelled_at IS NULL
"""

# SQL: a join.
MOVED_SESSIONS = """
SELECT DISTINCT n.session_id FROM notice n JOIN session s ON s.id = n.session_id
WHERE n.message_id = ANY($1::bigint[]) AND n.kind = 'enrolled' AND n.cancelled_at IS NULL AND s.starts_at > $2
"""

# SQL: takes what nobody else works on.
CLAIM = """
SELECT id, state FROM message
WHERE state IN ('pending', 'sending') AND due_at <= $1 AND (state = 'pending' OR retry_at <= $1)
ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""

# SQL: many rows in one statement.
FIX_CONTENTS = """
UPDATE message m SET state = $7, email = w.email, subject = w.subject, html = w.html, body = w.body,
       message_id = m.message_id || '@' || $8, retry_at = CASE WHEN $7 = 'sending' THEN $6::timestamptz END
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w(id, email, subject, html, body)
WHERE m.id = w.id
"""

# SQL: with the zone that the database knows.
SENDER = "SELECT name, muster_timezone() AS timezone, language FROM organisation"
