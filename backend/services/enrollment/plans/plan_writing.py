"""Plans that have been confirmed, carried out: the methods, then their people, in the transaction that holds their sessions' locks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from asyncpg import Record
from msgspec import UNSET, UnsetType
from pyroaring import BitMap

from backend.database import execute, fetch_row, fetch_value
from backend.enrollment.method_kinds import enrolls
from backend.enrollment.planning import Plan
from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment import plans as wire
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.audiences.rule_pins import BrokenPins, PinRow
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_rows import save_method
from backend.services.enrollment.plans import plan_statements
from backend.services.enrollment.runs.large_runs import begin_large
from backend.services.enrollment.writing import source_repair
from backend.services.enrollment.writing.enrollment_writer import settle, write
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.picked_until import put_end
from backend.services.enrollment.writing.writes import Write, Written
from backend.tables import Blocked

# Confirmed plans up to this size are written while the person waits; that takes about two seconds.
INLINE = 20_000
# What enrollments copy from their methods.
SETTLED = ("role", "mandatory", "due_at", "due_days", "due_field", "due_field_days")


class EvaluatedPlan(msgspec.Struct, frozen=True):
    """A plan with what it was decided from."""

    draft: MethodDraft
    plan: Plan
    hash: str
    position: int
    # Those of the method's pins that the rule breaks, and that the actor may know of.
    broken: tuple[PinRow, ...] = ()
    # Of those who are named: until when they are held (null: for good); unset where nothing is said of that.
    until: date | UnsetType | None = UNSET

    @property
    def named(self) -> list[int]:
        """Whom the rule names."""
        return [] if self.draft.rule is None else list(self.draft.rule.include)


async def carry_out(
    actor: Actor, index: FacetIndex, decided: EvaluatedPlan, *, mail: bool, accept_broken_pins: bool = False
) -> wire.Applied:
    """Do a plan that has been confirmed, in the transaction that holds its session's lock. Raises `BrokenPins`."""
    if decided.broken and not accept_broken_pins:
        raise BrokenPins(decided.broken)
    await _repair(actor, index, decided.draft.session_id)
    return await _write(actor, decided, mail=mail)


async def carry_out_many(
    actor: Actor,
    index: FacetIndex,
    decided: Sequence[EvaluatedPlan],
    *,
    mail: bool,
    accept_broken_pins: bool = False,
) -> list[int]:
    """Do several plans that have been confirmed, in the transaction that holds their sessions' locks; their runs.

    What is too much to wait for is begun, and written in chunks. Raises `BrokenPins` with each person once.
    """
    broken = {pin.learner_id: pin for one in decided for pin in one.broken}
    if broken and not accept_broken_pins:
        raise BrokenPins(list(broken.values()))
    for session_id in sorted({one.draft.session_id for one in decided}):
        await _repair(actor, index, session_id)
    prepared = [await _prepared(actor, one, mail=mail) for one in decided]
    people = sum(len(one.entering) + len(one.leaving) + len(settling) for one, settling in prepared)
    if people > INLINE:
        return [await begin_large(one, settling) for one, settling in prepared]
    runs = []
    written = await write([one for one, _ in prepared])
    for (one, settling), done in zip(prepared, written, strict=True):
        assert done.run_id is not None  # noqa: S101 - what a person confirms always leaves a run
        runs.append(done.run_id)
        if settling:
            await settle(done.run_id, one.session_id, settling)
    return runs


async def _repair(actor: Actor, index: FacetIndex, session_id: int) -> None:
    if _differs_from_sources(index, session_id):
        await source_repair.repair(session_id, actor.id)


def _differs_from_sources(index: FacetIndex, session_id: int) -> bool:
    """Whether somebody wrote enrollments past their sources: whoever confirms puts that right."""
    held = BitMap.union(BitMap(), *map(index.sources, index.enrolling_methods_of(session_id)))
    return held != index.enrolled(session_id)


async def _write(actor: Actor, decided: EvaluatedPlan, *, mail: bool) -> wire.Applied:
    """In the transaction that holds the session's lock: the method, then its people."""
    one, settling = await _prepared(actor, decided, mail=mail)
    if not one.places and len(one.entering) + len(one.leaving) + len(settling) > INLINE:
        run_id = await begin_large(one, settling)
        return wire.Applied(run_id=run_id, method_id=one.method_id, state="applying")
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - what a person confirms always leaves a run
    if settling:
        await settle(written.run_id, one.session_id, settling)
    if decided.until is not UNSET:
        await put_end(written.run_id, one.method_id, decided.named, decided.until)
    return applied(written, one.method_id)


async def _prepared(actor: Actor, decided: EvaluatedPlan, *, mail: bool) -> tuple[Write, list[int]]:
    """The method's row written, and what is to be written of its people; with whose due dates or roles are to be settled."""
    draft = decided.draft
    is_new = not (draft.id or draft.hand_picked)
    before = None if not draft.id else await fetch_row(method_statements.METHOD_AND_JSON, draft.id)
    method_id, changed = await _save(actor, draft, before)
    detail: dict[str, Any] = {"plan": decided.hash, **changed}
    if not is_new:
        await _close_held(method_id)
    await audit.record(
        actor, "method.apply", "enrollment_method", method_id, session_id=draft.session_id, hash=decided.hash
    )
    one = Write(
        method_id=method_id,
        session_id=draft.session_id,
        cause="confirm",
        actor_id=actor.id,
        position=decided.position,
        detail=detail,
        entering=list(decided.plan.opening | decided.plan.blocked),
        leaving=list(decided.plan.closing),
        releasing=await _no_longer_blocked(method_id, decided.plan) if not is_new else (),
        confirmed=True,
        mail=mail,
        places=not enrolls(draft.kind),
    )
    return one, list(decided.plan.staying) if _settles(before, draft) else []


async def _save(actor: Actor, draft: MethodDraft, before: Record | None) -> tuple[int, dict[str, Any]]:
    """The method's row; its id, and what an undo has to know of the change."""
    if draft.hand_picked and (before is None or draft.same_policy(stored_draft(before))):
        # Picking changes nothing of the method: an undo takes back the people alone.
        methods = await hand_picked_methods([draft.session_id], actor.id)
        return methods[draft.session_id], {}
    kept = msgspec.structs.replace(draft, rule=None) if draft.hand_picked else draft
    method_id = await save_method(actor, kept, state="live")
    # Both sides of the change, so that an undo can tell whether it still stands as this run left it.
    after = await fetch_value(method_statements.METHOD_AS_JSON, method_id)
    return method_id, {"method": None if before is None else before["row"], "method_after": after}


def applied(written: Written, method_id: int) -> wire.Applied:
    """What was done at once, as it is answered."""
    assert written.run_id is not None  # noqa: S101 - what a person confirms always leaves a run
    return wire.Applied(
        run_id=written.run_id,
        method_id=method_id,
        entered=written.entered,
        left=written.left,
        gaining=written.gaining,
        losing=written.losing,
        completed_stay=written.completed_stay,
        blocked=written.blocked,
    )


def _settles(before: Record | None, draft: MethodDraft) -> bool:
    """Whether those who stay may be due at another time, or enrolled in another way, than before."""
    if before is None:
        return False
    old = stored_draft(before)
    return any(getattr(old, name) != getattr(draft, name) for name in SETTLED)


async def _no_longer_blocked(method_id: int, made: Plan) -> list[int]:
    rows = await Blocked.select(Blocked.learner_id).where(Blocked.method_id == method_id)
    wanted = made.opening | made.blocked
    return [row["learner_id"] for row in rows if row["learner_id"] not in wanted]


async def _close_held(method_id: int) -> None:
    """Whoever confirms a plan of the method has decided about what was held, too."""
    await execute(plan_statements.SUPERSEDE_HELD, method_id, clock.now())
