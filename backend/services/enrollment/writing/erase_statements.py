"""What erasing takes: the results of sessions that people leave, as far as nothing else counts them, and their certificates."""

# $1 sessions, $2 learners: those who leave. An activity counts results of its own and of the activities that its steps are.
_COUNTED = """
pair AS (
    SELECT DISTINCT p.session_id, p.learner_id, s.activity_id
    FROM unnest($1::integer[], $2::integer[]) AS p(session_id, learner_id) JOIN session s ON s.id = p.session_id
), below(base, id) AS (
    SELECT DISTINCT activity_id, activity_id FROM pair
    UNION
    SELECT b.base, t.child_activity_id FROM step t JOIN below b ON t.activity_id = b.id WHERE t.child_activity_id IS NOT NULL
), above(base, id) AS (
    SELECT DISTINCT id, id FROM below
    UNION
    SELECT a.base, t.activity_id FROM step t JOIN above a ON t.child_activity_id = a.id
), reached AS (
    -- Of the session, and those without a session on whatever the session's activity is made of.
    SELECT r.id, r.learner_id, r.activity_id, r.status, p.session_id,
           (SELECT e.session_id FROM enrollment e
            WHERE e.learner_id = r.learner_id AND e.state <> 'expired'
              AND e.activity_id IN (SELECT a.id FROM above a WHERE a.base = r.activity_id)
              -- Another session of the same activity has results of its own.
              AND NOT (r.session_id IS NOT NULL AND e.activity_id = r.activity_id)
              AND NOT EXISTS (SELECT FROM pair o WHERE o.session_id = e.session_id AND o.learner_id = e.learner_id)
            ORDER BY e.session_id LIMIT 1) AS counted_in
    FROM pair p
    JOIN below b ON b.base = p.activity_id
    JOIN result r ON r.learner_id = p.learner_id AND r.activity_id = b.id
         AND (r.session_id IS NULL OR r.session_id = p.session_id)
)
"""

# $1 method: whom it alone holds in its session.
# SQL: a join.
ALONE = """
SELECT s.learner_id FROM source s
JOIN enrollment e ON e.session_id = s.session_id AND e.learner_id = s.learner_id AND e.state <> 'expired'
WHERE s.method_id = $1 AND s.until IS NULL AND NOT EXISTS (
    SELECT FROM source o WHERE o.session_id = s.session_id AND o.learner_id = s.learner_id AND o.until IS NULL
        AND o.method_id <> s.method_id OFFSET 0)
ORDER BY s.learner_id
"""

# What goes: how many completions, how many certificates if they go too, and the results that stay because another session counts them.
# SQL: recursive.
FORESEE = f"""
WITH RECURSIVE {_COUNTED}
SELECT (SELECT count(*) FROM (
            SELECT DISTINCT p.learner_id, p.activity_id FROM pair p
            JOIN standing t ON t.learner_id = p.learner_id AND t.activity_id = p.activity_id AND t.status = 'completed'
            WHERE EXISTS (SELECT FROM reached r
                          WHERE r.learner_id = p.learner_id AND r.session_id = p.session_id AND r.counted_in IS NULL)
       ) c)::integer AS completions,
       (SELECT count(DISTINCT w.id) FROM award w JOIN certificate c ON c.id = w.certificate_id
        JOIN pair p ON p.learner_id = w.learner_id AND p.activity_id = c.activity_id
        WHERE NOT EXISTS (SELECT FROM reached r WHERE r.learner_id = p.learner_id AND r.session_id = p.session_id
                          AND r.counted_in IS NOT NULL))::integer AS certificates,
       ARRAY(SELECT DISTINCT jsonb_build_object('learner_id', learner_id, 'activity_id', activity_id, 'session_id', counted_in)
             FROM reached WHERE counted_in IS NOT NULL) AS staying
"""

# $3 the runs of the pairs, $4 whether certificates go too. The runs keep all of it for an undo, under what they did to the person.
# SQL: recursive.
ERASE = f"""
WITH RECURSIVE {_COUNTED}, of_run AS (
    SELECT DISTINCT ON (session_id, learner_id) session_id, learner_id, run_id
    FROM unnest($1::integer[], $2::integer[], $3::bigint[]) AS w(session_id, learner_id, run_id) ORDER BY 1, 2, 3 DESC
), doomed AS (
    SELECT DISTINCT ON (id) id, session_id, learner_id FROM reached WHERE counted_in IS NULL ORDER BY id, session_id
), gone AS (
    DELETE FROM result r USING doomed d WHERE r.id = d.id RETURNING d.session_id, d.learner_id, to_jsonb(r) AS result
), taken AS (
    DELETE FROM award w USING certificate c, (SELECT DISTINCT ON (learner_id, activity_id) * FROM pair) p
    WHERE $4::boolean AND c.id = w.certificate_id AND w.learner_id = p.learner_id AND c.activity_id = p.activity_id
      AND NOT EXISTS (SELECT FROM reached r WHERE r.learner_id = p.learner_id AND r.session_id = p.session_id
                      AND r.counted_in IS NOT NULL)
    RETURNING p.session_id, w.learner_id, to_jsonb(w) AS award
), kept AS (
    SELECT o.run_id, o.learner_id,
           (SELECT jsonb_agg(g.result) FROM gone g WHERE g.session_id = o.session_id AND g.learner_id = o.learner_id) AS results,
           (SELECT jsonb_agg(t.award) FROM taken t WHERE t.session_id = o.session_id AND t.learner_id = o.learner_id) AS awards
    FROM of_run o
)
UPDATE run_change c SET before = c.before || jsonb_strip_nulls(jsonb_build_object('results', k.results, 'awards', k.awards))
FROM kept k WHERE c.run_id = k.run_id AND c.learner_id = k.learner_id AND c.change = 'left' AND c.before IS NOT NULL
"""
