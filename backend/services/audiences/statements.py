"""SQL of audiences: who is in one and why, what depends on what, segments."""

# SQL: a cursor over three columns.
MEMBERS_BY_NAME = """
SELECT id, lower(last_name) AS last, lower(first_name) AS first FROM learner
WHERE id = ANY($1::integer[])
  AND ($2::text IS NULL OR (lower(last_name), lower(first_name), id) > ($2, $3::text, $4::integer))
ORDER BY lower(last_name), lower(first_name), id LIMIT $5
"""

# SQL: ids gathered into one array: a letter finds most of a million people.
SEARCH = """
SELECT array_agg(id) FROM (SELECT id FROM learner
WHERE id > $4 AND (lower(first_name || ' ' || last_name) LIKE $1 OR lower(last_name || ' ' || first_name) LIKE $1
   OR lower(email) LIKE $1 OR external_id = $2)
ORDER BY id LIMIT $3) found
"""

# SQL: asked about many at once.
PEOPLE_SHOWN = """
SELECT l.id, l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
       coalesce((SELECT jsonb_object_agg(f.key, field_json(v)) FROM field_value v JOIN field f ON f.id = v.field_id
                 WHERE v.learner_id = l.id), '{}') AS fields,
       coalesce((SELECT jsonb_agg(jsonb_build_array(m.group_id, m.role) ORDER BY m.group_id) FROM membership m
                 WHERE m.learner_id = l.id), '[]') AS groups
FROM learner l JOIN unnest($1::integer[]) WITH ORDINALITY AS wanted(id, place) USING (id) ORDER BY wanted.place
"""

# SQL: the latest of each of many.
LATEST_AWARDS = """
SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award
WHERE certificate_id = ANY($1::integer[]) AND learner_id = ANY($2::integer[])
ORDER BY certificate_id, learner_id, issued_at DESC, id DESC
"""

# SQL: a join.
ALL_RULES = """
SELECT 'segment' AS kind, id, name, rule FROM segment
UNION ALL
SELECT 'method', m.id, coalesce(nullif(m.name, ''), s.name), m.rule
FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.rule IS NOT NULL AND m.deleted_at IS NULL
UNION ALL
SELECT 'enrollment_rule', id, name, rule FROM enrollment_rule WHERE rule IS NOT NULL AND state <> 'deleted'
ORDER BY 1 DESC, 2
"""

# SQL: a join.
PLACES_OF_METHODS = """
SELECT m.id, s.id AS session_id, s.name AS session_name, s.group_id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.id = ANY($1::integer[])
"""

# $1 learners, $2 sessions, or all of theirs where that is null. What holds each of them there, with the names that telling it may use:
# a private group is named to whoever is in it.
# SQL: asked about many at once.
HOLDING = """
SELECT (SELECT p.until FROM picked_until p
        WHERE p.method_id = o.method_id AND p.learner_id = o.learner_id AND p.at >= o.since) AS ends_on, told.language, o.learner_id, o.session_id, o.since, m.id, m.kind, m.name, m.visible, m.rule, m.key,
       trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))) AS by_name, g.name AS group_name,
       g.private AND NOT EXISTS (
           SELECT FROM membership i WHERE i.group_id = g.id AND i.learner_id = o.learner_id) AS is_private,
       a.title AS after
FROM unnest($1::integer[], $2::integer[]) AS w(learner_id, session_id)
JOIN source o ON o.learner_id = w.learner_id AND (w.session_id IS NULL OR o.session_id = w.session_id) AND o.until IS NULL
JOIN enrollment_method m ON m.id = o.method_id
JOIN learner told ON told.id = o.learner_id
LEFT JOIN run r ON r.id = o.run_id
LEFT JOIN learner by ON by.id = r.actor_id
LEFT JOIN learner_group g ON g.id = m.group_id
LEFT JOIN activity a ON a.id = m.after_activity_id
ORDER BY o.since, m.id
"""

# $1 sessions, $2 learners. The run that took the last source, or ended an enrollment that had none, and what it recorded.
# SQL: asked about many at once.
ENDED_SOURCES = """
SELECT p.session_id, p.learner_id, r.cause, r.method_id, r.detail->>'text' AS note, r.detail->>'act' AS act,
       r.detail->'method_after'->>'deleted_at' IS NOT NULL AS method_removed,
       coalesce(nullif(trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))), ''), by.email) AS by_name,
       (SELECT c.reason FROM run_changes_of(r.id, ARRAY[p.learner_id]) c WHERE c.change = 'left' LIMIT 1) AS reason
FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id)
CROSS JOIN LATERAL (
    SELECT max(run_id) AS run_id FROM (
        SELECT x.end_run_id AS run_id FROM source x WHERE x.learner_id = p.learner_id AND x.session_id + 0 = p.session_id
        UNION ALL
        SELECT c.run_id FROM run_change c JOIN run o ON o.id = c.run_id
        WHERE c.learner_id = p.learner_id AND c.change = 'left' AND o.session_id = p.session_id AND o.state = 'applied'
    ) ended
) last
JOIN run r ON r.id = last.run_id
LEFT JOIN learner by ON by.id = r.actor_id
"""

# SQL: asked at every answer that names methods, many at once.
RULES_OF_METHODS = "SELECT id, kind, rule FROM enrollment_method WHERE id = ANY($1::integer[])"

# SQL: likewise.
SESSIONS_OF_ACTIVITIES = (
    "SELECT id, activity_id, group_id FROM session WHERE activity_id = ANY($1::integer[])"
)

# SQL: a cursor over two columns.
SEGMENTS_BY_NAME = """
SELECT * FROM segment WHERE ($1::text IS NULL OR name ILIKE $1)
  AND ($2::text IS NULL OR (lower(name), id) > ($2, $3::integer)) ORDER BY lower(name), id LIMIT $4
"""

# SQL: a join.
METHODS_OF_SEGMENT = """
SELECT em.id, coalesce(nullif(em.name, ''), s.name)
FROM enrollment_method em JOIN session s ON s.id = em.session_id WHERE em.segment_id = $1 AND em.deleted_at IS NULL
"""

# SQL: the condition of the page's statement.
COUNT_SEGMENTS = "SELECT count(*) FROM segment WHERE $1::text IS NULL OR name ILIKE $1"

# SQL: on the way of every explanation.
STATE_IN_SESSION = (
    "SELECT session_id, learner_id, state FROM enrollment WHERE session_id = $1 AND learner_id = $2"
)

# $1 session, $2 learner, $3 the day.
# SQL: a join, on the way of every explanation.
EXCLUSION = """
SELECT x.learner_id, x.reason, x.until, x.moved_to_id, x.by_id, b.email AS by_email, b.first_name AS by_first_name,
       b.last_name AS by_last_name
FROM exclusion x LEFT JOIN learner b ON b.id = x.by_id
WHERE x.session_id = $1 AND x.learner_id = $2 AND (x.until IS NULL OR x.until > $3)
"""

# $1 who. Triggers make the rows, in the transaction whose id they keep.
# SQL: a function of the server.
SIGN_VERSIONS = "UPDATE rule_version SET by_id = $1 WHERE written_in = txid_current() AND by_id IS NULL"

# SQL: a join.
PINS_OF_METHODS = """
SELECT p.*, l.email, l.first_name, l.last_name FROM rule_pin p JOIN learner l ON l.id = p.learner_id
WHERE p.method_id = ANY($1::integer[])
ORDER BY lower(l.last_name), lower(l.first_name), l.id, p.broken_since IS NULL, p.method_id
"""
# $1 method or null, $2 segment or null.
# SQL: a join.
PINS = """
SELECT p.*, l.email, l.first_name, l.last_name FROM rule_pin p JOIN learner l ON l.id = p.learner_id
WHERE p.method_id = $1 OR p.segment_id = $2 ORDER BY lower(l.last_name), lower(l.first_name), l.id
"""
