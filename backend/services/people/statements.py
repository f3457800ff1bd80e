"""SQL of people: lists as the asker may see them, and the parts of their conditions on the learner `l`."""

from backend.services.access.statements import COURSE_GROUP_MEMBERS, IS_REPORT
from backend.services.statements import some_rows
from backend.services.where_clauses import Sort

ONESELF_AND_TEAM = f"l.id = {{0}} OR {IS_REPORT}"
IN_GROUPS = "EXISTS (SELECT FROM membership x WHERE x.learner_id = l.id AND x.group_id = ANY({1}::integer[]))"
IN_SESSIONS = (
    "EXISTS (SELECT FROM enrollment e WHERE e.learner_id = l.id AND e.session_id = ANY({2}::integer[]))"
)
IN_COURSE_GROUPS = f"EXISTS (SELECT FROM {COURSE_GROUP_MEMBERS} c WHERE c.learner_id = l.id AND c.course_group_id = ANY({{3}}::integer[]))"
# Who is not approved waits to be in it.
IN_GROUP = "l.status <> 'pending' AND EXISTS (SELECT FROM membership m WHERE m.learner_id = l.id AND m.group_id = {})"
IN_TREE = """
l.id IN (
    WITH RECURSIVE tree(id) AS (
        SELECT {}::integer UNION SELECT g.id FROM learner_group g JOIN tree ON g.parent_id = tree.id
    )
    SELECT m.learner_id FROM membership m JOIN tree ON m.group_id = tree.id
) AND l.status <> 'pending'
"""
MANAGES = "EXISTS (SELECT FROM learner r WHERE r.manager_id = l.id)"
MANAGES_IN_GROUPS = """
EXISTS (
    SELECT FROM learner r WHERE r.manager_id = l.id
    AND EXISTS (SELECT FROM membership x WHERE x.learner_id = r.id AND x.group_id = ANY({}::integer[]))
)
"""


def _value_of(field_id: int) -> str:
    return f"SELECT FROM field_value v WHERE v.learner_id = l.id AND v.field_id = {field_id}"


def without_value(field_id: int) -> str:
    """Without a value of this field."""
    return f"NOT EXISTS ({_value_of(field_id)})"


def with_value(field_id: int, kind: str, mark: str) -> str:
    """With the value of this field that the parameter holds."""
    return f"EXISTS ({_value_of(field_id)} AND v.{kind}_value = {mark})"


def learner_columns(shown: str) -> str:
    """The columns of a learner on the wire; of their groups `g` those that are `shown`."""
    return f"""
    l.id, l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
    l.is_admin, l.version,
    (SELECT coalesce(jsonb_object_agg(f.key, field_json(v)), '{{}}')
     FROM field_value v JOIN field f ON f.id = v.field_id WHERE v.learner_id = l.id) AS fields,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'role', o.role, 'name', g.name, 'color', g.color,
                                                       'waiting', l.status = 'pending') ORDER BY g.id), '[]')
     FROM membership o JOIN learner_group g ON g.id = o.group_id WHERE o.learner_id = l.id AND {shown}) AS groups
    """


def members(group_mark: str) -> str:
    """Learners as members of a group."""
    return (
        f"learner l JOIN membership mm ON mm.learner_id = l.id AND mm.group_id = {group_mark}"
        " AND l.status <> 'pending'"
    )


# SQL: a cursor over several columns, fields and groups of a page in one question.
def page_of_learners(  # noqa: PLR0913 - the parts of a query
    columns: str, source: str, where: str, order: Sort, limit: int, *, members: bool
) -> str:
    """A page, chosen before fields and groups are gathered, so that they are for the page alone."""
    chosen = f"l.*, {order.columns}{', mm.role, mm.since' if members else ''}"
    keys = [f"l.key_{i}" for i in range(len(order.keys))]
    in_order = ", ".join(f"{key} DESC" if order.descending else key for key in keys)
    return (
        f"WITH page AS MATERIALIZED ({some_rows(chosen, source, where)} ORDER BY {order.order} LIMIT {limit + 1})"
        f" SELECT {columns}, {', '.join(keys)}{', l.role, l.since' if members else ''} FROM page l ORDER BY {in_order}"
    )


# SQL: five tables in one question.
ROLES = """
SELECT EXISTS (SELECT FROM membership WHERE learner_id = $1 AND role = 'admin') AS group_admin,
       EXISTS (SELECT FROM membership WHERE learner_id = $1 AND role = 'coach') AS coach,
       EXISTS (SELECT FROM session_instructor WHERE learner_id = $1)
           OR EXISTS (SELECT FROM course_group_instructor WHERE learner_id = $1) AS instructor,
       EXISTS (SELECT FROM learner WHERE manager_id = $1) AS manager,
       EXISTS (SELECT FROM environment_reseller WHERE learner_id = $1) AS reseller
"""

# SQL: asked for every sample of people, many at once.
PEOPLE = "SELECT id, email, first_name, last_name FROM learner WHERE id = ANY($1::integer[]) ORDER BY id"

# SQL: a join.
BLOCKED = """
SELECT l.id, l.email, l.first_name, l.last_name, e.session_id
FROM learner l
JOIN session s ON s.id = $2
JOIN enrollment e ON e.learner_id = l.id AND e.activity_id = s.activity_id AND e.session_id <> s.id AND e.state <> 'expired'
WHERE l.id = ANY($1::integer[]) ORDER BY l.id
"""

# SQL: recursive.
MANAGERS_ABOVE = """
WITH RECURSIVE above(id, manager_id) AS (
    SELECT id, manager_id FROM learner WHERE id = ANY($1::integer[])
    UNION
    SELECT l.id, l.manager_id FROM above a JOIN learner l ON l.id = a.manager_id
)
SELECT id, manager_id FROM above WHERE manager_id IS NOT NULL
"""

# As the list of one person's enrollments: of others than oneself and one's team, those in sessions one sees.
# SQL: figures over many rows.
OPEN_ENROLLMENTS = """
SELECT e.learner_id, count(*) AS open, count(*) FILTER (WHERE e.due_at < $2) AS overdue
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN learner l ON l.id = e.learner_id
WHERE e.learner_id = ANY($1::integer[]) AND e.state IN ('active', 'suspended')
  AND ($3 OR $4 IN (l.id, l.manager_id) OR s.group_id = ANY($5::integer[]) OR s.id = ANY($6::integer[]))
GROUP BY e.learner_id
"""

# SQL: figures over many rows.
VALUES_IN_USE = (
    "SELECT text_value, count(*) FROM field_value WHERE field_id = $1 AND text_value = ANY($2)"
    " GROUP BY text_value ORDER BY text_value LIMIT 5"
)

# SQL: asked about ten thousand people at once.
EXISTING_LEARNERS = (
    "SELECT id, lower(email) AS key, external_id, status FROM learner"
    " WHERE external_id = ANY($1) OR lower(email) = ANY($2)"
)

# SQL: a sequence, not a table.
RESERVE_LEARNER_IDS = (
    "SELECT nextval(pg_get_serial_sequence('learner', 'id'))::integer FROM generate_series(1, $1)"
)

# SQL: many rows in one statement.
INSERT_LEARNERS = """
INSERT INTO learner (id, email, first_name, last_name, language, status, added_at, external_id, manager_id,
                     password_hash, is_admin)
SELECT i.id, i.email, i.first_name, i.last_name, coalesce(i.language, o.language), i.status, i.added_at,
       i.external_id, i.manager_id, i.password_hash, i.is_admin
FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
            $8::text[], $9::integer[], $10::text[], $11::boolean[])
     AS i(id, email, first_name, last_name, language, status, added_at, external_id, manager_id,
          password_hash, is_admin),
     organisation o
"""

# SQL: many rows in one statement.
CHANGE_LEARNERS = """
WITH given AS (
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::text[], $9::boolean[], $10::integer[], $11::boolean[],
                         $12::text[], $13::boolean[], $14::boolean[])
        AS i(id, email, first_name, last_name, language, status, added_at, external_id, external_given,
             manager_id, manager_given, password_hash, is_admin, touched)
), wanted AS (
    SELECT l.id, coalesce(i.email, l.email) AS email, coalesce(i.first_name, l.first_name) AS first_name,
           coalesce(i.last_name, l.last_name) AS last_name, coalesce(i.language, l.language) AS language,
           coalesce(i.status, l.status) AS status, coalesce(i.added_at, l.added_at) AS added_at,
           CASE WHEN i.external_given THEN i.external_id ELSE l.external_id END AS external_id,
           CASE WHEN i.manager_given THEN i.manager_id ELSE l.manager_id END AS manager_id,
           coalesce(i.password_hash, l.password_hash) AS password_hash,
           coalesce(i.is_admin, l.is_admin) AS is_admin, i.touched
    FROM given i JOIN learner l ON l.id = i.id
)
UPDATE learner l SET email = w.email, first_name = w.first_name, last_name = w.last_name,
       language = w.language, status = w.status, added_at = w.added_at, external_id = w.external_id,
       manager_id = w.manager_id, password_hash = w.password_hash, is_admin = w.is_admin,
       version = l.version + 1
FROM wanted w
WHERE l.id = w.id AND (w.touched OR
    (l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
     l.password_hash, l.is_admin)
    IS DISTINCT FROM
    (w.email, w.first_name, w.last_name, w.language, w.status, w.added_at, w.external_id, w.manager_id,
     w.password_hash, w.is_admin))
RETURNING l.id
"""

# SQL: many rows in one statement.
ADD_MEMBERSHIPS = (
    "INSERT INTO membership (learner_id, group_id, role, since)"
    " SELECT l, g, r, $4 FROM unnest($1::integer[], $2::integer[], $3::text[]) AS w(l, g, r)"
    " ON CONFLICT (group_id, learner_id) DO NOTHING RETURNING learner_id"
)

# SQL: many rows in one statement.
WRITE_VALUES = """
INSERT INTO field_value AS v (learner_id, field_id, text_value, number_value, date_value, boolean_value)
SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::double precision[], $5::date[],
                     $6::boolean[])
ON CONFLICT (learner_id, field_id) DO UPDATE SET
    text_value = excluded.text_value, number_value = excluded.number_value,
    date_value = excluded.date_value, boolean_value = excluded.boolean_value
WHERE (v.text_value, v.number_value, v.date_value, v.boolean_value)
      IS DISTINCT FROM
      (excluded.text_value, excluded.number_value, excluded.date_value, excluded.boolean_value)
RETURNING v.learner_id
"""

# SQL: many rows in one statement.
CLEAR_VALUES = (
    "DELETE FROM field_value v USING unnest($1::integer[], $2::integer[]) AS c(learner_id, field_id)"
    " WHERE v.learner_id = c.learner_id AND v.field_id = c.field_id RETURNING v.learner_id"
)

# SQL: a function of the schema.
KNOWN_ZONE = "SELECT muster_timezone($1)"

# That it goes is logged again once it does, which changes nothing any more.
# SQL: a row of the log ahead of its time, so that rules that refer to the field are broken before nobody has a value of it.
TELL_GONE = "INSERT INTO outbox (at, facet, ref_id, old) SELECT muster_now(), 'field', f.id, to_jsonb(f) FROM field f WHERE f.id = $1"

# Who they are elsewhere enrolled with is named to whom that session's list is open.
# SQL: four tables in one question, asked about many at once.
SESSION_STANDINGS = f"""
SELECT l.id AS learner_id, here.state AS here, other.session_id IS NOT NULL AS elsewhere,
       CASE WHEN other.open THEN other.session_id END AS other_id, CASE WHEN other.open THEN other.name END AS other_name,
       EXISTS (SELECT FROM blocked b WHERE b.session_id = s.id AND b.learner_id = l.id) AS blocked,
       EXISTS (SELECT FROM exclusion x WHERE x.session_id = s.id AND x.learner_id = l.id
               AND (x.until IS NULL OR x.until > $3)) AS excluded
FROM learner l
JOIN session s ON s.id = $2
LEFT JOIN enrollment here ON here.session_id = s.id AND here.learner_id = l.id AND here.state <> 'expired'
LEFT JOIN LATERAL (
    SELECT e.session_id, o.name, ($6 OR o.group_id = ANY($7::integer[]) OR o.id = ANY($8::integer[])) AS open
    FROM enrollment e JOIN session o ON o.id = e.session_id
    WHERE e.learner_id = l.id AND e.activity_id = s.activity_id AND e.exclusive AND e.session_id <> s.id
      AND e.state <> 'expired'
    LIMIT 1
) other ON true
WHERE l.id = ANY($1::integer[]) AND ($5 OR {IS_REPORT.format("$4")})
"""

# SQL: `dependents.named` asks it in order and bounded, a join.
METHODS_DUE_BY_FIELD = (
    "SELECT m.id, coalesce(nullif(m.name, ''), s.name) FROM enrollment_method m"
    " JOIN session s ON s.id = m.session_id WHERE m.due_field = $1 AND m.deleted_at IS NULL"
)
