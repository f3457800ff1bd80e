"""Who leaves a group can leave, in the same act, what the group enrolled them in."""

from collections.abc import Sequence

from backend.database import fetch
from backend.services.actor import Actor
from backend.services.enrollment_writer import Write, lock_sessions, write

# Methods that enroll through the group: of its own, of a rule with a block of it, or of a session that is the group's.
_LINKED = """
SELECT m.id, m.session_id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.deleted_at IS NULL AND (
    m.group_id = $1 OR s.group_id = $1
    OR EXISTS (SELECT FROM jsonb_array_elements(coalesce(m.rule->'blocks', '[]')) b
               WHERE coalesce(b->'groups', '[]') @> to_jsonb($1::integer)))
ORDER BY m.id
"""


async def leave_sessions_of_group(
    actor: Actor, group_id: int, learner_ids: Sequence[int], *, erase: bool
) -> list[int]:
    """End what the group's methods gave these people, in the caller's transaction; the runs' ids.

    Access ends and progress is kept, or erased. What other methods hold stays, and so does what is completed.
    """
    methods = await fetch(_LINKED, group_id)
    if not methods:
        return []
    await lock_sessions(method["session_id"] for method in methods)
    done = await write(
        [
            Write(
                method_id=method["id"],
                session_id=method["session_id"],
                cause="act",
                actor_id=actor.id,
                leaving=list(learner_ids),
                confirmed=True,
                on_leave="erase" if erase else "expire",
                drop_empty=True,
            )
            for method in methods
        ]
    )
    return [written.run_id for written in done if written.run_id is not None]
