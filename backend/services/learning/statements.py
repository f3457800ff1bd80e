"""SQL of activities and sessions: their columns as lists show them, and writing what belongs to them as a whole list."""

from backend.services.access.statements import IS_OFFERED, WAITS_IN

ACTIVITY_COLUMNS = """
a.id, a.kind, a.title, a.description, a.external_id, a.min_minutes, a.max_minutes, a.several_sessions, a.version,
(SELECT jsonb_build_object('id', c.id, 'title', c.title, 'valid_months', c.valid_months)
 FROM certificate c WHERE c.activity_id = a.id) AS certificate,
(SELECT coalesce(jsonb_agg(jsonb_build_object(
     'id', s.id, 'kind', s.kind, 'activity_id', s.child_activity_id, 'title', s.title, 'body', s.body,
     'mandatory', s.mandatory, 'min_score', s.min_score) ORDER BY s.position), '[]')
 FROM step s WHERE s.activity_id = a.id) AS steps
"""
# What `rights.activity_for` allows one by one: activities with a session one sees, and their steps.
SEEN_ACTIVITIES = f"""
a.id IN (
    WITH RECURSIVE below(id) AS (
        SELECT s.activity_id FROM session s
        WHERE s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY({{}}::integer[]))
           OR s.id IN (SELECT session_id FROM enrollment WHERE learner_id = {{}})
           OR {IS_OFFERED.format("{}")} OR {WAITS_IN.format("{}")}
        UNION
        SELECT t.child_activity_id FROM step t JOIN below ON t.activity_id = below.id
        WHERE t.child_activity_id IS NOT NULL
    )
    SELECT id FROM below
)
"""

SESSION_COLUMNS = """
s.id, s.activity_id, a.title AS activity_title, s.name, s.external_id, s.starts_at, s.ends_at, s.group_id, s.catalog, s.capacity, s.legacy,
s.fuse_count, s.fuse_percent, coalesce(s.fuse_most, o.fuse_most) AS fuse_most,
coalesce(s.fuse_entering, o.fuse_entering) AS fuse_entering, s.version,
ARRAY(SELECT i.learner_id FROM session_instructor i WHERE i.session_id = s.id ORDER BY 1) AS instructor_ids
"""
SESSIONS = "session s JOIN activity a ON a.id = s.activity_id CROSS JOIN organisation o"

AWARDS = "award a JOIN certificate c ON c.id = a.certificate_id JOIN activity t ON t.id = c.activity_id"
AWARD_COLUMNS = "a.id, a.certificate_id, c.title, t.id AS activity_id, t.title AS activity_title, a.issued_at, a.expires_at"

# SQL: figures over many rows.
IN_SEVERAL_SESSIONS = """
SELECT count(*) FROM (
    SELECT FROM enrollment WHERE session_id IN (SELECT id FROM session WHERE activity_id = $1) AND state <> 'expired'
    GROUP BY learner_id HAVING count(*) > 1
) found
"""

# SQL: several tables in one question.
PEOPLE_WITH_RESULTS = (
    "SELECT count(*) FROM (SELECT learner_id FROM standing WHERE activity_id = $1"
    " UNION SELECT learner_id FROM award WHERE certificate_id = $2) known"
)

# SQL: `dependents.named` asks all of these alike, in order and bounded.
SESSIONS_OF_ACTIVITY = "SELECT id, name FROM session WHERE activity_id = $1"

# SQL: likewise, and a join.
ACTIVITIES_WITH_STEP = (
    "SELECT DISTINCT a.id, a.title FROM step s JOIN activity a ON a.id = s.activity_id"
    " WHERE s.child_activity_id = $1"
)

# SQL: likewise, and a join.
METHODS_AFTER_ACTIVITY = (
    "SELECT m.id, coalesce(nullif(m.name, ''), s.name) FROM enrollment_method m"
    " JOIN session s ON s.id = m.session_id WHERE m.after_activity_id = $1 AND m.deleted_at IS NULL"
)

# SQL: likewise, and joins. What a qualification requires is what it gives access to.
QUALIFICATIONS_REQUIRING = """
SELECT DISTINCT g.id, g.name FROM learner_group g
JOIN enrollment_method m ON m.group_id = g.id AND m.kind = 'group' AND m.deleted_at IS NULL AND m.state <> 'draft'
JOIN session s ON s.id = m.session_id WHERE s.activity_id = $1 AND g.kind = 'qualification'
"""

# SQL: likewise.
RULES_INTO_SESSION = "SELECT id, name FROM enrollment_rule WHERE $1 = ANY(targets) AND state <> 'deleted'"

# SQL: many rows in one statement.
CHANGE_STEPS = (
    "UPDATE step s SET position = w.position, kind = w.kind, child_activity_id = w.child, title = w.title,"
    " body = w.body, mandatory = w.mandatory, min_score = w.min_score"
    " FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::text[],"
    " $7::boolean[], $8::double precision[])"
    " AS w(id, position, kind, child, title, body, mandatory, min_score)"
    " WHERE s.id = w.id AND (s.position, s.kind, s.child_activity_id, s.title, s.body, s.mandatory, s.min_score)"
    " IS DISTINCT FROM (w.position, w.kind, w.child, w.title, w.body, w.mandatory, w.min_score)"
)

# SQL: many rows in one statement.
INSERT_STEPS = (
    "INSERT INTO step (activity_id, position, kind, child_activity_id, title, body, mandatory, min_score)"
    " SELECT $8, * FROM unnest($1::integer[], $2::text[], $3::integer[], $4::text[], $5::text[],"
    " $6::boolean[], $7::double precision[])"
)

# SQL: `dependents.named` asks these in order and bounded.
METHODS_OF_SESSION = (
    "SELECT id, coalesce(nullif(name, ''), kind) FROM enrollment_method"
    " WHERE session_id = $1 AND kind <> 'catalog' AND state <> 'draft' AND deleted_at IS NULL"
)
# SQL: likewise; of other sessions, those that follow who is enrolled in this one.
METHODS_FOLLOWING_SESSION = (
    "SELECT id, coalesce(nullif(name, ''), kind) FROM enrollment_method"
    " WHERE parent_session_id = $1 AND session_id <> $1 AND state <> 'draft' AND deleted_at IS NULL"
)
