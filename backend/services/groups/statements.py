"""SQL of groups: many at once, who is in them, and what depends on them."""

# SQL: a sequence, not a table.
RESERVE_GROUP_IDS = (
    "SELECT nextval(pg_get_serial_sequence('learner_group', 'id'))::integer FROM generate_series(1, $1)"
)

# SQL: many rows in one statement.
INSERT_GROUPS = (
    "INSERT INTO learner_group (id, external_id, name, kind, parent_id, description, color, private)"
    " SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[],"
    " $7::text[], $8::boolean[])"
)

# SQL: many rows in one statement.
CHANGE_GROUPS = (
    "UPDATE learner_group g SET name = coalesce(w.name, g.name), kind = coalesce(w.kind, g.kind),"
    " parent_id = w.parent_id, description = coalesce(w.description, g.description),"
    " color = coalesce(w.color, g.color), private = coalesce(w.private, g.private), version = g.version + 1"
    " FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::boolean[])"
    " AS w(id, name, kind, parent_id, description, color, private) WHERE g.id = w.id"
)

# SQL: `dependents.named` asks all of these alike, in order and bounded.
SUBGROUPS = "SELECT id, name FROM learner_group WHERE parent_id = $1"

# SQL: likewise.
SESSIONS_OF_GROUP = "SELECT id, name FROM session WHERE group_id = $1"

# SQL: likewise, and a join.
METHODS_OF_GROUP = (
    "SELECT m.id, coalesce(nullif(m.name, ''), s.name) FROM enrollment_method m"
    " JOIN session s ON s.id = m.session_id WHERE m.group_id = $1 AND m.deleted_at IS NULL"
)

# That it goes is logged again once it does, which changes nothing any more.
# SQL: a row of the log ahead of its time, so that rules that refer to the group are broken before its people have left.
TELL_GONE = """
INSERT INTO outbox (at, facet, ref_id, old) SELECT muster_now(), 'learner_group', g.id, to_jsonb(g) FROM learner_group g WHERE g.id = $1
"""

# SQL: many rows in one statement.
ADD_MEMBERS = """
WITH wanted AS (
    INSERT INTO membership AS m (learner_id, group_id, role, since)
    SELECT l, $2, coalesce($3, 'member'), $4 FROM unnest($1::integer[]) AS w(l) ORDER BY l
    ON CONFLICT (group_id, learner_id) DO UPDATE SET role = $3 WHERE $3::text IS NOT NULL AND m.role <> $3
    RETURNING m.since
)
SELECT count(*) FILTER (WHERE since = $4) AS added, count(*) FILTER (WHERE since <> $4) AS updated FROM wanted
"""

# Methods that enroll through the group: of its own, of a rule with a block of it, or of a session that is the group's.
_THROUGH = """(
    m.group_id = $1 OR s.group_id = $1
    OR EXISTS (SELECT FROM jsonb_array_elements(coalesce(m.rule->'blocks', '[]')) b
               WHERE coalesce(b->'groups', '[]') @> to_jsonb($1::integer)))
"""
_FOLLOWS = "({method}.dynamic AND {method}.active AND {method}.state = 'live' AND {method}.follow = 'both' AND {method}.deleted_at IS NULL)"
# SQL: a join, and a look into rules.
LINKED = f"""
SELECT m.id FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.deleted_at IS NULL AND {_THROUGH}
"""
# $2 methods from which people were kept. Of those that are deleted, the run that deleted them knows what they were.
# SQL: a join, and a look into what runs keep.
ONCE_LINKED = f"""
SELECT r.method_id FROM run r JOIN session s ON s.id = r.session_id
CROSS JOIN LATERAL jsonb_populate_record(NULL::enrollment_method, r.detail->'method') m
WHERE r.method_id = ANY($2::integer[]) AND r.detail->'method_after'->>'deleted_at' IS NOT NULL AND {_THROUGH}
"""

# Sources through group $1 of those who join other groups ($2 and $3) through which another method of the same session may enroll them.
# Both follow changes, and what ends by the first one expires.
# SQL: several tables in one question, and groups above groups.
SWITCHING = f"""
WITH RECURSIVE w AS (
    SELECT learner_id, group_id FROM unnest($2::integer[], $3::integer[]) AS joined(learner_id, group_id)
    UNION SELECT w.learner_id, g.parent_id FROM w JOIN learner_group g ON g.id = w.group_id WHERE g.parent_id IS NOT NULL
)
SELECT DISTINCT o.method_id, o.learner_id FROM w
JOIN source o ON o.learner_id = w.learner_id AND o.until IS NULL AND o.kept_from IS NULL
JOIN enrollment_method old ON old.id = o.method_id AND old.id IN ({LINKED}) AND old.on_leave = 'expire'
JOIN session s ON s.id = o.session_id AND (s.ends_at IS NULL OR s.ends_at > muster_now())
JOIN enrollment_method m ON m.session_id = s.id AND {_THROUGH.replace("$1", "w.group_id")}
WHERE {_FOLLOWS.format(method="old")} AND {_FOLLOWS.format(method="m")}
"""

# SQL: figures over many rows.
HELD = """
SELECT method_id, session_id, kept_from, array_agg(learner_id ORDER BY learner_id) AS learners
FROM source WHERE learner_id = ANY($1::integer[]) AND until IS NULL
GROUP BY method_id, session_id, kept_from ORDER BY method_id
"""

# SQL: several tables in one question.
DUTIES = f"""
SELECT m.* FROM enrollment_method m WHERE m.mandatory AND m.id IN ({LINKED})
    AND EXISTS (SELECT FROM source o WHERE o.method_id = m.id AND o.learner_id = ANY($2::integer[]) AND o.until IS NULL)
"""

# SQL: a join.
NAMES = """
SELECT s.id, s.name, a.title FROM session s JOIN activity a ON a.id = s.activity_id WHERE s.id = ANY($1::integer[])
"""

# SQL: many rows in one statement.
MOVE_MEMBERS = (
    "INSERT INTO membership (learner_id, group_id, role, since)"
    " SELECT l, $3, r, $4 FROM unnest($1::integer[], $2::text[]) AS w(l, r) ORDER BY l"
    " ON CONFLICT (group_id, learner_id) DO NOTHING"
)
