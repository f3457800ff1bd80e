"""SQL of how long people are enrolled who were picked by name."""

# Of the source `s`: the end that was said of it. What was said of an earlier one of the person says nothing of this.
END_OF = "picked_until p WHERE p.method_id = s.method_id AND p.learner_id = s.learner_id AND p.at >= s.since"

# $1 a method, $2 learners, $3 until (null: for good), $4 now. Of those whom it holds. Answers what was said before of each whose end is
# another now.
# SQL: many rows in one statement.
PUT = f"""
WITH held AS MATERIALIZED (
    SELECT s.learner_id, (SELECT p.until FROM {END_OF}) AS before
    FROM source s WHERE s.method_id = $1 AND s.learner_id = ANY($2::integer[]) AND s.until IS NULL
), gone AS (
    DELETE FROM picked_until WHERE $3::date IS NULL AND method_id = $1 AND learner_id IN (SELECT learner_id FROM held)
), put AS (
    INSERT INTO picked_until (method_id, learner_id, until, at)
    SELECT $1, learner_id, $3, $4 FROM held WHERE $3::date IS NOT NULL ORDER BY learner_id
    ON CONFLICT (method_id, learner_id) DO UPDATE SET until = excluded.until, at = excluded.at
)
SELECT coalesce(jsonb_agg(jsonb_build_array(learner_id, before) ORDER BY learner_id), '[]') FROM held
WHERE before IS DISTINCT FROM $3::date
"""

# $1 the day, $2 a session (null: all). Who is held beyond the day that was said.
# SQL: a join.
OVER = """
SELECT s.session_id, s.method_id, s.learner_id, p.until
FROM picked_until p JOIN source s ON s.method_id = p.method_id AND s.learner_id = p.learner_id AND s.until IS NULL AND s.since <= p.at
WHERE p.until <= $1 AND ($2::integer IS NULL OR s.session_id = $2) ORDER BY s.session_id, s.method_id, s.learner_id
"""

# $1 the day. What was said of sources that have ended meanwhile, in whatever way, once its day has come.
# SQL: two tables in one question.
FORGET = """
DELETE FROM picked_until p WHERE p.until <= $1 AND NOT EXISTS (
    SELECT FROM source s WHERE s.method_id = p.method_id AND s.learner_id = p.learner_id AND s.until IS NULL AND s.since <= p.at)
"""

# $1 a run, $2 what it replaced.
# SQL: JSON changed where it is.
KEEP = "UPDATE run SET detail = jsonb_set(detail, '{picked_until}', $2::jsonb) WHERE id = $1"
