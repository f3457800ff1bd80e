"""The audit: who did what to which object. Written in the transaction of the act itself."""

from typing import Any

from backend.database import execute
from backend.services.actor import Actor


async def record(
    actor: Actor, action: str, object_kind: str, object_id: int | None = None, **detail: Any
) -> None:
    """Add one line; `action` like `group.create`. Call it inside the transaction that does it."""
    await execute(
        "INSERT INTO audit (at, actor_id, action, object_kind, object_id, detail)"
        " VALUES (muster_now(), $1, $2, $3, $4, $5)",
        actor.id or None,
        action,
        object_kind,
        object_id,
        detail,
    )
