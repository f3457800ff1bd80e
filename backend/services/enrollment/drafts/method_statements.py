"""SQL of methods: rows as runs keep them, and who is held."""

# SQL: the whole row as PostgreSQL writes it in JSON, for an undo to bring back.
METHOD_AS_JSON = "SELECT to_jsonb(m) FROM enrollment_method m WHERE id = $1"
# SQL: likewise, beside the row.
METHOD_AND_JSON = "SELECT m.*, to_jsonb(m) AS row FROM enrollment_method m WHERE id = $1"
# SQL: a million rows.
HELD_BY = "SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL"


_COLUMNS = """
m.*, (SELECT max(r.id) FROM run r WHERE r.method_id = m.id AND r.state = 'held') AS held_run_id,
(SELECT count(*) FROM waiting_place w WHERE w.method_id = m.id) AS queue,
ARRAY(SELECT p.learner_id FROM rule_pin p WHERE p.method_id = m.id) AS pins,
ARRAY(SELECT p.learner_id FROM rule_pin p WHERE p.method_id = m.id AND p.broken_since IS NOT NULL) AS broken_pins
"""
# SQL: with what is held of each, and a cursor.
METHODS = f"""
SELECT {_COLUMNS}
FROM enrollment_method m WHERE m.session_id = $1 AND m.kind <> 'catalog' AND m.deleted_at IS NULL AND m.id > $2 ORDER BY m.id LIMIT $3
"""
# SQL: of an activity's sessions that conditions leave, newest session first; with a cursor.
METHODS_OF_SESSIONS = f"""
SELECT {_COLUMNS}, s.name AS session_name
FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.kind <> 'catalog' AND m.deleted_at IS NULL AND {{where}} ORDER BY s.id DESC, m.id LIMIT {{limit}}
"""
# SQL: how many these are.
METHODS_OF_SESSIONS_COUNT = "SELECT count(*) FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.kind <> 'catalog' AND m.deleted_at IS NULL AND {where}"
