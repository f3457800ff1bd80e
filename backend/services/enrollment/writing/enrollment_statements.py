"""The statements of the enrollment writer: set-based over parallel arrays, a constant number for any number of people."""

# What is alike for so many people is written once: see migrations/shared_changes.sql.
SHARED_LEAST = 100

# An enrollment as run_change keeps it: what an act can change.
SNAPSHOT_COLUMNS = (
    "state",
    "role",
    "since",
    "until",
    "due_at",
    "due_by_hand",
    "mandatory",
    "completed_at",
    "course_group_id",
)


def snapshot(of: str, **otherwise: str) -> str:
    """SQL for the snapshot of a row with these columns, some of them `otherwise`: a third of what `to_jsonb` of the row takes."""
    pairs = (f"'{name}', {otherwise.get(name, f'{of}.{name}')}" for name in SNAPSHOT_COLUMNS)
    return f"jsonb_build_object({', '.join(pairs)})"


# {e} is the row's alias; null where there is no enrollment.
SNAPSHOT = f"CASE WHEN {{e}}.id IS NOT NULL THEN {snapshot('{e}')} END"

# When something is due that is due so many calendar days after an instant: at the end of that day on the organisation's clocks.
# {zone} is its time zone.
DUE = "(((({since}) AT TIME ZONE {zone})::date + {days}) + time '23:59:59') AT TIME ZONE {zone}"
ZONE = "(SELECT muster_timezone())"
# When somebody is due by the method `m`: on its day, so many days after they came ({since}), or after a date of their own.
DUE_BY_METHOD = (
    "coalesce(m.due_at, " + DUE.replace("{days}", "m.due_days") + ","
    " CASE WHEN m.due_field IS NOT NULL THEN muster_due_by_field(m.due_field, {learner}, m.due_field_days) END)"
)

# The class that whoever enters is put into, as if by hand. A dynamic method keeps its people in its class by holding them, and leaves
# no trace there when it lets them go: see `COURSE_GROUP_MEMBERS`.
PLACED_BY = "CASE WHEN NOT m.dynamic THEN m.course_group_id END"

# Everything that places people in sessions of an activity holds this lock, so that one look tells who is enrolled where;
# the partial unique index enrollment_one_live stands behind it. Facts (results, memberships) never wait for it.
# SQL: a join.
LOCK = """
SELECT s.id, s.activity_id, s.starts_at, s.ends_at, s.fuse_count, s.fuse_percent, s.fuse_most, s.fuse_entering,
       a.several_sessions
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE s.id = ANY($1::integer[])
ORDER BY a.id, s.id FOR NO KEY UPDATE OF a, s
"""

# $1 methods, $2 learners, $3 runs, $4 reasons: one entry a person and method; $5 now.
# Answers (method_id, learner_id, run_id, session_id, outcome, leads, waited): 'enrolled' is new in the session, 'joined'
# was enrolled already and has one more source, 'sooner' likewise with an earlier due date, 'blocked' is enrolled elsewhere.
# Where two methods want a person for two sessions of one activity at once, the one of the higher priority gets them, of equals the older.
# Nothing here joins one intermediate result with another: their sizes are guesses to the planner, and a wrong one squares
# the work. Each is partitioned by windows, or looks up rows of tables by their keys one by one (LIMIT and OFFSET see to that:
# a plan that reads a whole table for some thousand people of it makes a large fill quadratic).
# SQL: many rows in one statement.
ENTER = f"""
WITH wanted AS (
    SELECT w.method_id, w.learner_id, w.run_id, w.reason, m.session_id, s.activity_id, NOT a.several_sessions AS exclusive,
           m.role, m.mandatory, {PLACED_BY} AS course_group_id,
           {DUE_BY_METHOD.format(since="$5::timestamptz", zone=ZONE, learner="w.learner_id")} AS due_at,
           coalesce(e.session_id, first_value(m.session_id) OVER (
               PARTITION BY w.learner_id, s.activity_id ORDER BY m.priority DESC, w.method_id)) AS place,
           k.other_session_id AS waited_for
    FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::jsonb[]) AS w(method_id, learner_id, run_id, reason)
    JOIN enrollment_method m ON m.id = w.method_id
    JOIN session s ON s.id = m.session_id
    JOIN activity a ON a.id = s.activity_id
    CROSS JOIN LATERAL (SELECT FROM learner WHERE id = w.learner_id AND status IN ('invited', 'active') LIMIT 1) l
    LEFT JOIN LATERAL (
        SELECT session_id FROM enrollment WHERE NOT a.several_sessions AND exclusive AND activity_id = s.activity_id
            AND learner_id = w.learner_id AND state <> 'expired' LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT other_session_id FROM blocked WHERE method_id = w.method_id AND learner_id = w.learner_id LIMIT 1) k ON true
    WHERE NOT EXISTS (
        SELECT FROM source x WHERE x.method_id = w.method_id AND x.learner_id = w.learner_id AND x.until IS NULL OFFSET 0)
    -- Whoever wants them: who is left out of the session is not enrolled in it.
    AND NOT EXISTS (
        SELECT FROM exclusion x WHERE x.session_id = m.session_id AND x.learner_id = w.learner_id
            AND (x.until IS NULL OR x.until > ($5::timestamptz AT TIME ZONE {ZONE})::date) OFFSET 0)
), entering AS (
    SELECT w.*, b.state AS old_state, b.due_at AS old_due_at, {SNAPSHOT.format(e="b")} AS before,
           row_number() OVER (PARTITION BY w.session_id, w.learner_id ORDER BY w.run_id, w.method_id) = 1 AS leads,
           CASE WHEN b.state <> 'expired' THEN b.state WHEN st.learner_id IS NULL THEN 'active' ELSE 'completed' END AS new_state,
           CASE WHEN b.state <> 'expired' THEN b.since ELSE $5 END AS new_since,
           CASE WHEN b.state <> 'expired' THEN least(b.role, min(w.role) OVER same) ELSE min(w.role) OVER same END AS new_role,
           CASE WHEN b.state <> 'expired' AND b.due_by_hand THEN b.due_at
                WHEN b.state <> 'expired' THEN least(b.due_at, min(w.due_at) OVER same)
                ELSE min(w.due_at) OVER same END AS new_due_at,
           coalesce(b.state <> 'expired' AND b.due_by_hand, false) AS new_by_hand,
           bool_or(w.mandatory) OVER same OR coalesce(b.state <> 'expired' AND b.mandatory, false) AS new_mandatory,
           CASE WHEN b.state <> 'expired' THEN b.completed_at
                WHEN st.learner_id IS NOT NULL THEN coalesce(st.completed_at, $5) END AS new_completed_at,
           coalesce(b.course_group_id, min(w.course_group_id) OVER same) AS new_course_group_id
    FROM wanted w
    LEFT JOIN LATERAL (
        SELECT * FROM enrollment WHERE session_id = w.session_id AND learner_id = w.learner_id LIMIT 1) b ON true
    LEFT JOIN LATERAL (
        SELECT learner_id, completed_at FROM standing WHERE w.exclusive AND activity_id = w.activity_id
            AND learner_id = w.learner_id AND status = 'completed' LIMIT 1) st ON true
    WHERE NOT w.exclusive OR w.place = w.session_id
    WINDOW same AS (PARTITION BY w.session_id, w.learner_id)
), opened AS (
    INSERT INTO source (method_id, learner_id, session_id, since, run_id)
    SELECT method_id, learner_id, session_id, $5, run_id FROM entering
    ON CONFLICT (method_id, learner_id) WHERE until IS NULL DO NOTHING
), written AS (
    INSERT INTO enrollment AS e (session_id, activity_id, learner_id, state, exclusive, role, since, due_at, due_by_hand,
                                 mandatory, completed_at, course_group_id, run_id)
    SELECT session_id, activity_id, learner_id, new_state, exclusive, new_role, new_since, new_due_at, new_by_hand,
           new_mandatory, new_completed_at, new_course_group_id, run_id
    FROM entering WHERE leads ORDER BY learner_id, session_id
    ON CONFLICT (session_id, learner_id) DO UPDATE SET
        -- A report may have completed it since this statement began to look.
        state = CASE WHEN e.state = 'expired' THEN excluded.state ELSE e.state END,
        completed_at = CASE WHEN e.state = 'expired' THEN excluded.completed_at ELSE e.completed_at END,
        until = NULL, since = excluded.since, role = excluded.role, due_at = excluded.due_at,
        due_by_hand = excluded.due_by_hand, mandatory = excluded.mandatory, course_group_id = excluded.course_group_id,
        run_id = excluded.run_id, version = e.version + 1
    WHERE e.state = 'expired' OR (e.role, e.due_at, e.mandatory, e.course_group_id)
        IS DISTINCT FROM (excluded.role, excluded.due_at, excluded.mandatory, excluded.course_group_id)
), stuck AS (
    INSERT INTO blocked AS b (method_id, learner_id, session_id, other_session_id, since, run_id)
    SELECT method_id, learner_id, session_id, place, $5, run_id FROM wanted WHERE exclusive AND place <> session_id
    ON CONFLICT (method_id, learner_id) DO UPDATE SET other_session_id = excluded.other_session_id, run_id = excluded.run_id
    WHERE b.other_session_id <> excluded.other_session_id
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    -- Whom several methods bring at once, one of them enrolls, and the others find enrolled: that one is undone last.
    SELECT run_id, learner_id, 'entered', CASE WHEN leads THEN before ELSE after END, after, reason
    FROM entering CROSS JOIN LATERAL jsonb_build_object(
        'state', new_state, 'role', new_role, 'since', new_since, 'until', NULL, 'due_at', new_due_at,
        'due_by_hand', new_by_hand, 'mandatory', new_mandatory, 'completed_at', new_completed_at,
        'course_group_id', new_course_group_id) AS after
    UNION ALL
    SELECT run_id, learner_id, 'unblocked', jsonb_build_object('session_id', waited_for), NULL, reason
    FROM entering WHERE waited_for IS NOT NULL
    UNION ALL
    SELECT run_id, learner_id, 'blocked', NULL, jsonb_build_object('session_id', place), reason
    FROM wanted WHERE exclusive AND place <> session_id AND waited_for IS DISTINCT FROM place
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT method_id, learner_id, run_id, session_id,
       CASE WHEN old_state IS NULL OR old_state = 'expired' THEN 'enrolled'
            WHEN new_due_at < old_due_at OR (old_due_at IS NULL AND new_due_at IS NOT NULL) THEN 'sooner'
            ELSE 'joined' END AS outcome,
       leads, waited_for IS NOT NULL AS waited
FROM entering
UNION ALL
SELECT method_id, learner_id, run_id, session_id, 'blocked', true, false
FROM wanted WHERE exclusive AND place <> session_id AND waited_for IS DISTINCT FROM place
"""

# $1 method, $2 learners, $3 run, $4 their reasons, $5 now, $6 whether all have the first of the reasons. Enrolls those of whom nothing is known here: no enrollment in the
# session or, where one excludes it, elsewhere, no source, not blocked, not left out, not completed. That is nearly everybody of a first fill,
# and what is written is the same for each. Answers the others, whom ENTER looks at. The caller's lock on the activity keeps
# what is looked up as it is; whatever passes by that lock meets the unique keys, and the chunk is written again.
# SQL: many rows in one statement.
FILL = f"""
WITH method AS MATERIALIZED (
    SELECT m.id, m.session_id, s.activity_id, NOT a.several_sessions AS exclusive, m.role, m.mandatory, {PLACED_BY} AS course_group_id,
           coalesce(m.due_at, {DUE.format(since="$5::timestamptz", days="m.due_days", zone=ZONE)}) AS due_at,
           m.due_field IS NOT NULL AS of_each,
           EXISTS (SELECT FROM blocked k WHERE k.method_id = m.id) AS anybody_blocked,
           EXISTS (SELECT FROM exclusion x WHERE x.session_id = m.session_id) AS anybody_excluded,
           EXISTS (SELECT FROM standing t WHERE t.activity_id = s.activity_id) AS anybody_began
    FROM enrollment_method m JOIN session s ON s.id = m.session_id JOIN activity a ON a.id = s.activity_id
    WHERE m.id = $1
), wanted AS MATERIALIZED (
    SELECT w.learner_id, w.reason,
           -- Who is due by a date of their own is no like of the others.
           NOT m.of_each
           AND EXISTS (SELECT FROM learner l WHERE l.id = w.learner_id AND l.status IN ('invited', 'active') OFFSET 0)
           AND NOT EXISTS (SELECT FROM enrollment e WHERE e.learner_id = w.learner_id AND e.activity_id = m.activity_id
                           AND (e.session_id = m.session_id OR (m.exclusive AND e.exclusive AND e.state <> 'expired')) OFFSET 0)
           AND NOT EXISTS (SELECT FROM source x
                           WHERE x.method_id = m.id AND x.learner_id = w.learner_id AND x.until IS NULL OFFSET 0)
           AND NOT (m.anybody_blocked AND EXISTS (
                SELECT FROM blocked k WHERE k.method_id = m.id AND k.learner_id = w.learner_id OFFSET 0))
           AND NOT (m.anybody_excluded AND EXISTS (
                SELECT FROM exclusion x WHERE x.session_id = m.session_id AND x.learner_id = w.learner_id OFFSET 0))
           AND NOT (m.anybody_began AND EXISTS (
                SELECT FROM standing t WHERE t.activity_id = m.activity_id AND t.learner_id = w.learner_id
                    AND t.status = 'completed' OFFSET 0)) AS fresh
    FROM unnest($2::integer[], $4::jsonb[]) AS w(learner_id, reason) CROSS JOIN method m
), entering AS MATERIALIZED (
    SELECT learner_id, reason FROM wanted WHERE fresh
), opened AS (
    INSERT INTO source (method_id, learner_id, session_id, since, run_id)
    SELECT m.id, n.learner_id, m.session_id, $5, $3::bigint FROM entering n CROSS JOIN method m
), written AS (
    INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, role, since, due_at, mandatory,
                            course_group_id, run_id)
    SELECT m.session_id, m.activity_id, n.learner_id, 'active', m.exclusive, m.role, $5, m.due_at, m.mandatory,
           m.course_group_id, $3::bigint
    FROM entering n CROSS JOIN method m
), entered AS MATERIALIZED (
    SELECT jsonb_build_object('state', 'active', 'role', role, 'since', $5, 'until', NULL, 'due_at', due_at,
                              'due_by_hand', false, 'mandatory', mandatory, 'completed_at', NULL,
                              'course_group_id', course_group_id) AS after
    FROM method
), many AS MATERIALIZED (
    SELECT array_agg(learner_id ORDER BY learner_id) AS learners FROM entering HAVING $6::boolean AND count(*) >= {SHARED_LEAST}
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, after, reason)
    SELECT $3::bigint, n.learner_id, 'entered', e.after, n.reason FROM entering n CROSS JOIN entered e
    WHERE NOT EXISTS (SELECT FROM many)
), noted_at_once AS (
    INSERT INTO run_change_shared (run_id, change, learners, after, reason)
    SELECT $3::bigint, 'entered', m.learners, e.after, ($4::jsonb[])[1] FROM many m CROSS JOIN entered e
)
SELECT coalesce(array_agg(learner_id) FILTER (WHERE NOT fresh), '{{}}') FROM wanted
"""

# $1 runs, $2 sessions, $3 learners, $4 reason. What the live sources say of due date, mandatory and role, written where the
# enrollment says otherwise; a due date given by hand stays, and so does that of what is completed. Answers who changed and whether they are due sooner.
# SQL: many rows in one statement.
SETTLE = f"""
WITH pair AS (
    SELECT DISTINCT ON (session_id, learner_id) *
    FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS p(run_id, session_id, learner_id)
    ORDER BY session_id, learner_id, run_id
), told AS (
    SELECT p.run_id, p.session_id, p.learner_id, min({DUE_BY_METHOD.format(since="s.since", zone=ZONE, learner="s.learner_id")}) AS due_at,
           bool_or(m.mandatory) AS mandatory, min(m.role) AS role
    FROM pair p
    -- Who was kept is due when they were.
    JOIN source s ON s.session_id = p.session_id AND s.learner_id = p.learner_id AND s.until IS NULL AND s.kept_from IS NULL
    JOIN enrollment_method m ON m.id = s.method_id
    GROUP BY p.run_id, p.session_id, p.learner_id
), before AS (
    SELECT e.id, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
    FROM enrollment e JOIN pair p USING (session_id, learner_id) WHERE e.state <> 'expired'
), settled AS (
    UPDATE enrollment e SET due_at = CASE WHEN e.due_by_hand OR e.state = 'completed' THEN e.due_at ELSE t.due_at END, mandatory = t.mandatory,
                            role = t.role, run_id = t.run_id, version = e.version + 1
    FROM told t
    WHERE e.session_id = t.session_id AND e.learner_id = t.learner_id AND e.state <> 'expired'
      AND ((NOT e.due_by_hand AND e.state <> 'completed' AND e.due_at IS DISTINCT FROM t.due_at)
           OR (e.mandatory, e.role) <> (t.mandatory, t.role))
    RETURNING e.id, e.session_id, e.learner_id, e.due_at, {SNAPSHOT.format(e="e")} AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
    SELECT p.run_id, s.learner_id, 'updated', b.snapshot, s.snapshot, $4::jsonb
    FROM settled s JOIN before b USING (id) JOIN pair p USING (session_id, learner_id)
    ON CONFLICT (run_id, learner_id, change) DO NOTHING
)
SELECT p.run_id, s.session_id, s.learner_id,
       coalesce(s.due_at < b.due_at, false) OR (b.due_at IS NULL AND s.due_at IS NOT NULL) AS sooner
FROM settled s JOIN before b USING (id) JOIN pair p USING (session_id, learner_id)
"""

# $1 method, $2 learners, $3 run, $4 their reasons: they are wanted no longer, so they wait no longer.
# SQL: many rows in one statement.
RELEASE = """
WITH gone AS (
    DELETE FROM blocked b USING unnest($2::integer[], $4::jsonb[]) AS w(learner_id, reason)
    WHERE b.method_id = $1 AND b.learner_id = w.learner_id
    RETURNING b.learner_id, b.other_session_id, w.reason
)
INSERT INTO run_change (run_id, learner_id, change, before, reason)
SELECT $3, learner_id, 'unblocked', jsonb_build_object('session_id', other_session_id), reason FROM gone
ON CONFLICT (run_id, learner_id, change) DO NOTHING
RETURNING learner_id
"""

# SQL: many rows in one statement.
OPEN_RUNS = """
INSERT INTO run (method_id, session_id, cause, actor_id, state, position, detail, created_at, finished_at, caused_by)
SELECT w.method_id, w.session_id, w.cause, w.actor_id, 'applied', w.position, w.detail, $7, $7, w.caused_by
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::bigint[], $6::jsonb[], $8::bigint[]) WITH ORDINALITY
    AS w(method_id, session_id, cause, actor_id, position, detail, caused_by, n)
ORDER BY n RETURNING id
"""

# $1 runs, and of each how many people entered, left, are gaining, losing, have completed and stay, are blocked. Adds what a chunk
# did; a run that did nothing and decided nothing leaves no trace.
# SQL: many rows in one statement.
COUNT_RUNS = """
UPDATE run r SET entered = r.entered + c.entered, left_count = r.left_count + c.left_count, gaining = r.gaining + c.gaining,
    losing = r.losing + c.losing, completed_stay = r.completed_stay + c.completed_stay, blocked = r.blocked + c.blocked
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[])
    AS c(id, entered, left_count, gaining, losing, completed_stay, blocked)
WHERE r.id = c.id
"""
