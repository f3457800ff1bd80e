"""SQL of runs: lists of them, what they did to whom, writing large ones, telling their people."""

from backend.enrollment.change_kinds import FIGURES, KIND, SHARED_KIND
from backend.services.statements import some_rows

# What followed from an act is added up for the runs of a page.
_FOLLOWED = """
(SELECT jsonb_build_object('count', count(*), 'held', count(*) FILTER (WHERE c.state = 'held'),
        'entered', coalesce(sum(c.entered), 0), 'left', coalesce(sum(c.left_count), 0), 'gaining', coalesce(sum(c.gaining), 0),
        'losing', coalesce(sum(c.losing), 0), 'completed_stay', coalesce(sum(c.completed_stay), 0),
        'blocked', coalesce(sum(c.blocked), 0))
 FROM run c WHERE c.caused_by = r.id HAVING count(*) > 0)
"""
RUN_COLUMNS = f"""
r.*, {_FOLLOWED} AS followed,
       m.name AS method_name, m.kind AS method_kind, s.name AS session_name, a.title AS activity_title,
       l.email, l.first_name, l.last_name, (SELECT u.id FROM run u WHERE u.undo_of = r.id) AS undone_by, to_jsonb(f) AS figures
"""
RUNS = """
run r
LEFT JOIN enrollment_method m ON m.id = r.method_id
LEFT JOIN session s ON s.id = r.session_id
LEFT JOIN activity a ON a.id = s.activity_id
LEFT JOIN learner l ON l.id = r.actor_id
"""
RUNS_WITH_FIGURES = f"{RUNS} CROSS JOIN LATERAL ({FIGURES}) AS f"
# SQL: a join.
RUN = some_rows(RUN_COLUMNS, RUNS_WITH_FIGURES, "r.id = $1")
# Who is searched for by name, or may be seen, is looked for among everybody of the run.
SEARCHED = "run r JOIN each_run_change c ON c.run_id = r.id JOIN learner l ON l.id = c.learner_id"

# Only tellers hold these rows; whoever takes the run back holds the session, and is looked for under its lock.
_NEXT = """
SELECT t.*, r.method_id FROM telling t JOIN run r ON r.id = t.run_id WHERE t.run_id = $1 FOR UPDATE OF t {free}
"""
# SQL: a join of which one side is locked.
NEXT_OF_ALL, NEXT_FREE = _NEXT.format(free=""), _NEXT.format(free="SKIP LOCKED")

# $1 run. Of what many share only the count is read.
# SQL: figures over many rows.
COUNT_CHANGES = """
SELECT (SELECT count(*) FROM run_change WHERE run_id = $1)
    + (SELECT coalesce(sum(people), 0) FROM run_change_shared WHERE run_id = $1)
"""

# $1 run, $2 kind: what it did to each has to be looked at.
# SQL: figures over many rows.
COUNT_CHANGES_OF_KIND = f"""
SELECT (SELECT count(*) FROM run_change c WHERE c.run_id = r.id AND {KIND} = $2)
    + (SELECT coalesce(sum(c.people), 0) FROM run_change_shared c WHERE c.run_id = r.id AND {SHARED_KIND} = $2)
FROM run r WHERE r.id = $1
"""

# $1 run, $2 kind or null, $3, $4 the person and change of the last one shown, $5 how many. Of what many share the first row may
# hold one person who is still to be shown; with those after it so many rows are read as hold enough.
# SQL: asked about many at once.
CHANGES = f"""
SELECT c.*, {KIND} AS kind, l.email, l.first_name, l.last_name FROM run r CROSS JOIN LATERAL (
    (SELECT run_id, learner_id, change, before, after, reason FROM run_change c
     WHERE c.run_id = r.id AND ($2::text IS NULL OR {KIND} = $2) AND (learner_id, change) > ($3, $4)
     ORDER BY learner_id, change LIMIT $5)
    UNION ALL
    (SELECT s.run_id, p.id, s.change, s.before, s.after, s.reason FROM (
         SELECT *, sum(people) OVER earlier - first_value(people) OVER earlier AS before_it
         FROM run_change_shared c WHERE c.run_id = r.id AND ($2::text IS NULL OR {SHARED_KIND} = $2) AND last_id >= $3
         WINDOW earlier AS (ORDER BY first_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) s
     CROSS JOIN LATERAL unnest(s.learners) AS p(id)
     WHERE coalesce(s.before_it, 0) < $5 AND (p.id, s.change) > ($3, $4) ORDER BY p.id, s.change LIMIT $5)
) c JOIN learner l ON l.id = c.learner_id
WHERE r.id = $1
ORDER BY c.learner_id, c.change LIMIT $5
"""

# SQL: figures over many rows.
CHANGED_BY_RUNS = """
SELECT run_id, array_send(array_agg(learner_id)) AS people FROM each_run_change WHERE run_id = ANY($1::bigint[]) GROUP BY run_id
"""

# SQL: a join.
MAILED = """
SELECT EXISTS (SELECT FROM notice n JOIN message m ON m.id = n.message_id
               WHERE n.run_id = $1 AND n.cancelled_at IS NULL AND m.state NOT IN ('pending', 'dormant', 'cancelled'))
"""

# Those whose enrollment is still the one that the run began, in the instant of its source: who left meanwhile has nothing to be
# told, who came back since is told by what brought them back, and who was enrolled before knows. `+ 0` has enrollments found by the person: of a session that has just been filled
# the planner thinks that it holds nobody, and would read all of it for each of them.
# SQL: several tables in one question.
UNTOLD_OF_RUN = """
SELECT s.learner_id FROM source s
WHERE s.run_id = $1 AND s.learner_id > $3
  AND EXISTS (SELECT FROM enrollment e WHERE e.session_id + 0 = $2 AND e.learner_id = s.learner_id AND e.state <> 'expired'
                  AND e.since = s.since OFFSET 0)
ORDER BY s.learner_id LIMIT $4
"""

# SQL: a join.
OPEN_NOTIFICATIONS = """
SELECT t.run_id, t.session_id FROM telling t JOIN run r ON r.id = t.run_id
WHERE r.state <> 'applying' AND NOT EXISTS (SELECT FROM run u WHERE u.undo_of = r.id AND u.state = 'applying')
ORDER BY t.run_id
"""

# SQL: several tables in one question.
BEING_UNDONE = "SELECT EXISTS (SELECT FROM run u WHERE u.undo_of = $1 AND u.state = 'applying')"

# A chunk that a crash takes back is written again, for its progress goes with it: nobody waits for the disk.
# SQL: with a setting of the transaction.
LOCK_RUN = """
SELECT r.*, set_config('synchronous_commit', 'off', true) FROM run r WHERE id = $1 AND state = 'applying' FOR UPDATE
"""

# Whether another worker is at the run is asked without holding it: sessions are locked before runs, by everybody.
# SQL: with an advisory lock.
TAKE_RUN = """
SELECT session_id, pg_try_advisory_xact_lock(hashtextextended('run:' || id, 0)) AS is_ours FROM run
WHERE id = $1 AND state = 'applying'
"""

# SQL: JSON is added to where it is.
COUNT_FAILURE = """
UPDATE run SET detail = detail || jsonb_build_object('failures', coalesce((detail->>'failures')::integer, 0) + 1, 'error', $2::text)
WHERE id = $1 AND state = 'applying' RETURNING (detail->>'failures')::integer
"""
