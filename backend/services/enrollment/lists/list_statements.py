"""SQL of lists of enrollments: what is shown of each, why, and who only waits."""

from backend.services.access.statements import COURSE_GROUP_MEMBERS
from backend.services.enrollment.writing.picked_until_statements import END_OF
from backend.services.statements import some_rows

COLUMNS = """
    e.id, e.session_id, s.name AS session_name, e.activity_id, a.title AS activity_title, e.learner_id, l.email,
    l.first_name, l.last_name, e.state, e.role, e.since, e.until, e.due_at, e.mandatory, e.completed_at, e.version,
    st.score, st.status AS standing, st.steps_done,
    (SELECT count(*) FROM step WHERE step.activity_id = e.activity_id) AS steps
"""
ENROLLMENTS = """
enrollment e
JOIN learner l ON l.id = e.learner_id
JOIN session s ON s.id = e.session_id
JOIN activity a ON a.id = e.activity_id
LEFT JOIN standing st ON st.activity_id = e.activity_id AND st.learner_id = e.learner_id
"""
# SQL: a join.
ENROLLMENT = some_rows(COLUMNS, ENROLLMENTS, "e.id = $1")
_BLOCKED = """
SELECT DISTINCT ON (b.learner_id) b.learner_id, b.session_id, s.name AS session_name, s.activity_id,
       a.title AS activity_title, b.since, b.other_session_id, l.email, l.first_name, l.last_name
FROM blocked b
JOIN learner l ON l.id = b.learner_id
JOIN session s ON s.id = b.session_id
JOIN activity a ON a.id = s.activity_id
"""


# SQL: figures over many rows.
def count_blocked(where: str) -> str:
    """How many people wait."""
    return (
        "SELECT count(DISTINCT b.learner_id) FROM blocked b JOIN learner l ON l.id = b.learner_id"
        f" JOIN session s ON s.id = b.session_id WHERE {where}"
    )


# SQL: the first row of each person, with a cursor.
def page_of_blocked(where: str, limit: int) -> str:
    """Up to `limit + 1` people who wait, in the order of their ids."""
    return f"{_BLOCKED} WHERE {where} ORDER BY b.learner_id, b.since LIMIT {limit + 1}"


# SQL: asked about many at once.
SOURCES = f"""
SELECT s.session_id, s.learner_id, s.method_id, s.since, s.kept_from IS NOT NULL AS kept, m.kind, m.name, m.visible, m.hand_picked,
       (SELECT p.until FROM {END_OF}) AS ends_on
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
JOIN source s ON s.session_id = p.session_id AND s.learner_id = p.learner_id AND s.until IS NULL
JOIN enrollment_method m ON m.id = s.method_id
ORDER BY s.since, s.method_id
"""

# SQL: asked about many at once.
COURSE_GROUPS = f"""
SELECT c.session_id, c.learner_id, g.id, g.name, bool_or(c.method_id IS NOT NULL) AS synced
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
JOIN {COURSE_GROUP_MEMBERS} c ON c.session_id = p.session_id AND c.learner_id = p.learner_id
JOIN course_group g ON g.id = c.course_group_id
GROUP BY c.session_id, c.learner_id, g.id ORDER BY lower(g.name), g.id
"""

# A condition on `l`: the person is in one of these classes of the session.
IN_COURSE_GROUPS = f"""l.id IN (
    SELECT c.learner_id FROM {COURSE_GROUP_MEMBERS} c WHERE c.session_id = {{}} AND c.course_group_id = ANY({{}}::integer[]))"""

# A condition on `e`: it is of one of these classes, whatever their sessions.
IN_OWN_COURSE_GROUPS = f"""(e.session_id, e.learner_id) IN (
    SELECT c.session_id, c.learner_id FROM {COURSE_GROUP_MEMBERS} c WHERE c.course_group_id = ANY({{}}::integer[]))"""

# A condition on `l`: the person is in no class of the session.
IN_NO_COURSE_GROUP = f"""l.id NOT IN (
    SELECT c.learner_id FROM {COURSE_GROUP_MEMBERS} c WHERE c.session_id = {{}})"""

# The runs of a session that unenrolled somebody by hand are few, and each names its person.
# SQL: a join.
ENDED = """
SELECT r.id, r.created_at, r.detail->>'text' AS reason, l.id AS actor_id, l.email, l.first_name, l.last_name
FROM run r
JOIN run_change c ON c.run_id = r.id AND c.learner_id = $2 AND c.change = 'left'
LEFT JOIN learner l ON l.id = r.actor_id
WHERE r.session_id = $1 AND r.cause = 'act' AND r.state = 'applied' AND r.detail->>'act' IN ('unenroll', 'exclude', 'move')
ORDER BY r.id DESC LIMIT 1
"""

# The first of many stands for all of them: they share the reason, too.
# SQL: two facets in one order.
LATEST_ENTRIES = """
(SELECT seq, at, facet, old, new, run_id, coalesce(learner_id, learners[1]) AS learner_id,
        coalesce(cardinality(learners), 1) AS people
 FROM change_log WHERE facet = 'enrollment' AND ref_id = $1 ORDER BY seq DESC LIMIT $2)
UNION ALL
(SELECT seq, at, facet, old, new, run_id, learner_id, 1 FROM change_log WHERE facet = 'blocked'
 AND ref_id IN (SELECT id FROM enrollment_method WHERE session_id = $1) ORDER BY seq DESC LIMIT $2)
ORDER BY seq DESC LIMIT $2
"""

# $1 sessions, $2 learners. The words of whoever paused each of them last.
# SQL: the latest of each of many.
PAUSED = """
SELECT DISTINCT ON (p.session_id, p.learner_id) p.session_id, p.learner_id, r.detail->>'text' AS note,
       coalesce(nullif(trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))), ''), by.email) AS by_name
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
JOIN run_change c ON c.learner_id = p.learner_id AND c.change = 'updated'
JOIN run r ON r.id = c.run_id AND r.session_id = p.session_id AND r.state = 'applied' AND r.detail->>'act' = 'suspend'
LEFT JOIN learner by ON by.id = r.actor_id
ORDER BY p.session_id, p.learner_id, r.id DESC
"""
