"""The full check: does every dynamic method hold exactly its audience? What differs is told, and put right if asked."""

from typing import Any

import msgspec
from pyroaring import BitMap

from backend import clock
from backend.database import fetch
from backend.index import BrokenRule, FacetIndex
from backend.index.structure import Method
from backend.schemas.enrolling import Difference
from backend.services.attention import Look
from backend.services.reconciling import Decision, carry_out, decide

_ACTUAL = "SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL"


async def run(index: FacetIndex, *, repair: bool) -> list[Difference]:
    """The methods that differ; `index` must stand at the head of the log. With `repair`, a run of cause `check` follows.

    Compared with the tables, not with the index's own idea of who is enrolled. Held and frozen methods are as they should be.
    """
    found: list[Difference] = []
    for method in sorted(index.structure.methods.values(), key=lambda one: one.id):
        if method.dynamic and method.active and method.state == "live":
            difference = await _compare(index, method)
            if difference is not None:
                found.append(await _repaired(index, method, difference) if repair else difference)
    return found


def as_dict(difference: Difference) -> dict[str, Any]:
    """For a log line."""
    return msgspec.structs.asdict(difference)


async def _compare(index: FacetIndex, method: Method) -> Difference | None:
    session = index.structure.sessions.get(method.session_id)
    if (
        session is None
        or method.rule is None
        or (session.ends_at is not None and session.ends_at <= clock.now())
    ):
        return None
    rows = await fetch(_ACTUAL, method.id)
    actual = BitMap([row["learner_id"] for row in rows]) & index.countable
    try:
        desired = index.evaluate(method.rule, clock.today(index.timezone))
    except BrokenRule as broken:
        return Difference(method_id=method.id, missing=0, surplus=0, problem=str(broken))
    missing = len(desired - actual - index.blocked_for(method.id))
    surplus = len(actual - desired)
    return Difference(method_id=method.id, missing=missing, surplus=surplus) if missing or surplus else None


async def _repaired(index: FacetIndex, method: Method, difference: Difference) -> Difference:
    decision: Decision | None = decide(index, Look(None, BitMap(), "check"), method, clock.now())
    if decision is None:
        return difference
    await carry_out([decision], index.position)
    return msgspec.structs.replace(difference, repaired=True)
