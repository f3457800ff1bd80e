"""Subpath methods of a new session of a path: one stands in the one open session of each path or program inside."""

from backend.database import fetch
from backend.enrollment.method_kinds.subpath import rule_of_parent
from backend.runtime import clock
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.drafts.method_rows import save_method
from backend.services.enrollment.methods import subpath_statements
from backend.services.errors import Forbidden, NotFound


async def follow_new_session(actor: Actor, session_id: int, activity_id: int) -> None:
    """Nobody is enrolled in a new session yet, so nobody enters by it.

    In sessions that are not the actor's to change none is made: whoever may sees them under *Needs you*.
    """
    for row in await fetch(subpath_statements.ONLY_SESSIONS_INSIDE, activity_id, clock.now()):
        inner = row["session_id"]
        try:
            await session_for(actor, inner, "manage")
        except (Forbidden, NotFound):
            continue
        draft = MethodDraft(
            session_id=inner,
            kind="subpath",
            dynamic=True,
            parent_session_id=session_id,
            rule=rule_of_parent(activity_id, session_id, None),
        )
        method_id = await save_method(actor, draft, state="live")
        await audit.record(actor, "method.create", "enrollment_method", method_id, session_id=inner)
