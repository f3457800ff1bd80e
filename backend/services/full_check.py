"""The full check: does every dynamic method hold exactly its audience? What differs is told, and put right if asked."""

import asyncio
from typing import Any

import msgspec
from pyroaring import BitMap

from backend import clock
from backend.enrollment.state_causes import state_sentence
from backend.index import FacetIndex, load_index
from backend.index.structure_rows import Method
from backend.schemas.enrolling.runs import Difference
from backend.services.attention import Look
from backend.services.deciding import decide, is_followed
from backend.services.reconciling import carry_out

# Far longer than a change takes to become an enrollment.
GRACE_SECONDS = 2.0


async def run(*, repair: bool) -> list[Difference]:
    """The methods that differ, told from an index of their own, read from the tables in one snapshot.

    Held and frozen methods are as they should be. With `repair`, a run of cause `check` puts right what differs.
    """
    index = await load_index()
    if not _differences(index):
        return []
    # What was committed a moment ago is still on its way to the reconciler: only what lasts is a difference.
    await asyncio.sleep(GRACE_SECONDS)
    index = await load_index()
    found = _differences(index)
    return [await _repaired(index, one) for one in found] if repair else found


def _differences(index: FacetIndex) -> list[Difference]:
    methods = sorted(index.structure.methods.values(), key=lambda one: one.id)
    return [found for method in methods if (found := _compare(index, method)) is not None]


def as_dict(difference: Difference) -> dict[str, Any]:
    """For a log line."""
    return msgspec.structs.asdict(difference)


def _compare(index: FacetIndex, method: Method) -> Difference | None:
    if not method.dynamic or method.state != "live" or not is_followed(index, method, clock.now()):
        return None
    look = Look(None, BitMap(), "check")
    decision = decide(index, look, method, clock.now())
    if decision is None:
        return None
    if decision.problem is not None:
        return Difference(
            method_id=method.id,
            missing=0,
            surplus=0,
            problem=state_sentence(decision.problem.cause, decision.problem.details, "en"),
        )
    missing, surplus = len(decision.entering), len(decision.leaving) + len(decision.releasing)
    return Difference(method_id=method.id, missing=missing, surplus=surplus)


async def _repaired(index: FacetIndex, difference: Difference) -> Difference:
    method = index.structure.methods[difference.method_id]
    decision = decide(index, Look(None, BitMap(), "check"), method, clock.now())
    if decision is None:
        return difference
    await carry_out([decision], index.position)
    return msgspec.structs.replace(difference, repaired=difference.problem is None)
