"""SQL of the lists of whom a session leaves out."""

# SQL: asked about many at once.
LIVE_OF = """
SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = ANY($2::integer[]) AND state IN ('active', 'suspended', 'completed')
ORDER BY learner_id
"""

# Parts of a list, whose conditions are put together while asking.
COLUMNS = """
x.learner_id, x.session_id, x.reason, x.until, x.moved_to_id, x.at, x.run_id, l.email, l.first_name, l.last_name,
x.by_id, b.email AS by_email, b.first_name AS by_first_name, b.last_name AS by_last_name
"""
EXCLUSIONS = "exclusion x JOIN learner l ON l.id = x.learner_id LEFT JOIN learner b ON b.id = x.by_id"

# SQL: a join over many.
THESE = f"SELECT {COLUMNS} FROM {EXCLUSIONS} WHERE x.session_id = $1 AND x.learner_id = ANY($2::integer[]) ORDER BY x.learner_id"
