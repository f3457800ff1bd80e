"""The one hand-picked method of a session: whoever is picked, pasted, imported or kept there is enrolled by it. See docs/decisions/0033."""

from collections.abc import Sequence

from backend.database import fetch
from backend.runtime import clock
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.writing import hand_picked_statements
from backend.tables import EnrollmentMethod


async def hand_picked_methods(session_ids: Sequence[int], actor_id: int | None) -> dict[int, int]:
    """The ids by session, made where they are missing. The caller holds the sessions' locks."""
    found = await fetch(
        hand_picked_statements.HAND_PICKED_METHODS, list(session_ids), actor_id or None, clock.now()
    )
    return {row["session_id"]: row["id"] for row in found}


async def hand_picked_draft(session_id: int) -> MethodDraft:
    """The method as it is, or as it will be when it is first needed."""
    row = (
        await EnrollmentMethod.select()
        .where(
            EnrollmentMethod.session_id == session_id,
            EnrollmentMethod.hand_picked.eq(True),
            EnrollmentMethod.deleted_at.is_null(),
        )
        .first()
    )
    return (
        MethodDraft(session_id=session_id, kind="manual", hand_picked=True)
        if row is None
        else stored_draft(row)
    )
