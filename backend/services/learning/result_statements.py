"""SQL of what learners did: results, awards, standings, the player."""

# SQL: a lock on thousands of people, in order.
LOCK_LEARNERS = "SELECT FROM learner WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"

# SQL: asked about ten thousand rows at once.
ACTIVITIES_NAMED = "SELECT id, external_id FROM activity WHERE id = ANY($1) OR external_id = ANY($2)"
# SQL: likewise.
SESSIONS_NAMED = "SELECT id, external_id FROM session WHERE id = ANY($1) OR external_id = ANY($2)"

# An award of the same certificate, issued to the same learner at the same instant, is the same award.
# SQL: many rows in one statement.
WRITE_AWARDS = """
WITH given AS (
    SELECT w.learner_id, w.certificate_id, w.issued_at,
           CASE WHEN w.told THEN w.expires_at
                ELSE ((w.issued_at AT TIME ZONE o.timezone) + make_interval(months => c.valid_months))
                     AT TIME ZONE o.timezone END AS expires_at
    FROM muster_timezone() AS o(timezone),
         unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::boolean[])
             AS w(learner_id, certificate_id, issued_at, expires_at, told)
    JOIN certificate c ON c.id = w.certificate_id
), changed AS (
    UPDATE award a SET expires_at = g.expires_at FROM given g
    WHERE a.learner_id = g.learner_id AND a.certificate_id = g.certificate_id AND a.issued_at = g.issued_at
      AND a.expires_at IS DISTINCT FROM g.expires_at
    RETURNING a.id
), added AS (
    INSERT INTO award (learner_id, certificate_id, issued_at, expires_at)
    SELECT g.* FROM given g
    WHERE NOT EXISTS (SELECT FROM award a WHERE a.learner_id = g.learner_id AND a.certificate_id = g.certificate_id
                                            AND a.issued_at = g.issued_at)
    RETURNING id
)
SELECT (SELECT count(*) FROM added) AS created, (SELECT count(*) FROM changed) AS updated
"""

# The activities themselves and all that contain them, as far as they award a certificate.
# SQL: recursive.
CERTIFIED_ABOVE = """
WITH RECURSIVE up(base, id) AS (
    SELECT a, a FROM unnest($1::integer[]) AS w(a)
    UNION
    SELECT up.base, s.activity_id FROM step s JOIN up ON s.child_activity_id = up.id
)
SELECT up.base, up.id AS activity_id FROM up JOIN certificate c ON c.activity_id = up.id
"""

# SQL: asked about many at once.
COMPLETED_PAIRS = """
SELECT s.learner_id, s.activity_id, s.completed_at
FROM unnest($1::integer[], $2::integer[]) AS w(l, a)
JOIN standing s ON s.learner_id = w.l AND s.activity_id = w.a
WHERE s.status = 'completed'
"""

# Expiry is counted in months of the organisation's calendar.
# SQL: many rows in one statement.
ISSUE_AWARDS = """
INSERT INTO award (learner_id, certificate_id, issued_at, expires_at)
SELECT w.learner_id, c.id, w.issued_at,
       ((w.issued_at AT TIME ZONE o.timezone) + make_interval(months => c.valid_months)) AT TIME ZONE o.timezone
FROM muster_timezone() AS o(timezone), unnest($1::integer[], $2::integer[], $3::timestamptz[]) AS w(learner_id, activity_id, issued_at)
JOIN certificate c ON c.activity_id = w.activity_id
WHERE NOT EXISTS (
    SELECT FROM award a
    WHERE a.learner_id = w.learner_id AND a.certificate_id = c.id AND a.issued_at >= w.issued_at)
RETURNING learner_id
"""

# SQL: asked about many at once.
ALREADY_AWARDED = """
SELECT w.l, w.a FROM unnest($1::integer[], $2::integer[]) AS w(l, a)
JOIN certificate c ON c.activity_id = w.a
WHERE EXISTS (SELECT FROM award x WHERE x.learner_id = w.l AND x.certificate_id = c.id)
"""

# The learner's live enrollments in the step's activity, or in one that contains it; its own first.
# SQL: recursive.
ENROLLMENTS_TO_GRADE = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.session_id, e.activity_id FROM enrollment e JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired' ORDER BY (e.activity_id = $1) DESC, e.since DESC
"""

# One's live enrollment in the activity, or in one that contains it; its own and the open ones first.
# SQL: recursive.
ENROLLMENT_TO_TAKE = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.state, e.activity_id, e.session_id, s.starts_at, s.ends_at
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired'
ORDER BY (e.state = 'suspended'), (s.ends_at IS NOT NULL AND s.ends_at <= $3), (s.starts_at IS NOT NULL AND s.starts_at > $3),
         (e.activity_id = $1) DESC, e.since DESC
LIMIT 1
"""

# A step is as its own best report says, else as the activity that it is stands.
# SQL: a join, row by row.
STEPS_OF_LEARNER = """
SELECT s.id, s.kind, s.child_activity_id AS activity_id, s.title, s.body, s.mandatory, s.min_score,
       coalesce(own.status, child.status, 'not_started') AS status,
       CASE WHEN own.status IS NULL THEN child.score ELSE own.score END AS score,
       CASE WHEN own.status IS NULL THEN child.completed_at ELSE own.completed_at END AS completed_at,
       -- A path or program inside, of whose sessions none has been chosen for who is enrolled in the outer one.
       s.kind IN ('path', 'program') AND coalesce(own.status, child.status, '') <> 'completed'
           AND EXISTS (SELECT FROM enrollment e WHERE e.activity_id = s.activity_id AND e.learner_id = $2 AND e.state IN ('active', 'suspended'))
           AND NOT EXISTS (SELECT FROM enrollment e WHERE e.activity_id = s.child_activity_id AND e.learner_id = $2 AND e.state <> 'expired')
           AS needs_session
FROM step s
LEFT JOIN LATERAL (
    SELECT r.status, r.score, r.completed_at FROM result r
    WHERE r.step_id = s.id AND r.activity_id = s.activity_id AND r.learner_id = $2
    ORDER BY array_position(ARRAY['completed', 'failed', 'started'], r.status), r.completed_at DESC NULLS LAST
    LIMIT 1
) own ON true
LEFT JOIN standing child ON child.activity_id = s.child_activity_id AND child.learner_id = $2
WHERE s.activity_id = $1
ORDER BY s.position
"""

# Of several live enrollments the latest; a step inside a path is taken through the path's own enrollment.
# SQL: recursive.
ENROLLMENT_TO_SHOW = """
WITH RECURSIVE above(id) AS (
    SELECT $1::integer UNION SELECT s.activity_id FROM step s JOIN above ON s.child_activity_id = above.id
)
SELECT e.id, e.session_id, s.name AS session_name, e.state, s.starts_at, e.due_at
FROM enrollment e JOIN session s ON s.id = e.session_id JOIN above a ON a.id = e.activity_id
WHERE e.learner_id = $2 AND e.state <> 'expired'
ORDER BY (e.activity_id = $1) DESC, e.since DESC
LIMIT 1
"""

# SQL: a join.
LATEST_AWARD = """
SELECT c.title, a.issued_at, a.expires_at FROM award a JOIN certificate c ON c.id = a.certificate_id
WHERE c.activity_id = $1 AND a.learner_id = $2 ORDER BY a.issued_at DESC, a.id DESC LIMIT 1
"""

# SQL: a join.
LAST_NUDGE = """
SELECT max(m.created_at) FROM notice n JOIN message m ON m.id = n.message_id
WHERE n.session_id = $1 AND n.learner_id = $2 AND n.kind = 'nudged' AND n.cancelled_at IS NULL
"""

# A correction overwrites, but no completion; that somebody started takes nothing back.
# SQL: many rows in one statement.
WRITE_RESULTS = """
INSERT INTO result AS r (learner_id, activity_id, step_id, session_id, status, score, started_at, completed_at, note)
SELECT learner_id, activity_id, step_id, session_id, status, score,
       CASE WHEN status = 'started' THEN coalesce(started_at, $9) ELSE started_at END,
       CASE WHEN status = 'completed' THEN coalesce(completed_at, $9) ELSE completed_at END, note
FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::double precision[],
            $7::timestamptz[], $8::timestamptz[], $10::text[])
     AS w(learner_id, activity_id, step_id, session_id, status, score, started_at, completed_at, note)
ORDER BY learner_id, activity_id, step_id, session_id
ON CONFLICT (learner_id, activity_id, coalesce(step_id, 0), coalesce(session_id, 0)) DO UPDATE SET
    status = CASE WHEN excluded.status = 'started' THEN r.status ELSE excluded.status END,
    score = coalesce(excluded.score, r.score), note = coalesce(excluded.note, r.note),
    started_at = CASE WHEN excluded.started_at = $9 THEN coalesce(r.started_at, $9)
                      ELSE coalesce(excluded.started_at, r.started_at) END,
    completed_at = CASE WHEN excluded.status = 'started' THEN r.completed_at
                        -- Without a time the first one stays: sending a result again changes nothing.
                        WHEN excluded.completed_at = $9 AND r.status = 'completed' THEN r.completed_at
                        ELSE coalesce(excluded.completed_at, r.completed_at) END
WHERE (r.status, r.score, r.note, r.started_at, r.completed_at) IS DISTINCT FROM (
    CASE WHEN excluded.status = 'started' THEN r.status ELSE excluded.status END,
    coalesce(excluded.score, r.score), coalesce(excluded.note, r.note),
    CASE WHEN excluded.started_at = $9 THEN coalesce(r.started_at, $9)
         ELSE coalesce(excluded.started_at, r.started_at) END,
    CASE WHEN excluded.status = 'started' THEN r.completed_at
         WHEN excluded.completed_at = $9 AND r.status = 'completed' THEN r.completed_at
         ELSE coalesce(excluded.completed_at, r.completed_at) END)
RETURNING (xmax = 0) AS created
"""

# SQL: asked about many at once.
COMPLETED_AMONG = """
SELECT r.learner_id, r.activity_id, r.step_id, r.session_id
FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[]) AS w(learner_id, activity_id, step_id, session_id)
JOIN result r ON r.learner_id = w.learner_id AND r.activity_id = w.activity_id AND r.status = 'completed'
     AND r.step_id IS NOT DISTINCT FROM w.step_id AND r.session_id IS NOT DISTINCT FROM w.session_id
"""

# SQL: many rows in one statement.
KEEP_ATTEMPTS = """
INSERT INTO result_attempt (learner_id, activity_id, step_id, session_id, status, score, started_at, completed_at, note, reported_at)
SELECT w.*, $10 FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::double precision[],
                            $7::timestamptz[], $8::timestamptz[], $9::text[])
     AS w(learner_id, activity_id, step_id, session_id, status, score, started_at, completed_at, note)
-- Sending it again changes nothing.
WHERE NOT EXISTS (SELECT FROM result_attempt a WHERE a.learner_id = w.learner_id AND a.activity_id = w.activity_id
    AND (a.step_id, a.session_id, a.status, a.score, a.started_at, a.completed_at) IS NOT DISTINCT FROM
        (w.step_id, w.session_id, w.status, w.score, w.started_at, w.completed_at))
RETURNING id
"""

# A withdrawal names a session, and then takes back what was completed there or without a session, or none, and takes back all.
# SQL: many rows in one statement.
WITHDRAW_COMPLETIONS = """
UPDATE result r SET status = w.status, score = coalesce(w.score, r.score), completed_at = w.completed_at
FROM (SELECT DISTINCT ON (learner_id, activity_id, step_id, session_id) *
      FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::double precision[],
                  $7::timestamptz[])
          AS u(learner_id, activity_id, step_id, session_id, status, score, completed_at)) w
WHERE r.learner_id = w.learner_id AND r.activity_id = w.activity_id AND r.step_id IS NOT DISTINCT FROM w.step_id
  AND (w.session_id IS NULL OR r.session_id IS NULL OR r.session_id = w.session_id) AND r.status = 'completed'
"""

# SQL: asked about ten thousand people at once.
LEARNERS_NAMED = (
    "SELECT id, external_id, lower(email) AS email FROM learner"
    " WHERE id = ANY($1) OR external_id = ANY($2) OR lower(email) = ANY($3)"
)

# SQL: a join.
CERTIFICATES_NAMED = (
    "SELECT c.id, a.external_id FROM certificate c JOIN activity a ON a.id = c.activity_id"
    " WHERE c.id = ANY($1) OR a.external_id = ANY($2)"
)
