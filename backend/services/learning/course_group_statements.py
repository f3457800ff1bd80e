"""SQL of classes: who is in them and which methods bring them."""

from backend.services.access.statements import COURSE_GROUP_MEMBERS

COLUMNS = f"""
g.id, g.session_id, g.name, g.external_id, g.version,
ARRAY(SELECT i.learner_id FROM course_group_instructor i WHERE i.course_group_id = g.id ORDER BY 1) AS instructor_ids,
(SELECT count(DISTINCT c.learner_id) FROM {COURSE_GROUP_MEMBERS} c JOIN learner l ON l.id = c.learner_id
 WHERE c.course_group_id = g.id AND c.session_id = g.session_id AND l.status IN ('invited', 'active')) AS members
"""
# SQL: figures over many rows.
OF_SESSION = f"""
SELECT {COLUMNS} FROM course_group g WHERE g.session_id = $1 AND ($2::integer[] IS NULL OR g.id = ANY($2))
ORDER BY lower(g.name), g.id
"""

# What brings people into a class while it lives. Whoever a method enrolled by name stays as if placed by hand.
SYNCING = "m.course_group_id IS NOT NULL AND m.dynamic AND m.state <> 'draft' AND m.deleted_at IS NULL"
# SQL: asked about many at once.
SYNCED_BY = f"""
SELECT m.id, m.course_group_id, m.kind, m.name FROM enrollment_method m
WHERE m.session_id = $1 AND {SYNCING} ORDER BY m.course_group_id, m.id
"""

# SQL: `dependents.named` asks these in order and bounded.
METHODS_OF_COURSE_GROUP = (
    "SELECT id, coalesce(nullif(name, ''), kind) FROM enrollment_method"
    " WHERE course_group_id = $1 AND deleted_at IS NULL"
)
