"""What a coach's board shows beside the live counts: which sessions, their line over time, what just happened."""

from datetime import timedelta

from backend.database import fetch, fetch_value
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.live.boards import BoardSession, TimelinePoint
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.access.rights import session_for
from backend.services.live import statements
from backend.services.paging import decode_cursor, page_of
from backend.services.statements import TIME_ZONE

# Longer lines do not get clearer on a screen.
MOST_DAYS = 730


async def my_sessions(actor: Actor, limit: int, cursor: str | None) -> Page[BoardSession]:
    """Sessions whose board the actor may see: those they instruct and those of groups they lead; all for an admin."""
    mine = (actor.is_admin, list(await instructed_sessions(actor)), list(await led_groups(actor)))
    after = decode_cursor(cursor, tuple[bool, float, int]) or (None, None, None)
    rows = await fetch(statements.BOARD_SESSIONS, *mine, clock.now(), *after, limit + 1)
    total = await fetch_value(statements.COUNT_SESSIONS, *mine)
    columns = BoardSession.__struct_fields__
    return page_of(
        rows,
        limit,
        total,
        item=lambda row: BoardSession(**{name: row[name] for name in columns}),
        key=lambda row: (row["over"], row["start_key"], row["id"]),
    )


async def timeline(actor: Actor, session_id: int, days: int) -> list[TimelinePoint]:
    """One point a day for the last `days` days, in the organisation's time zone, the last one being today."""
    await session_for(actor, session_id)
    timezone = await fetch_value(TIME_ZONE)
    today = clock.today(timezone)
    first = today - timedelta(days=days - 1)
    return [
        TimelinePoint(**row)
        for row in await fetch(statements.BOARD_TIMELINE, session_id, timezone, first, today)
    ]
