"""SQL of imports: thousands of rows at once, and whom they name."""

# SQL: asked about thousands of people at once.
LEARNERS_NAMED = (
    "SELECT id, external_id, lower(email) AS email FROM learner"
    " WHERE external_id = ANY($1::text[]) OR lower(email) = ANY($2::text[])"
)
# SQL: of everybody, a million rows.
ALL_MANAGERS = "SELECT id, manager_id FROM learner WHERE manager_id IS NOT NULL"


# SQL: the same question of several tables.
def ids_by_external_id(table: str) -> str:
    """Ids of rows that have one of these external ids."""
    return f"SELECT external_id, id FROM {table} WHERE external_id = ANY($1::text[])"


# SQL: many rows in one statement.
NOTE_OUTCOMES = (
    "UPDATE import_row r SET outcome = w.outcome, problem = w.problem, action = w.action, changes = w.changes"
    " FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[])"
    " AS w(row, outcome, problem, action, changes) WHERE r.job_id = $1 AND r.row = w.row"
)

# SQL: figures over many rows.
COUNT_PROGRESS = (
    "UPDATE import_job SET detail = $2, valid = valid - $3, errors = errors + $3,"
    " progress = (SELECT count(*) FILTER (WHERE outcome <> 'valid')::float8 / greatest(count(*), 1)"
    " FROM import_row WHERE job_id = $1) WHERE id = $1"
)

# SQL: a join.
SESSIONS_NAMED = (
    "SELECT s.id, s.name, a.title FROM session s JOIN activity a ON a.id = s.activity_id WHERE s.id = ANY($1)"
)

# SQL: asked about thousands of ids at once.
WIDTHS = """
SELECT DISTINCT length(external_id) AS width FROM learner
WHERE external_id LIKE '0%' AND ltrim(external_id, '0') = ANY($1::text[]) LIMIT 2
"""

# SQL: many rows in one statement.
KEEP_ROWS = (
    "INSERT INTO import_row (job_id, row, line, turn, outcome, data, problem, action, changes)"
    " SELECT $1, w.* FROM unnest($2::integer[], $3::integer[], $4::integer[], $5::text[], $6::jsonb[], $7::jsonb[],"
    " $8::text[], $9::jsonb[]) AS w"
)

# Groups and values of all of them at once: tables that the sheet itself has just filled would be read whole for each person.
# SQL: figures over many rows.
PEOPLE_BEFORE = """
WITH people AS MATERIALIZED (
    SELECT * FROM learner WHERE external_id = ANY($1::text[])
    UNION
    SELECT * FROM learner WHERE lower(email) = ANY($2::text[])
), in_groups AS MATERIALIZED (
    SELECT s.learner_id, string_agg(coalesce(g.external_id, g.name), '; ' ORDER BY g.id) AS groups
    FROM membership s JOIN learner_group g ON g.id = s.group_id
    WHERE s.learner_id = ANY((SELECT array_agg(id) FROM people)::integer[]) GROUP BY s.learner_id
), valued AS MATERIALIZED (
    SELECT v.learner_id, jsonb_object_agg(f.key,
               coalesce(v.text_value, v.number_value::text, v.date_value::text, v.boolean_value::text)) AS fields
    FROM field_value v JOIN field f ON f.id = v.field_id
    WHERE v.learner_id = ANY((SELECT array_agg(id) FROM people)::integer[]) GROUP BY v.learner_id
)
SELECT l.id, l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, m.email AS manager,
       in_groups.groups, valued.fields
FROM people l LEFT JOIN learner m ON m.id = l.manager_id
LEFT JOIN in_groups ON in_groups.learner_id = l.id LEFT JOIN valued ON valued.learner_id = l.id
"""

# SQL: adds to a JSON value. What the error is made of tells it in every language (`backend.words.stored`).
FAIL = """
UPDATE import_job SET state = 'failed', error = $2, finished_at = $3, content = NULL,
    detail = detail || jsonb_build_object('failure', $4::jsonb)
WHERE id = $1 AND state IN ('reading', 'applying')
"""

# SQL: asked about thousands of pairs at once. Of each that can only be in one session of the activity: which they are in, if any.
PLACES = """
SELECT w.l AS learner_id, w.s AS session_id, s.activity_id, e.session_id AS place
FROM unnest($1::integer[], $2::integer[]) AS w(l, s)
JOIN session s ON s.id = w.s JOIN activity a ON a.id = s.activity_id AND NOT a.several_sessions
LEFT JOIN LATERAL (SELECT session_id FROM enrollment WHERE activity_id = s.activity_id AND learner_id = w.l AND exclusive
                   AND state <> 'expired' LIMIT 1) e ON true
"""
