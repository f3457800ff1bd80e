"""SQL of operations: what is stored and not in its form, and figures of the database."""

# Found first by what SQL can tell: outside ASCII, or with white space around it, or a domain in its ASCII form.
_ODD = r"octet_length({0}) <> char_length({0}) OR {0} ~ '^\s|\s$' OR {0} ILIKE '%xn--%'"
_ODD_VALUE = (
    "v.text_value <> normal_text(v.text_value) AND (octet_length(v.text_value) > char_length(v.text_value)"
    r" OR v.text_value ~ '^\s|\s$')"
)
# SQL: figures over many rows.
ODD_VALUES = f"""
SELECT f.id, f.key, f.type, count(*) FROM field_value v JOIN field f ON f.id = v.field_id
WHERE v.text_value IS NOT NULL AND {_ODD_VALUE} GROUP BY f.id ORDER BY f.id
"""
# SQL: several writes in one statement.
MEND_VALUES = f"""
WITH odd AS (
    SELECT v.learner_id, v.field_id, normal_text(v.text_value) AS form FROM field_value v
    WHERE v.field_id = $1 AND v.text_value IS NOT NULL AND {_ODD_VALUE} LIMIT $2
), gone AS (
    DELETE FROM field_value v USING odd WHERE (v.learner_id, v.field_id) = (odd.learner_id, odd.field_id) AND odd.form = ''
), mended AS (
    UPDATE field_value v SET text_value = odd.form FROM odd
    WHERE (v.learner_id, v.field_id) = (odd.learner_id, odd.field_id) AND odd.form <> ''
)
SELECT count(*) FROM odd
"""


# SQL: the same question of several tables.
def odd_texts(table: str, column: str) -> str:
    """Rows of the table whose text may not be in its normal form."""
    return f"SELECT id, {column} AS text FROM {table} WHERE {_ODD.format(column)} ORDER BY id"


# SQL: likewise, about many at once.
def holders_of_texts(table: str, compared: str) -> str:
    """Who has one of these texts."""
    return f"SELECT {compared} AS key, id FROM {table} WHERE {compared} = ANY($1::text[])"


# SQL: many rows in one statement.
def mend_texts(table: str, column: str) -> str:
    """Each row's text in its normal form, where it is still what was looked at."""
    return (
        f"UPDATE {table} t SET {column} = w.form FROM unnest($1::integer[], $2::text[], $3::text[])"
        f" AS w(id, stored, form) WHERE t.id = w.id AND t.{column} = w.stored"
    )


# Ages by Muster's own clock, which wrote the instants.
# SQL: figures of four tables in one question.
LAG = """
SELECT (SELECT seq FROM log_head) AS head,
    (SELECT count(*) FROM outbox) AS waiting,
    (SELECT extract(epoch FROM muster_now() - at) FROM outbox ORDER BY id LIMIT 1) AS waiting_seconds,
    mail.due, mail.due_seconds
FROM (
    SELECT count(*) AS due, extract(epoch FROM muster_now() - min(greatest(due_at, retry_at))) AS due_seconds
    FROM message WHERE state IN ('pending', 'sending') AND greatest(due_at, retry_at) <= muster_now()
) mail
"""

# The age of a position is that of the first change after it.
# SQL: asked about many at once.
BEHIND = """
SELECT p.position, greatest(0, (SELECT seq FROM log_head) - p.position) AS rows,
    (SELECT extract(epoch FROM muster_now() - c.at) FROM change_log c WHERE c.seq = p.position + 1) AS seconds
FROM unnest($1::bigint[]) p (position)
"""

# SQL: a figure over many rows.
RECONCILER_POSITION = "SELECT min(position) AS position FROM follower WHERE name LIKE 'reconciler%'"

# SQL: figures over many rows.
COUNTS = """
SELECT 'muster_learners' AS name, status AS label, count(*) AS number FROM learner GROUP BY status
UNION ALL SELECT 'muster_groups', NULL, count(*) FROM learner_group
UNION ALL SELECT 'muster_sessions', NULL, count(*) FROM session
UNION ALL SELECT 'muster_methods', state, count(*) FROM enrollment_method WHERE deleted_at IS NULL GROUP BY state
UNION ALL SELECT 'muster_enrollments', state, count(*) FROM enrollment GROUP BY state
UNION ALL SELECT 'muster_runs', state, count(*) FROM run GROUP BY state
UNION ALL SELECT 'muster_messages', state, count(*) FROM message GROUP BY state
"""
