"""SQL of audiences' sizes from day to day, and of jumps."""

# SQL: many rows by two columns.
SIZES = """
SELECT s.kind, s.ref_id, s.since, s.day, s.size, s.net, s.told, s.past, s.causes
FROM audience_size s JOIN unnest($1::text[], $2::integer[]) AS w(kind, ref_id) USING (kind, ref_id)
"""

# SQL: many rows in one statement.
WRITE_SIZES = """
INSERT INTO audience_size AS s (kind, ref_id, since, day, size, net, told, past, causes)
SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS w(kind text, ref_id integer, since date, day date, size integer, net integer, told integer, past jsonb, causes jsonb)
ON CONFLICT (kind, ref_id) DO UPDATE SET since = excluded.since, day = excluded.day, size = excluded.size, net = excluded.net,
    told = excluded.told, past = excluded.past, causes = excluded.causes
"""

# Of methods that are seen for the first time: since when they are there, and what changes have done to them by day. What a person confirmed is not
# among it.
# SQL: figures over many rows.
HISTORY = """
SELECT m.id, (m.created_at AT TIME ZONE muster_timezone())::date AS since,
       coalesce(jsonb_object_agg(d.day, d.net) FILTER (WHERE d.day IS NOT NULL), '{}') AS days
FROM enrollment_method m
LEFT JOIN LATERAL (
    SELECT (r.created_at AT TIME ZONE muster_timezone())::date AS day, sum(r.entered + r.gaining - r.left_count - r.losing) AS net
    FROM run r WHERE r.method_id = m.id AND r.created_at >= $2 AND r.cause IN ('change', 'clock', 'check') AND r.state <> 'held'
    GROUP BY 1
) d ON true
WHERE m.id = ANY($1::integer[]) GROUP BY m.id
"""

# SQL: nothing is inserted twice.
REPORT = """
INSERT INTO audience_jump (method_id, segment_id, day, size, net, low, high, causes, owner_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (coalesce(method_id, 0), coalesce(segment_id, 0), day) WHERE state = 'open' DO NOTHING RETURNING id
"""

_OPEN = """
coalesce(method_id, 0) = coalesce($1::integer, 0) AND coalesce(segment_id, 0) = coalesce($2::integer, 0) AND day = $3 AND state = 'open'
"""
# SQL: by an expression's index.
GO_ON = f"UPDATE audience_jump SET size = $4, net = $5, causes = $6 WHERE {_OPEN}"

# What was reported of a day and has been undone on it waits for nobody.
# SQL: likewise.
WITHDRAW = f"UPDATE audience_jump SET state = 'withdrawn' WHERE {_OPEN}"

# Who confirmed it last, or else who made it.
# SQL: several tables in one question.
OWNER_OF_METHOD = """
SELECT coalesce(
    (SELECT r.actor_id FROM run r WHERE r.method_id = m.id AND r.cause = 'confirm' AND r.actor_id IS NOT NULL ORDER BY r.id DESC LIMIT 1),
    m.created_by)
FROM enrollment_method m WHERE m.id = $1
"""

# Who changed it last, or else who made it.
# SQL: several tables in one question.
OWNER_OF_SEGMENT = """
SELECT coalesce(
    (SELECT a.actor_id FROM audit a WHERE a.object_kind = 'segment' AND a.object_id = s.id
         AND a.action IN ('segment.create', 'segment.update') AND a.actor_id IS NOT NULL ORDER BY a.id DESC LIMIT 1),
    s.created_by)
FROM segment s WHERE s.id = $1
"""
