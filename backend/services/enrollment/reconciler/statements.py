"""SQL of the reconciler: what it decides about, and where it stands."""

# SQL: several tables in one question.
METHODS_TO_DECIDE = """
SELECT m.id, m.version, m.state, m.active,
       EXISTS (SELECT FROM run r WHERE r.method_id = m.id AND r.state = 'applying') AS applying
FROM enrollment_method m WHERE m.id = ANY($1::integer[]) AND m.deleted_at IS NULL
"""

# Of people who are to come and to go, those who have not yet done so. Set against set: there may be a million.
# SQL: asked about many at once.
UNDONE_SINCE = """
SELECT ARRAY(SELECT unnest($2::integer[]) EXCEPT SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL) AS entering,
       ARRAY(SELECT unnest($3::integer[]) INTERSECT SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL) AS leaving
"""

# What is lost with it in a crash is decided again from the older position, so nobody waits for the disk.
# SQL: JSON made there, with a setting of the transaction.
ADVANCE = """
UPDATE follower SET position = $2, detail = jsonb_build_object('day', $3::text), updated_at = $4
WHERE name = 'reconciler' AND position = $1
RETURNING set_config('synchronous_commit', 'off', true)
"""

# SQL: without what is read of each by people.
PINS = """
SELECT id, method_id, segment_id, learner_id, expected, broken_since IS NOT NULL AS broken FROM rule_pin ORDER BY id
"""
