"""The audit: who did what to which object. Written in the transaction of the act itself."""

from dataclasses import dataclass
from typing import Any

from asyncpg import Record

from backend.database import execute
from backend.database.stored_json import stored_object
from backend.schemas.access import Account, AuditLine
from backend.schemas.base import Page
from backend.services.access import statements
from backend.services.access.actor import Actor
from backend.services.errors import Forbidden
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.where_clauses import Conditions, chosen_sort
from backend.words import Message


async def record(
    actor: Actor, action: str, object_kind: str, object_id: int | None = None, **detail: Any
) -> None:
    """Add one line; `action` like `group.create`. Call it inside the transaction that does it."""
    await execute(statements.RECORD, actor.id or None, action, object_kind, object_id, detail)


_SORTS = {"id": (("u.id", "bigint"),)}


@dataclass(slots=True)
class AuditQuery:
    """What the audit is asked for."""

    object_kind: str | None = None
    object_id: int | None = None
    action: str | None = None
    limit: int = 100
    cursor: str | None = None


async def list_lines(actor: Actor, query: AuditQuery) -> Page[AuditLine]:
    """The audit, latest first. For platform admins."""
    if not actor.is_admin:
        raise Forbidden(Message("Only platform admins may read the audit."))
    conditions = Conditions()
    for column, value in (
        ("object_kind", query.object_kind),
        ("object_id", query.object_id),
        ("action", query.action),
    ):
        if value is not None:
            conditions.add(f"u.{column} = {{}}", value)
    order = chosen_sort(None, _SORTS, "-id")
    rows, total = await sorted_rows(
        "u.*, l.email, l.first_name, l.last_name, l.language",
        "audit u LEFT JOIN learner l ON l.id = u.actor_id",
        conditions,
        order,
        limit=query.limit,
        cursor=query.cursor,
    )
    return page_of(rows, query.limit, total, item=_wire, key=order.key)


def _wire(row: Record) -> AuditLine:
    who = None
    if row["actor_id"] is not None:
        who = Account(
            id=row["actor_id"],
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
            language=row["language"],
        )
    return AuditLine(
        id=row["id"],
        at=row["at"],
        actor=who,
        action=row["action"],
        object_kind=row["object_kind"],
        object_id=row["object_id"],
        detail=stored_object(row["detail"]) or {},
    )
