"""An act is a run: what it writes, and the runs that follow from it, go back together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from pyroaring import BitMap

from backend.database import as_json, fetch_value, logged_as
from backend.index import FacetIndex
from backend.runtime import clock
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.consequences import act_statements
from backend.services.consequences.outcome import MethodOutcome
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.runs.act_names import names_of
from backend.services.enrollment.writing.packed_ids import pack
from backend.services.errors import Forbidden, NotFound
from backend.tables import Run


class Summary(Protocol):
    """What the run tells of the act: its name on the wire, and ids, counts and texts. See `backend/enrollment/acts.py`."""

    @property
    def act(self) -> str: ...

    @property
    def values(self) -> Mapping[str, Any]: ...


class Shown(Protocol):
    """Who was shown to come and to go, by method: an `Outcome`."""

    @property
    def methods(self) -> Sequence[MethodOutcome]: ...


@asynccontextmanager
async def act_run(
    actor: Actor,
    summaries: Sequence[Summary],
    outcome: Shown | None = None,
    index: FacetIndex | None = None,
) -> AsyncIterator[int]:
    """Have what the caller's transaction writes in the block be one run, that can be undone with what follows from it; its id.

    `outcome` is what was confirmed: the people in it pass the fuses when the log tells the reconciler, where the actor may approve
    them. To tell that of who is no admin needs the `index`. A run that changes nothing leaves no trace: see `is_kept`.
    """
    now = clock.now()
    detail: dict[str, Any] = {
        "acts": [{"act": one.act, **one.values} for one in summaries],
        "names": await names_of([{"act": one.act, **one.values} for one in summaries]),
    }
    expected = {} if outcome is None else await _expected(actor, outcome, index)
    if expected:
        detail["expected"] = expected
    made = await Run.insert(
        Run(
            cause="act",
            actor_id=actor.id or None,
            state="applied",
            detail=as_json(detail),
            created_at=now,
            finished_at=now,
        )
    ).returning(Run.id)
    run_id: int = made[0]["id"]
    async with logged_as(run_id):
        yield run_id
    if not await fetch_value(act_statements.LEFT_TRACE, run_id):
        await Run.delete().where(Run.id == run_id)


async def is_kept(run_id: int) -> bool:
    """Whether the act has changed something, so that there is a run to undo."""
    return await Run.exists().where(Run.id == run_id)


async def _expected(actor: Actor, outcome: Shown, index: FacetIndex | None) -> dict[str, dict[str, Any]]:
    """By method whom the actor may let come and go, packed; of who has no account yet how many, and the last id before them."""
    found: dict[str, dict[str, Any]] = {}
    permits: dict[int, Permit | None] = {}
    for method in outcome.methods:
        # Who was blocked until now is enrolled by it, and whoever is blocked from now on has been asked about as well.
        entering = method.entering | method.gaining | method.blocked | method.freed
        leaving = method.leaving | method.losing | method.completed_stay
        if not (entering or leaving):
            continue
        if not actor.is_admin and not await _may_approve(actor, index, method, entering, leaving, permits):
            continue
        new = BitMap() if index is None else entering - index.learners
        people = {"entering": entering - new, "leaving": leaving}
        packed: dict[str, Any] = {name: pack(list(some)) for name, some in people.items() if some}
        if new and index is not None:
            packed["new"] = {"people": len(new), "after": index.learners.max() if index.learners else 0}
        found[str(method.method_id)] = packed
    return found


async def _may_approve(  # noqa: PLR0913, PLR0917 - what one question is about
    actor: Actor,
    index: FacetIndex | None,
    method: MethodOutcome,
    entering: BitMap,
    leaving: BitMap,
    permits: dict[int, Permit | None],
) -> bool:
    """As who approves a held run of the method."""
    if index is None:
        return False
    if method.session_id not in permits:
        permits[method.session_id] = await _permit(actor, index, method.session_id)
    permit = permits[method.session_id]
    if permit is None:
        return False
    try:
        permit.require_open(index, stored_draft(await method_row(method.session_id, method.method_id)))
        permit.require_people(entering=entering, leaving=leaving)
    except (Forbidden, NotFound):
        return False
    return True


async def _permit(actor: Actor, index: FacetIndex, session_id: int) -> Permit | None:
    try:
        return await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
    except (Forbidden, NotFound):
        return None
