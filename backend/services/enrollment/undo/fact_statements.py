"""The statements that take facts back: one for each way that a statement of the run wrote, and for each table."""

# $1 run. The statements that it wrote facts by, the last one first.
# SQL: figures over many rows.
STEPS = """
SELECT step, table_name, count(*) AS rows, bool_or(before IS NULL) AS inserted, bool_or(after IS NULL) AS deleted
FROM run_fact WHERE run_id = $1 GROUP BY step, table_name ORDER BY step DESC
"""

# $1 run, $2 tables, $3 columns of theirs, $4 the tables that these refer to: parallel arrays. Statements that PostgreSQL itself added
# when something was deleted, each with the statement that deleted it: nothing else can have changed, later than that, what referred to it.
# SQL: joins.
CASCADES = """
SELECT DISTINCT c.step, p.step AS deletion
FROM unnest($2::text[], $3::text[], $4::text[]) AS r(table_name, column_name, parent)
JOIN run_fact p ON p.run_id = $1 AND p.table_name = r.parent AND p.after IS NULL
JOIN run_fact c ON c.run_id = $1 AND c.table_name = r.table_name AND c.step > p.step
    AND c.before->>r.column_name = p.before->>'id'
"""

# Of a statement below: $1 run, $2 its step, $3 the objects that may be changed or null, $4 rows of run_fact or null.
_STEP = """
WITH step AS MATERIALIZED (
    SELECT id, before, after FROM run_fact
    WHERE run_id = $1 AND step = $2 AND ($3::bigint[] IS NULL OR (coalesce(after, before)->>'{object}')::bigint = ANY($3))
      AND ($4::bigint[] IS NULL OR id = ANY($4))
)
"""
# What tells nothing of a row.
_IGNORED = "ARRAY['version', 'password_hash']"

# Columns that are still what the run made them are what they were. Answers rows with columns that are not, or that are gone.
# SQL: many rows in one statement.
PUT_BACK = f"""{_STEP}, held AS MATERIALIZED (
    SELECT s.id, s.before, s.after, to_jsonb(t) AS now FROM step s JOIN {{table}} t ON {{match}} ORDER BY {{key}} FOR UPDATE OF t
), told AS MATERIALIZED (
    SELECT h.id, h.after,
           (SELECT jsonb_object_agg(k, h.before->k) FROM jsonb_object_keys(h.after) AS k
            WHERE k <> ALL({_IGNORED}) AND h.before->k IS DISTINCT FROM h.after->k AND h.now->k = h.after->k) AS patch,
           ARRAY(SELECT k FROM jsonb_object_keys(h.after) AS k
                 WHERE k <> ALL({_IGNORED}) AND h.before->k IS DISTINCT FROM h.after->k
                   AND h.now->k IS DISTINCT FROM h.after->k AND h.now->k IS DISTINCT FROM h.before->k ORDER BY k) AS columns
    FROM held h
), put AS (
    UPDATE {{table}} t SET ({{columns}}) = (SELECT {{values}} FROM jsonb_populate_record(t, s.patch) r){{version}}
    FROM told s WHERE {{match}} AND s.patch IS NOT NULL
)
SELECT s.id, s.after AS row, coalesce(d.columns, '{{{{}}}}') AS columns
FROM step s LEFT JOIN told d USING (id) WHERE d.id IS NULL OR cardinality(d.columns) > 0
ORDER BY s.id
"""

# What the run added goes again, unless somebody has changed it, or uses it. Answers what stays.
# SQL: many rows in one statement.
TAKE_AWAY = f"""{_STEP}, gone AS (
    DELETE FROM {{table}} t USING step s
    WHERE {{match}} AND to_jsonb(t) - {_IGNORED} = s.after - {_IGNORED} AND {{unused}} RETURNING s.id
)
SELECT s.id, s.after AS row, '{{{{}}}}'::text[] AS columns
FROM step s JOIN {{table}} t ON {{match}} WHERE s.id NOT IN (SELECT id FROM gone) ORDER BY s.id
"""

# What the run deleted is there again under the same keys, unless what it belongs to is gone or there is something else in its
# place. Answers what is not.
# SQL: many rows in one statement.
BRING_BACK = f"""{_STEP}, back AS (
    INSERT INTO {{table}} ({{columns}}) SELECT {{values}} FROM (
        SELECT r.* FROM step s CROSS JOIN LATERAL jsonb_populate_record(NULL::{{table}}, s.before) r) r
    WHERE {{parents}} ORDER BY {{order}} ON CONFLICT DO NOTHING RETURNING {{keys}}
)
SELECT s.id, s.before AS row, '{{{{}}}}'::text[] AS columns
FROM step s LEFT JOIN {{table}} t ON {{match_before}}
WHERE NOT EXISTS (SELECT FROM back b WHERE {{same}}) AND ({{missing}} OR to_jsonb(t) - {_IGNORED} <> s.before - {_IGNORED})
ORDER BY s.id
"""

# $1 run, $2 step, $3 the objects that may be changed.
# SQL: a look into what is kept.
BEYOND = """
SELECT id, coalesce(after, before) AS row, '{{}}'::text[] AS columns FROM run_fact
WHERE run_id = $1 AND step = $2 AND NOT (coalesce(after, before)->>'{object}')::bigint = ANY($3) ORDER BY id
"""

# $1 run, $2 step.
# SQL: a look into what is kept.
OBJECTS = """
SELECT DISTINCT (coalesce(after, before)->>'{object}')::bigint AS id FROM run_fact WHERE run_id = $1 AND step = $2
"""

# $1 run, $2 step.
# SQL: one column of many rows, in order.
ROWS_OF_STEP = "SELECT id FROM run_fact WHERE run_id = $1 AND step = $2 ORDER BY id"

# SQL: a look into what is kept.
KEPT_ROWS = "SELECT id, coalesce(after, before) AS row, '{}'::text[] AS columns FROM run_fact WHERE id = ANY($1::bigint[])"

# $1 facet, $2 person or null, $3 what the fact refers to or null. Who wrote it last, as far as the log knows.
# SQL: a join.
WRITTEN_LAST = """
SELECT c.at, r.actor_id FROM change_log c LEFT JOIN run r ON r.id = c.run_id
WHERE c.facet = $1 AND c.learner_id IS NOT DISTINCT FROM $2::integer AND c.ref_id IS NOT DISTINCT FROM $3::bigint
ORDER BY c.seq DESC LIMIT 1
"""

# $1 since when, $2 at most so many. Answers a row where there may be more.
# SQL: the oldest go, whatever run they are of.
FORGET = """
WITH gone AS (DELETE FROM run_fact WHERE id IN (SELECT id FROM run_fact WHERE at < $1 ORDER BY id LIMIT $2) RETURNING id)
SELECT max(id) AS last FROM gone HAVING count(*) = $2
"""

# $1 the act. What follows from it, the last first; of a pair that one which is undone first.
# SQL: rows locked in an order of their own.
FOLLOWERS = """
SELECT * FROM run WHERE caused_by = $1 AND state IN ('applied', 'held')
ORDER BY greatest(id, (detail->>'pair')::bigint) DESC, detail ? 'undone_first' DESC, id DESC FOR UPDATE
"""
# $1 the act.
# SQL: several columns in one question.
FOLLOWING = """
SELECT (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM run WHERE caused_by = $1) AS runs,
       EXISTS (SELECT FROM run WHERE caused_by = $1 AND state = 'applying')
       OR EXISTS (SELECT FROM import_job WHERE run_id = $1 AND state = 'applying') AS applying
"""
# $1 the act.
# SQL: one column of many rows.
FOLLOWERS_SESSIONS = "SELECT DISTINCT session_id FROM run WHERE caused_by = $1 AND session_id IS NOT NULL"
# SQL: several tables in one question.
LOG_HEAD = "SELECT (SELECT max(id) FROM outbox) AS newest, (SELECT seq FROM log_head) AS head"
# $1 an id of the outbox.
# SQL: several tables in one question.
STILL_WAITING = """
SELECT EXISTS (SELECT FROM outbox WHERE id <= $1) AS waiting, (SELECT seq FROM log_head) AS head,
       (SELECT position FROM follower WHERE name = 'reconciler') AS reconciled
"""
