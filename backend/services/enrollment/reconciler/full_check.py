"""The full check: every dynamic method holds exactly its audience, and every enrollment is what its sources say.

What differs is told, and put right if asked.
"""

import asyncio
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.enrollment.state_causes import state_sentence
from backend.index import FacetIndex, load_index
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.schemas.enrollment.runs import Difference
from backend.services.enrollment.reconciler.decisions import decide_method, is_followed
from backend.services.enrollment.reconciler.method_checks import MethodCheck
from backend.services.enrollment.reconciler.reconciliation import write_decisions
from backend.services.enrollment.writing import source_repair

# Far longer than a change takes to become an enrollment.
GRACE_SECONDS = 2.0


async def run(*, repair: bool) -> list[Difference]:
    """The sessions whose enrollments differ from their sources, then the methods that differ from their audiences.

    These are told from an index of their own, read from the tables in one snapshot. Held and frozen methods are as they
    should be. With `repair`, runs of cause `check` put right what differs.
    """
    return [*await _against_sources(repair=repair), *await _against_audiences(repair=repair)]


async def _against_sources(*, repair: bool) -> list[Difference]:
    found = await source_repair.repair_all() if repair else await source_repair.find_unequal()
    return [
        Difference(
            method_id=None,
            session_id=session_id,
            missing=len(one.unheld),
            surplus=len(one.sourceless),
            unsettled=len(one.unsettled),
            uncompleted=len(one.uncompleted),
            repaired=repair,
        )
        for session_id, one in sorted(found.items())
    ]


async def _against_audiences(*, repair: bool) -> list[Difference]:
    index = await load_index()
    if not _differences(index):
        return []
    # What was committed a moment ago is still on its way to the reconciler: only what lasts is a difference.
    await asyncio.sleep(GRACE_SECONDS)
    index = await load_index()
    found = _differences(index)
    return [await _repaired(index, one) for one in found] if repair else found


def _differences(index: FacetIndex) -> list[Difference]:
    methods = sorted(index.methods.values(), key=lambda one: one.id)
    return [found for method in methods if (found := _compare(index, method)) is not None]


def as_dict(difference: Difference) -> dict[str, Any]:
    """For a log line."""
    return msgspec.structs.asdict(difference)


def _compare(index: FacetIndex, method: Method) -> Difference | None:
    if not method.dynamic or method.state != "live" or not is_followed(index, method, clock.now()):
        return None
    check = MethodCheck(None, BitMap(), "check")
    decision = decide_method(index, check, method, clock.now())
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
    method = index.methods[difference.method_id or 0]
    decision = decide_method(index, MethodCheck(None, BitMap(), "check"), method, clock.now())
    if decision is None:
        return difference
    await write_decisions([decision], index, index.position)
    return msgspec.structs.replace(difference, repaired=difference.problem is None)
