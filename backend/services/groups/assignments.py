"""What groups give access to: methods of kind group, by group or by activity."""

from typing import Any

from asyncpg import Record

from backend.database import fetch, fetch_value
from backend.index import FacetIndex, Follower
from backend.schemas.assignments import Assignment
from backend.schemas.base import Page
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.access.rights import activity_for, group_for, session_for
from backend.services.audiences.index_access import latest_index
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.groups import assignment_statements
from backend.services.paging import decode_cursor, page_of


async def of_group(
    actor: Actor, follower: Follower, group_id: int, *, limit: int, cursor: str | None
) -> Page[Assignment]:
    """What a group gives access to, for its admins and coaches: in sessions whose participants they see."""
    await group_for(actor, group_id, "members")
    return await _page(actor, follower, (group_id, None), limit=limit, cursor=cursor)


async def of_activity(
    actor: Actor, follower: Follower, activity_id: int, *, limit: int, cursor: str | None
) -> Page[Assignment]:
    """The groups that give access to an activity, as far as the reader leads them."""
    await activity_for(actor, activity_id)
    return await _page(actor, follower, (None, activity_id), limit=limit, cursor=cursor)


async def _page(
    actor: Actor, follower: Follower, of: tuple[int | None, int | None], *, limit: int, cursor: str | None
) -> Page[Assignment]:
    (after,) = decode_cursor(cursor, tuple[int]) or (0,)
    mine: tuple[list[int] | None, list[int] | None] = (None, None)
    if not actor.is_admin:
        mine = (list(await led_groups(actor)), list(await instructed_sessions(actor)))
    rows = await fetch(assignment_statements.ASSIGNMENTS, *of, *mine, after, limit + 1)
    total = await fetch_value(assignment_statements.COUNT_ASSIGNMENTS, *of, *mine)
    index = await latest_index(follower)
    permits: dict[int, Permit] = {}
    shown = {}
    for row in rows[:limit]:
        if row["session_id"] not in permits and not actor.is_admin:
            session = await session_for(actor, row["session_id"], "enroll")
            permits[row["session_id"]] = await permit_for(actor, index, session)
        shown[row["id"]] = _assignment(row, index, permits.get(row["session_id"]))
    return page_of(rows, limit, total, item=lambda row: shown[row["id"]], key=lambda row: [row["id"]])


def _assignment(row: Record, index: FacetIndex, permit: Permit | None) -> Assignment:
    """A row as it is told; without a permit the reader is a platform admin."""
    draft: MethodDraft = stored_draft(row)
    told: dict[str, Any] = {name: row[name] for name in Assignment.__struct_fields__ if name in row}
    told |= {
        "subgroups": draft.subgroups is not False,
        "on_leave": draft.on_leave,
        "people": index.sources(row["id"]).intersection_cardinality(index.countable),
        "editable": permit is None or permit.opens(index, draft),
    }
    return Assignment(**told)
