"""SQL of what qualifications require, and of who stands how on them."""

# What a qualification requires is what it gives access to: the activities of its methods. {group} is a condition on `m.group_id`.
_REQUIRED = """
SELECT m.group_id AS qualification_id, s.activity_id, s.id AS session_id, m.id AS method_id
FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.kind = 'group' AND m.deleted_at IS NULL AND m.state <> 'draft' AND m.group_id IS NOT NULL
"""
# SQL: a join.
REQUIREMENTS = f"""
SELECT r.activity_id, a.kind, a.title, a.external_id,
       jsonb_agg(jsonb_build_object('session_id', r.session_id, 'session_name', s.name, 'method_id', r.method_id) ORDER BY r.session_id)
           AS sessions
FROM ({_REQUIRED}) r JOIN activity a ON a.id = r.activity_id JOIN session s ON s.id = r.session_id
WHERE r.qualification_id = $1 GROUP BY a.id, r.activity_id ORDER BY lower(a.title), a.id
"""

# $1 a qualification. Of each group that is linked to it, the newest method by which that is so.
# SQL: the newest of each.
LINKED = """
SELECT DISTINCT ON (m.group_id) m.* FROM enrollment_method m
WHERE m.qualification_id = $1 AND m.kind = 'group' AND m.group_id <> $1 AND m.active AND m.state <> 'draft' AND m.deleted_at IS NULL
ORDER BY m.group_id, m.id DESC
"""
# $1 groups. What they have access to by methods of their own.
# SQL: a join.
GIVEN = """
SELECT DISTINCT m.group_id, s.activity_id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.group_id = ANY($1::integer[]) AND m.kind = 'group' AND m.active AND m.state <> 'draft' AND m.deleted_at IS NULL
"""

# Within so many days a certificate that ends is told of.
EXPIRING_DAYS = 30

# Who has which qualification, through its subgroups too, and how they stand on what it requires. {{day}} is today where the organisation is,
# {{qualification}} the only one that is asked for, or null. An activity with a certificate is done while its latest award is valid, and without an award, or
# without a certificate, once it is completed. See docs/decisions/0054-how-somebody-stands-on-a-qualification.md.
STANDINGS = f"""(
    WITH RECURSIVE tree(qualification_id, group_id) AS (
        SELECT g.id, g.id FROM learner_group g
        WHERE g.kind = 'qualification' AND ({{qualification}}::integer IS NULL OR g.id = {{qualification}})
        UNION
        SELECT t.qualification_id, g.id FROM learner_group g JOIN tree t ON g.parent_id = t.group_id
    ), holder AS (
        SELECT DISTINCT t.qualification_id, m.learner_id FROM tree t JOIN membership m ON m.group_id = t.group_id
    ), required AS (
        SELECT DISTINCT r.qualification_id, r.activity_id FROM ({_REQUIRED}) r
        WHERE r.qualification_id IN (SELECT qualification_id FROM tree)
    ), each AS (
        SELECT h.qualification_id, h.learner_id, r.activity_id, w.expires_on,
               w.expires_on <= {{day}} AS expired,
               CASE WHEN w.found THEN w.expires_on IS NULL OR w.expires_on > {{day}} ELSE t.status = 'completed' END AS done,
               t.learner_id IS NOT NULL AS begun
        FROM holder h
        LEFT JOIN required r ON r.qualification_id = h.qualification_id
        LEFT JOIN standing t ON t.activity_id = r.activity_id AND t.learner_id = h.learner_id
        LEFT JOIN LATERAL (
            SELECT true AS found, (a.expires_at AT TIME ZONE muster_timezone())::date AS expires_on
            FROM certificate c JOIN award a ON a.certificate_id = c.id AND a.learner_id = h.learner_id
            WHERE c.activity_id = r.activity_id ORDER BY a.issued_at DESC, a.id DESC LIMIT 1) w ON true
    )
    SELECT qualification_id, learner_id, required, done, expires_on,
           CASE WHEN expired THEN 'expired'
                WHEN done < required THEN CASE WHEN done > 0 OR begun THEN 'in_progress' ELSE 'missing' END
                WHEN expires_on <= {{day}} + {EXPIRING_DAYS} THEN 'expiring' ELSE 'qualified' END AS state
    FROM (
        SELECT qualification_id, learner_id, count(activity_id) AS required, count(activity_id) FILTER (WHERE done) AS done,
               coalesce(bool_or(expired), false) AS expired, coalesce(bool_or(begun), false) AS begun, min(expires_on) AS expires_on
        FROM each GROUP BY qualification_id, learner_id
    ) told
)"""
COLUMNS = """
q.state, q.required, q.done, q.expires_on, l.id AS learner_id, l.external_id AS learner_external_id, l.email, l.first_name, l.last_name,
g.id AS qualification_id, g.external_id, g.name, g.color
"""
IN_TREE = """
q.learner_id IN (
    WITH RECURSIVE below(id) AS (
        SELECT id FROM learner_group WHERE id = {}
        UNION SELECT g.id FROM learner_group g JOIN below ON g.parent_id = below.id
    )
    SELECT m.learner_id FROM membership m JOIN below ON below.id = m.group_id
)
"""
# SQL: one value of the only row.
TIMEZONE = "SELECT timezone FROM organisation"
