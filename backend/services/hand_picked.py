"""The hand-picked method of a session: who is kept there, and whoever is picked by name, is enrolled by it."""

from collections.abc import Sequence

from backend import clock
from backend.database import fetch

# Manual methods with these names belong to imports, which have their own.
IMPORTS = ("Import", "Registrations")

# $1 sessions, $2 the acting person, $3 now, $4 methods that it must not be, $5 names that are not for people. The oldest one
# without a list of its own: confirming a list again would take out who is not on it.
_METHODS = """
WITH wanted AS (SELECT DISTINCT s FROM unnest($1::integer[]) AS w(s)),
found AS (
    SELECT DISTINCT ON (session_id) session_id, id FROM enrollment_method
    WHERE session_id = ANY($1::integer[]) AND kind = 'manual' AND rule IS NULL AND active AND state = 'live'
      AND deleted_at IS NULL AND id <> ALL($4::integer[]) AND name <> ALL($5::text[])
    ORDER BY session_id, name <> '', id
), made AS (
    INSERT INTO enrollment_method (session_id, kind, state, created_by, created_at)
    SELECT s, 'manual', 'live', $2, $3 FROM wanted WHERE s NOT IN (SELECT session_id FROM found)
    RETURNING session_id, id
)
SELECT session_id, id FROM found UNION ALL SELECT session_id, id FROM made
"""


async def hand_picked_methods(
    session_ids: Sequence[int], actor_id: int | None, besides: Sequence[int] = ()
) -> dict[int, int]:
    """The ids by session, made where they are missing; not one of `besides`. The caller holds the sessions' locks."""
    found = await fetch(
        _METHODS, list(session_ids), actor_id or None, clock.now(), list(besides), list(IMPORTS)
    )
    return {row["session_id"]: row["id"] for row in found}
