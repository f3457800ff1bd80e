"""Whose enrollment would end by date, because they are picked by name until a day."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from pyroaring import BitMap

from backend.database import fetch
from backend.index.supposing import SupposedIndex
from backend.services.consequences import statements


async def ends_by_date(
    index: SupposedIndex, asked: Iterable[tuple[int, BitMap, date]]
) -> dict[int, dict[date, BitMap]]:
    """By session and day. Whom another method holds goes on, and so does who has completed; who ends then already is nothing new."""
    found: dict[int, dict[date, BitMap]] = defaultdict(lambda: defaultdict(BitMap))
    for method_id, people, day in asked:
        method = index.methods.get(method_id)
        if method is None:
            continue
        session_id = method.session_id
        others = [one for one in index.enrolling_methods_of(session_id) if one != method_id]
        ending = people & index.source_holders(method_id) & index.live_enrollments(session_id)
        ending = ending - index.completed(session_id)
        ending -= BitMap.union(BitMap(), *map(index.source_holders, others))
        if ending and method_id in index.real.methods:
            rows = await fetch(statements.ENDS_THEN, method_id, list(ending), day)
            ending -= BitMap([row["learner_id"] for row in rows])
        if ending:
            found[session_id][day] |= ending
    return found
