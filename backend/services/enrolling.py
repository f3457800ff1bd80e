"""Planning and applying: nobody is enrolled before a person has confirmed a plan that shows who."""

from typing import Any

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.enrollment.fuse import Fuse
from backend.enrollment.planning import Plan, digest, make_plan
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index.steps import Steps
from backend.schemas.enrolling import MethodState
from backend.schemas.enrolling import plans as wire
from backend.schemas.problem import Mistake
from backend.services import audit, healing
from backend.services.actor import Actor
from backend.services.audiences import caught_up
from backend.services.chunks import begin_large
from backend.services.enrolling_rights import Permit, permit_for
from backend.services.enrollment_writer import Write, Written, lock_sessions, settle, write
from backend.services.errors import Conflict, Invalid, NotFound
from backend.services.fuses import fuse_of
from backend.services.method_drafts import COLUMNS, Draft, asked, checked, stored_draft
from backend.services.people import blocked_people, people
from backend.services.plan_warnings import Context, warnings_of
from backend.services.rights import session_for
from backend.services.situations import situation_of

# Confirmed plans up to this size are written while the person waits; that takes about two seconds.
INLINE = 20_000
# Of these a plan names some people.
NAMED = ("entering", "leaving", "gaining", "losing", "completed_stay")
# What enrollments copy from their methods.
SETTLED = ("role", "mandatory", "due_at", "due_days")

_APPLIED_BEFORE = """
SELECT r.id AS run_id, r.method_id, r.entered, r.left_count AS "left", r.gaining, r.losing, r.completed_stay, r.blocked, r.state
FROM run r
JOIN enrollment_method m ON m.id = r.method_id AND m.deleted_at IS NULL
WHERE r.session_id = $1 AND r.cause = 'confirm' AND r.detail->>'plan' = $2 AND r.state IN ('applying', 'applied')
  AND CASE WHEN $3::integer IS NULL THEN r.detail->'method' = 'null' ELSE r.method_id = $3 AND r.detail->'method' <> 'null' END
ORDER BY r.id DESC LIMIT 1
"""


class PlanChanged(Conflict):
    """The people are no longer those that were shown; the new plan comes with it."""

    type, title = "plan_changed", "The plan has changed"

    def __init__(self, plan: wire.Plan) -> None:
        super().__init__(
            "Since you saw the plan, the people it is about have changed. Look at the new one and confirm it.",
            extra={"plan": plan},
        )


class Decided(msgspec.Struct, frozen=True):
    """A plan with what it was decided from."""

    draft: Draft
    plan: Plan
    hash: str
    position: int


async def plan(actor: Actor, follower: Follower, session_id: int, request: wire.PlanRequest) -> wire.Plan:
    """What confirming would do; nothing is written. Raises `NotFound`, `Forbidden`, `Invalid`, `Unavailable`."""
    session = await session_for(actor, session_id, "enroll")
    index = await caught_up(follower)
    permit = await permit_for(actor, index, session)
    draft = await _draft(permit, index, session_id, request)
    decided = await decide(index, draft)
    _require_people(permit, decided.plan)
    return await shown(actor, index, session, decided)


async def apply(
    actor: Actor, follower: Follower, session_id: int, request: wire.ApplyRequest
) -> wire.Applied:
    """Do what was shown, or raise `PlanChanged`. Large plans are only begun (`state` is `applying`)."""
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        await lock_sessions([session_id])
        # Who is enrolled here cannot change any more; what was committed before is looked at too.
        index = await caught_up(follower)
        permit = await permit_for(actor, index, session)
        draft = await _draft(permit, index, session_id, request)
        decided = await decide(index, draft)
        _require_people(permit, decided.plan)
        if decided.hash != request.hash:
            if (done := await _applied_before(session_id, request)) is not None:
                return done
            raise PlanChanged(await shown(actor, index, session, decided))
        if _differs_from_sources(index, session_id):
            await healing.heal(session_id, actor.id)
        return await _write(actor, decided, mail=request.mail)


def _differs_from_sources(index: FacetIndex, session_id: int) -> bool:
    """Whether somebody wrote enrollments past their sources: whoever confirms puts that right."""
    held = BitMap.union(BitMap(), *map(index.sources, index.structure.methods_of(session_id)))
    return held != index.enrolled(session_id)


async def _applied_before(session_id: int, request: wire.ApplyRequest) -> wire.Applied | None:
    """What this very request did, when it comes a second time (a double click, a lost answer): nothing is done again."""
    row = await fetch_row(_APPLIED_BEFORE, session_id, request.hash, request.method_id)
    return None if row is None else wire.Applied(**row)


def _require_people(permit: Permit, made: Plan) -> None:
    permit.require_people(entering=made.opening | made.blocked, leaving=made.closing)


async def _draft(permit: Permit, index: FacetIndex, session_id: int, request: wire.PlanRequest) -> Draft:
    kind = None if request.kind is msgspec.UNSET else request.kind
    if request.method_id is None:
        stored, base = None, Draft(session_id=session_id)
    else:
        stored = base = stored_draft(await method_row(session_id, request.method_id))
        permit.require_open(index, stored)
        if kind is not None and kind != base.kind:
            raise Invalid.at(
                "kind", "fixed", f"This method is of kind {base.kind}; a method's kind does not change."
            )
    draft = asked(base, request, kind)
    permit.require_new(index, draft, stored)
    return await checked(draft, index)


async def method_row(session_id: int, method_id: int) -> Record:
    """The method of this session that is not deleted. Raises `NotFound`."""
    row = await fetch_row(
        "SELECT * FROM enrollment_method WHERE id = $1 AND session_id = $2 AND deleted_at IS NULL",
        method_id,
        session_id,
    )
    if row is None:
        raise NotFound(f"This session has no method {method_id}.")
    return row


async def decide(index: FacetIndex, draft: Draft) -> Decided:
    """The plan of a draft at one position of the index. Raises `Invalid` when its rule cannot be evaluated."""
    try:
        return await index.sliced(lambda: _decide_steps(index, draft))
    except BrokenRule as broken:
        errors = [Mistake(path=p.path, code=p.code, message=p.message) for p in broken.problems]
        raise Invalid("The rule refers to something that is gone.", errors=errors) from broken


def _decide_steps(index: FacetIndex, draft: Draft) -> Steps[Decided]:
    desired = index.sources(draft.id) if draft.id else BitMap()
    if draft.active and draft.rule is not None:
        desired = yield from index.evaluate_steps(draft.rule, clock.today(index.timezone))
        yield
    made = make_plan(
        situation_of(index, draft.session_id, desired, method_id=draft.id, on_leave=draft.on_leave)
    )
    policy = draft.policy_bytes() + _twins(index, draft)
    rule = yield from draft.rule_bytes_steps()
    return Decided(draft, made, digest(rule, policy, made), index.position)


def _twins(index: FacetIndex, draft: Draft) -> bytes:
    """The session's methods that a new one would repeat: its plan is another one once it has been applied."""
    methods = index.structure.methods
    twins = sorted(
        method_id
        for method_id in index.structure.methods_of(draft.session_id)
        if (methods[method_id].kind, methods[method_id].rule) == (draft.kind, draft.rule)
    )
    return b"" if draft.id else str(twins).encode()


async def shown(actor: Actor, index: FacetIndex, session: Record, decided: Decided) -> wire.Plan:
    """The plan as people see it."""
    made = decided.plan
    organisation = await fetch_row("SELECT timezone, fuse_most, fuse_entering FROM organisation")
    assert organisation is not None  # noqa: S101 - the schema brings the row
    context = Context(now=clock.now(), timezone=organisation["timezone"], language=actor.reads)
    named = {name: list(getattr(made, name)[: wire.SAMPLE]) for name in NAMED}
    known = {person.id: person for person in await people([one for some in named.values() for one in some])}
    return wire.Plan(
        hash=decided.hash,
        **{name: len(getattr(made, name)) for name in Plan.__struct_fields__},
        held=decided.draft.dynamic and _blows(fuse_of(session, organisation), made),
        samples=wire.Samples(
            **{name: [known[one] for one in some if one in known] for name, some in named.items()},
            blocked=await blocked_people(actor, index, list(made.blocked[: wire.SAMPLE]), session["id"]),
        ),
        warnings=warnings_of(session, decided.draft, made, context),
        position=decided.position,
    )


def _blows(fuse: Fuse, made: Plan) -> bool:
    remaining = len(made.closing) + len(made.staying)
    return fuse.blows(leaving=len(made.leaving), left_lately=0, remaining=remaining)


async def _write(actor: Actor, decided: Decided, *, mail: bool) -> wire.Applied:
    """In the transaction that holds the session's lock: the method, then its people."""
    draft = decided.draft
    before = await fetch_row(
        "SELECT m.*, to_jsonb(m) AS row FROM enrollment_method m WHERE id = $1", draft.id
    )
    method_id = await save_method(actor, draft, state="live")
    # Both sides of the change, so that an undo can tell whether it still stands as this run left it.
    after = await fetch_value("SELECT to_jsonb(m) FROM enrollment_method m WHERE id = $1", method_id)
    detail: dict[str, Any] = {
        "plan": decided.hash,
        "method": None if before is None else before["row"],
        "method_after": after,
    }
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
        releasing=await _no_longer_blocked(method_id, decided.plan),
        confirmed=True,
        mail=mail,
    )
    settling = list(decided.plan.staying) if _settles(before, draft) else []
    if len(one.entering) + len(one.leaving) + len(settling) > INLINE:
        run_id = await begin_large(one, settling)
        return wire.Applied(run_id=run_id, method_id=method_id, state="applying")
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - what a person confirms always leaves a run
    if settling:
        await settle(written.run_id, draft.session_id, settling)
    return applied(written, method_id)


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


def _settles(before: Record | None, draft: Draft) -> bool:
    """Whether those who stay may be due at another time, or enrolled in another way, than before."""
    if before is None:
        return False
    old = stored_draft(before)
    return any(getattr(old, name) != getattr(draft, name) for name in SETTLED)


async def _no_longer_blocked(method_id: int, made: Plan) -> list[int]:
    rows = await fetch("SELECT learner_id FROM blocked WHERE method_id = $1", method_id)
    wanted = made.opening | made.blocked
    return [row["learner_id"] for row in rows if row["learner_id"] not in wanted]


async def _close_held(method_id: int) -> None:
    """Whoever confirms a plan of the method has decided about what was held, too."""
    await execute(
        "UPDATE run SET state = 'rejected', finished_at = $2, detail = detail || '{\"superseded\": true}'"
        " WHERE method_id = $1 AND state = 'held'",
        method_id,
        clock.now(),
    )


async def save_method(actor: Actor, draft: Draft, *, state: MethodState) -> int:
    """Write the method's row, new or changed; its id."""
    columns = draft.columns()
    columns["rule"] = None if draft.rule is None else msgspec.to_builtins(draft.rule)
    names = list(COLUMNS)
    if draft.id:
        assignments = ", ".join(f"{name} = ${i + 3}" for i, name in enumerate(names))
        await execute(
            f"UPDATE enrollment_method SET {assignments}, state = $2, state_reason = '', state_cause = NULL,"
            " state_details = NULL, version = version + 1"
            " WHERE id = $1",
            draft.id,
            state,
            *(columns[name] for name in names),
        )
        return draft.id
    places = ", ".join(f"${i + 6}" for i in range(len(names)))
    made: int = await fetch_value(
        f"INSERT INTO enrollment_method (session_id, kind, state, created_by, created_at, {', '.join(names)})"
        f" VALUES ($1, $2, $3, $4, $5, {places}) RETURNING id",
        draft.session_id,
        draft.kind,
        state,
        actor.id or None,
        clock.now(),
        *(columns[name] for name in names),
    )
    return made
