"""What a coach's board shows beside the live counts: which sessions, their line over time, what just happened."""

from datetime import timedelta

from backend import clock
from backend.database import fetch, fetch_value
from backend.schemas.board import BoardSession, TimelinePoint
from backend.schemas.commons import Page
from backend.services.actor import Actor
from backend.services.paging import decode_cursor, page_of
from backend.services.reach import instructed_sessions, led_groups
from backend.services.rights import session_for

# Longer lines do not get clearer on a screen.
MOST_DAYS = 730

_MINE = "($1 OR s.id = ANY($2::integer[]) OR s.group_id = ANY($3::integer[]))"
# Running and coming sessions before those that are over, then the latest start.
_ORDER = "(s.ends_at IS NOT NULL AND s.ends_at < $4), -coalesce(extract(epoch FROM s.starts_at), 0), s.id"
_SESSIONS = f"""
SELECT s.id, s.activity_id, a.title AS activity_title, s.name, s.external_id, s.starts_at, s.ends_at,
       (s.ends_at IS NOT NULL AND s.ends_at < $4) AS over,
       -coalesce(extract(epoch FROM s.starts_at), 0)::float8 AS start_key
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE {_MINE}
  AND ($5::boolean IS NULL OR
       ((s.ends_at IS NOT NULL AND s.ends_at < $4), -coalesce(extract(epoch FROM s.starts_at), 0)::float8, s.id)
       > ($5, $6::float8, $7::integer))
ORDER BY {_ORDER}
LIMIT $8
"""
_TIMELINE = """
WITH own AS (
    SELECT (e.since AT TIME ZONE $2)::date AS since, (e.until AT TIME ZONE $2)::date AS until,
           CASE WHEN e.state = 'completed' THEN (e.completed_at AT TIME ZONE $2)::date END AS completed
    FROM enrollment e JOIN learner l ON l.id = e.learner_id AND l.status IN ('invited', 'active')
    WHERE e.session_id = $1
), change AS (
    SELECT greatest(since, $3::date) AS day, 1 AS enrolled, 0 AS completed FROM own
    UNION ALL SELECT greatest(until, $3::date), -1, 0 FROM own WHERE until IS NOT NULL
    -- Who had completed before being enrolled counts from the day they are enrolled.
    UNION ALL SELECT greatest(completed, since, $3::date), 0, 1 FROM own WHERE completed IS NOT NULL
), daily AS (
    SELECT day, sum(enrolled) AS enrolled, sum(completed) AS completed FROM change GROUP BY day
)
SELECT d.day::date AS date,
       coalesce(sum(c.enrolled) OVER w, 0)::integer AS enrolled,
       coalesce(sum(c.completed) OVER w, 0)::integer AS completed
FROM generate_series($3::date, $4::date, '1 day') AS d(day) LEFT JOIN daily c ON c.day = d.day::date
WINDOW w AS (ORDER BY d.day)
ORDER BY d.day
"""


async def my_sessions(actor: Actor, limit: int, cursor: str | None) -> Page[BoardSession]:
    """Sessions whose board the actor may see: those they instruct and those of groups they lead; all for an admin."""
    mine = (actor.is_admin, list(await instructed_sessions(actor)), list(await led_groups(actor)))
    after = decode_cursor(cursor, tuple[bool, float, int]) or (None, None, None)
    rows = await fetch(_SESSIONS, *mine, clock.now(), *after, limit + 1)
    total = await fetch_value(f"SELECT count(*) FROM session s WHERE {_MINE}", *mine)
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
    timezone = await fetch_value("SELECT timezone FROM organisation")
    today = clock.today(timezone)
    first = today - timedelta(days=days - 1)
    return [TimelinePoint(**row) for row in await fetch(_TIMELINE, session_id, timezone, first, today)]
