"""People who were picked by name until a day: once it has come, the clock lets them go."""

from collections import defaultdict
from collections.abc import Iterable

from asyncpg import Record

from backend.database import execute, fetch, fetch_value, transaction
from backend.runtime import clock
from backend.services.enrollment.writing import picked_until_statements as sql
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write
from backend.services.statements import TIME_ZONE


async def end_all() -> None:
    """Let those go whose day has come: a job, which can run twice."""
    day = clock.today(await fetch_value(TIME_ZONE))
    for session_id in sorted({row["session_id"] for row in await fetch(sql.OVER, day, None)}):
        async with transaction():
            await lock_sessions([session_id])
            await write(list(_writes(await fetch(sql.OVER, day, session_id))))
    await execute(sql.FORGET, day)


def _writes(rows: Iterable[Record]) -> Iterable[Write]:
    methods: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        methods[row["method_id"]].append(row)
    for method_id, over in methods.items():
        yield Write(
            method_id=method_id,
            session_id=over[0]["session_id"],
            cause="clock",
            leaving=[row["learner_id"] for row in over],
            reasons={
                row["learner_id"]: {
                    "facet": "until",
                    "ref": row["session_id"],
                    "name": None,
                    "old": None,
                    "new": row["until"].isoformat(),
                }
                for row in over
            },
            # A pick that ends does not go on as a pick of somebody who is kept.
            on_leave="expire",
        )
