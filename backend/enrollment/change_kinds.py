"""What a run did to a person, or would do: told by what became of their enrollment, not of a source.

The fragments speak of `c`, a row of `each_run_change`, and of `r`, its run.
"""

# Whom another method holds whose own removal of them does not wait, too: those of one mistake do not hold one another.
_HELD_BY_ANOTHER = """EXISTS (
    SELECT FROM source o WHERE o.learner_id = c.learner_id AND o.session_id = r.session_id AND o.until IS NULL
        AND o.method_id <> r.method_id AND NOT EXISTS (
            SELECT FROM run h JOIN run_change hc ON hc.run_id = h.id AND hc.learner_id = c.learner_id AND hc.change = 'left'
            WHERE h.method_id = o.method_id AND h.state = 'held'))"""

# On the list of a held run: what would become of them now.
WAITING = f"""(
    SELECT CASE
        WHEN c.change = 'entered' AND e.state <> 'expired' THEN 'gained'
        WHEN c.change = 'entered' AND EXISTS (
            SELECT FROM enrollment x WHERE x.learner_id = c.learner_id AND x.exclusive AND x.state <> 'expired'
                AND x.activity_id = (SELECT activity_id FROM session WHERE id = r.session_id)) THEN 'blocked'
        WHEN c.change <> 'left' THEN c.change
        WHEN e.state = 'completed' THEN 'completed_stay'
        WHEN e.state IN ('active', 'suspended') AND m.on_leave <> 'keep' AND NOT {_HELD_BY_ANOTHER} THEN 'left'
        ELSE 'lost' END
    FROM enrollment_method m LEFT JOIN enrollment e ON e.session_id = r.session_id AND e.learner_id = c.learner_id
    WHERE m.id = r.method_id)"""

# What many share is what was done to them alike; nothing waits so.
SHARED_KIND = """CASE
    WHEN c.change = 'entered' AND c.before->>'state' <> 'expired' THEN 'gained'
    WHEN c.change <> 'left' OR c.after IS NULL THEN c.change
    WHEN c.after->>'state' = 'completed' THEN 'completed_stay'
    WHEN c.after->>'state' <> 'expired' OR c.before->>'state' = 'expired' THEN 'lost'
    ELSE c.change END"""
KIND = f"CASE WHEN r.state = 'held' THEN {WAITING} ELSE {SHARED_KIND} END"

# Of a held run, how many people each would be; one row, of zeros for any other.
FIGURES = f"""
SELECT count(*) FILTER (WHERE kind = 'entered') AS entering, count(*) FILTER (WHERE kind = 'left') AS leaving,
       count(*) FILTER (WHERE kind = 'gained') AS gaining, count(*) FILTER (WHERE kind = 'lost') AS losing,
       count(*) FILTER (WHERE kind = 'completed_stay') AS completed_stay
FROM (SELECT {WAITING} AS kind FROM run_change c WHERE r.state = 'held' AND c.run_id = r.id) AS waiting
"""
