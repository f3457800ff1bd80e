"""SQL of access: who is asking, how far their roles reach, what they may see."""

from backend.index.following.follower import COMMITTED

_LEARNER = "l.id, l.is_admin, l.email, l.first_name, l.last_name, l.language"
_FROM_COOKIE = f"""
SELECT {_LEARNER}, s.id AS sign_in_id, ARRAY[]::text[] AS scopes, s.seen_at, {{committed}}
FROM sign_in s JOIN learner l ON l.id = s.learner_id
WHERE s.token_hash = $1 AND s.expires_at > muster_now() AND l.status IN ('invited', 'active')
"""
_FROM_TOKEN = f"""
SELECT {_LEARNER}, t.id AS token_id, t.scopes, t.used_at AS seen_at, {{committed}}
FROM api_token t JOIN learner l ON l.id = t.learner_id
WHERE t.token_hash = $1 AND (t.expires_at IS NULL OR t.expires_at > muster_now())
  AND l.status IN ('invited', 'active')
"""
_NOT_ASKED = "NULL AS newest, NULL AS head"
# SQL: the first thing that every request asks; what is committed is asked along with it.
BY_COOKIE, BY_TOKEN = (sql.format(committed=_NOT_ASKED) for sql in (_FROM_COOKIE, _FROM_TOKEN))
# SQL: likewise.
BY_COOKIE_WITH_LOG, BY_TOKEN_WITH_LOG = (
    sql.format(committed=COMMITTED) for sql in (_FROM_COOKIE, _FROM_TOKEN)
)

# SQL: a join whose row is locked as well.
INVITED = """
SELECT l.id, l.email, l.first_name, l.last_name, l.language
FROM invitation i JOIN learner l ON l.id = i.learner_id
WHERE i.token_hash = $1 AND i.expires_at > muster_now() AND l.status IN ('invited', 'active')
"""

# Counted before the password is looked at, so that guesses at the same moment cannot pass together.
# SQL: several keys in one upsert, which depends on what is there.
COUNT_ATTEMPTS = """
INSERT INTO sign_in_attempt AS a (key, failures, since) SELECT k, $4::integer, $2 FROM unnest($1::text[]) AS k ORDER BY k
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.since <= $2 - $3::interval THEN $4 ELSE a.failures + $4 END,
    since = CASE WHEN a.since <= $2 - $3::interval THEN $2 ELSE a.since END
RETURNING key, failures, since
"""

# A role on a group covers its subgroups. Here and below, `LATERAL … OFFSET 0` has the steps of a recursion look up each group by its
# index: how many there will be the planner cannot know, and it guesses so high that it would read the whole table.
# SQL: recursive.
COVERED = """
WITH RECURSIVE covered(id) AS (
    SELECT group_id FROM membership WHERE learner_id = $1 AND role = ANY($2::text[])
    UNION
    SELECT g.id FROM covered c CROSS JOIN LATERAL (
        SELECT below.id FROM learner_group below WHERE below.parent_id = c.id OFFSET 0
    ) g
)
SELECT id FROM covered
"""
# Being in a group is being in the groups above it.
_ABOVE = """
WITH RECURSIVE containing(id) AS (
    {0}
    UNION
    SELECT g.parent_id FROM containing c CROSS JOIN LATERAL (
        SELECT one.parent_id FROM learner_group one WHERE one.id = c.id AND one.parent_id IS NOT NULL OFFSET 0
    ) g
)
SELECT id FROM containing
"""
# SQL: recursive.
CONTAINING = _ABOVE.format("SELECT group_id FROM membership WHERE learner_id = $1")
# Whether the actor enrolls a team: asked first, for few do.
# SQL: asked in nearly every request of people who are no admins.
ENROLLS_A_TEAM = """
SELECT 1 FROM organisation o WHERE o.managers_enroll AND EXISTS (SELECT FROM learner l WHERE l.manager_id = $1)
"""
# Direct and indirect reports of one person.
# SQL: recursive.
TEAM = """
WITH RECURSIVE team(id) AS (
    SELECT id FROM learner WHERE manager_id = $1
    UNION
    SELECT l.id FROM learner l JOIN team t ON l.manager_id = t.id
)
SELECT id FROM team
"""
# Groups with somebody of these people in them, and all groups above those. The people are an array: joined to the recursion that
# finds them, all memberships would be read.
# SQL: recursive.
GROUPS_OF_TEAM = _ABOVE.format("SELECT group_id FROM membership WHERE learner_id = ANY($1::integer[])")
# The same of so many people that a group soon has one of them: each group's members are read until one is found. `CASE` keeps the
# planner from joining all of them to all memberships; they are hashed once.
# SQL: recursive.
GROUPS_OF_LARGE_TEAM = _ABOVE.format(
    """SELECT g.id FROM learner_group g CROSS JOIN LATERAL (
        SELECT FROM membership m WHERE m.group_id = g.id
          AND CASE WHEN m.learner_id IN (SELECT unnest($1::integer[])) THEN true END LIMIT 1
    ) one"""
)
# A condition on the learner `l`: direct and indirect reports of the person that is put in.
IS_REPORT = """
l.id IN (
    WITH RECURSIVE team(id) AS (
        SELECT t.id FROM learner t WHERE t.manager_id = {0}
        UNION
        SELECT t.id FROM learner t JOIN team ON t.manager_id = team.id
    )
    SELECT id FROM team
)
"""

# SQL: asked in nearly every request of people who are no admins.
JOINED = "SELECT group_id FROM membership WHERE learner_id = $1"
# SQL: likewise.
INSTRUCTED = "SELECT session_id FROM session_instructor WHERE learner_id = $1"

# SQL: likewise, a join.
INSTRUCTED_COURSE_GROUPS = """
SELECT g.id, g.session_id FROM course_group_instructor i JOIN course_group g ON g.id = i.course_group_id WHERE i.learner_id = $1
"""
# Who is in which class, and which method holds them there (none: by hand); of one person there may be several rows. Only whoever is
# enrolled is in a class: one without a method is of the enrollment, a dynamic method brings whom it enrolls or puts there, while it does.
COURSE_GROUP_MEMBERS = """(
    SELECT e.course_group_id, e.session_id, e.learner_id, NULL::integer AS method_id
    FROM enrollment e WHERE e.course_group_id IS NOT NULL AND e.state <> 'expired'
    UNION ALL
    SELECT m.course_group_id, m.session_id, o.learner_id, m.id
    FROM enrollment_method m JOIN source o ON o.method_id = m.id AND o.until IS NULL
    JOIN enrollment e ON e.session_id = m.session_id AND e.learner_id = o.learner_id AND e.state <> 'expired'
    WHERE m.course_group_id IS NOT NULL AND m.dynamic AND m.deleted_at IS NULL
    UNION ALL
    SELECT m.course_group_id, m.session_id, p.learner_id, m.id
    FROM enrollment_method m JOIN course_group_place p ON p.method_id = m.id
    JOIN enrollment e ON e.session_id = m.session_id AND e.learner_id = p.learner_id AND e.state <> 'expired'
    WHERE m.course_group_id IS NOT NULL AND m.deleted_at IS NULL
)"""
# SQL: a union of joins.
IN_COURSE_GROUPS = f"""
SELECT 1 FROM {COURSE_GROUP_MEMBERS} c WHERE c.course_group_id = ANY($1::integer[]) AND c.session_id = $2 AND c.learner_id = $3 LIMIT 1
"""

# Conditions on the session `s`, of somebody who is put in: it is offered to them by the rule of its catalog; they wait for a place in it.
IS_OFFERED = """(s.catalog = 'audience' AND EXISTS (
    SELECT FROM enrollment_method o JOIN course_group_place p ON p.method_id = o.id
    WHERE o.session_id = s.id AND o.kind = 'catalog' AND p.learner_id = {0}))"""
WAITS_IN = """EXISTS (
    SELECT FROM waiting_place w JOIN enrollment_method o ON o.id = w.method_id AND o.deleted_at IS NULL AND o.state <> 'draft'
    WHERE w.session_id = s.id AND w.learner_id = {0})"""
# SQL: asked before every answer about a session.
IS_OF_SESSION = f"""
SELECT 1 FROM session s WHERE s.id = $1
  AND (EXISTS (SELECT FROM enrollment e WHERE e.session_id = s.id AND e.learner_id = $2)
       OR {IS_OFFERED.format("$2")} OR {WAITS_IN.format("$2")})
"""
# An activity is seen through a session of it, or as a step of one that is seen.
# SQL: recursive.
SEEN_ACTIVITY = f"""
WITH RECURSIVE above(id) AS (
    SELECT $1::integer
    UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT 1 FROM session s JOIN above a ON a.id = s.activity_id
WHERE s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY($3::integer[]))
   OR EXISTS (SELECT FROM enrollment e WHERE e.session_id = s.id AND e.learner_id = $2)
   OR {IS_OFFERED.format("$2")} OR {WAITS_IN.format("$2")}
LIMIT 1
"""
# SQL: two tables in one question.
SEEN_LEARNER = """
SELECT 1 FROM membership WHERE learner_id = $1 AND group_id = ANY($2::integer[])
UNION ALL
SELECT 1 FROM enrollment WHERE learner_id = $1 AND session_id = ANY($3::integer[])
LIMIT 1
"""
# SQL: a union of joins.
SEEN_CLASSMATE = f"""
SELECT 1 FROM {COURSE_GROUP_MEMBERS} c WHERE c.learner_id = $1 AND c.course_group_id = ANY($2::integer[]) LIMIT 1
"""
# Whether $2 is among the managers above the learner $1. Circles end where they were before.
# SQL: recursive.
ABOVE = """
WITH RECURSIVE above(id) AS (
    SELECT manager_id FROM learner WHERE id = $1
    UNION SELECT l.manager_id FROM learner l JOIN above a ON l.id = a.id
)
SELECT EXISTS (SELECT FROM above WHERE id = $2)
"""

# SQL: on the way of every write.
RECORD = """
INSERT INTO audit (at, actor_id, action, object_kind, object_id, detail) VALUES (muster_now(), $1, $2, $3, $4, $5)
"""
