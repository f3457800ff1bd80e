"""How people come to be enrolled in an activity: the methods of all of its sessions in which one enrolls."""

from msgspec.structs import asdict

from backend.database import fetch, fetch_value
from backend.index import Follower
from backend.index.time_slices import TimeSlice
from backend.schemas.base import Page
from backend.schemas.enrollment import methods as wire
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups, team_groups
from backend.services.access.rights import activity_for, session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.methods.methods_as_seen import row_as_seen
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.paging import decode_cursor, page_of
from backend.services.where_clauses import Conditions

# As `session_for` allows `enroll`.
_ENROLLS = (
    "s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[])"
    " OR (s.catalog <> 'hidden' AND s.group_id = ANY({}::integer[]))"
)


async def of_activity(
    actor: Actor, follower: Follower, activity_id: int, *, limit: int, cursor: str | None
) -> Page[wire.MethodOfActivity]:
    """Session by session, the newest first; what is sealed to the actor stays so. Legacy sessions have none."""
    await activity_for(actor, activity_id, "see")
    conditions = Conditions()
    conditions.add("s.activity_id = {} AND NOT s.legacy", activity_id)
    if not actor.is_admin:
        conditions.add(
            _ENROLLS,
            list(await instructed_sessions(actor)),
            list(await led_groups(actor)),
            list(await team_groups(actor)),
        )
    count = method_statements.METHODS_OF_SESSIONS_COUNT.format(where=conditions.sql)
    total: int = await fetch_value(count, *conditions.values)
    after = decode_cursor(cursor, tuple[int, int])
    if after is not None:
        conditions.add("s.id < {} OR s.id = {} AND m.id > {}", after[0], *after)
    statement = method_statements.METHODS_OF_SESSIONS.format(where=conditions.sql, limit=limit + 1)
    rows = await fetch(statement, *conditions.values)
    index = await current_index(follower)
    permits: dict[int, Permit] = {}
    shown: dict[int, wire.MethodOfActivity] = {}
    time_slice = TimeSlice()
    for row in rows[:limit]:
        session_id = row["session_id"]
        if session_id not in permits:
            permits[session_id] = await permit_for(
                actor, index, await session_for(actor, session_id, "enroll")
            )
        method = await row_as_seen(row, index, actor, permits[session_id], time_slice)
        shown[row["id"]] = wire.MethodOfActivity(**asdict(method), session_name=row["session_name"])
    return page_of(
        rows,
        limit,
        total,
        item=lambda row: shown[row["id"]],
        key=lambda row: [row["session_id"], row["id"]],
    )
