"""Whom methods that enroll nobody put into their classes: kept equal to what was decided, without a run of its own.

They follow from facts alone, so nothing of them is undone: what is undone is the fact, or the method.
"""

from collections.abc import Sequence

from msgspec import Struct

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.enrollment.writing import course_group_statements as sql


class Placing(Struct, frozen=True):
    """Of one method: who is put into its class, and who is no longer."""

    method_id: int
    entering: Sequence[int]
    leaving: Sequence[int]


async def place_all(placings: Sequence[Placing]) -> list[tuple[int, int]]:
    """Write all of it, in the caller's transaction; how many came and went, by placing. Can be done twice."""
    done = []
    for one in placings:
        gone: int = 0
        came: int = 0
        if one.leaving:
            gone = await fetch_value(sql.TAKE_OUT, one.method_id, list(one.leaving))
        if one.entering:
            came = await fetch_value(sql.PUT, one.method_id, list(one.entering), clock.now())
        done.append((came, gone))
    return done
