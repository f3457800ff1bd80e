"""Planning and applying: nobody is enrolled before a person has confirmed a plan that shows who."""

import hashlib
from collections.abc import Sequence
from datetime import date

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch_row, transaction
from backend.enrollment.follow_modes import held_once_confirmed
from backend.enrollment.method_kinds import enrolls, kind_noun, of_enrolled
from backend.enrollment.planning import Plan, digest, make_plan
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index.steps import Steps
from backend.runtime import clock
from backend.schemas.enrollment import plans as wire
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.audiences.method_situation import situation_of
from backend.services.audiences.rule_pins import PinRow, pins_of
from backend.services.enrollment.drafts.chain_beginning import begun, not_begun
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_requests import merge_request, validate_draft
from backend.services.enrollment.drafts.method_rows import method_row, refuse_elsewhere
from backend.services.enrollment.drafts.subpath_parents import with_parents
from backend.services.enrollment.plans import plan_statements
from backend.services.enrollment.plans.plan_answers import plan_to_wire
from backend.services.enrollment.plans.plan_writing import INLINE, EvaluatedPlan, carry_out
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.enrollment.writing.hand_picked import hand_picked_draft
from backend.services.errors import Conflict, Invalid
from backend.words import Message

ENDS_BY_NAME = Message("Only people who are picked by name end on a day of their own.")


class PlanChanged(Conflict):
    """The people are no longer those that were shown; the new plan comes with it."""

    type, title = "plan_changed", Message("The plan has changed")

    def __init__(self, plan: wire.Plan) -> None:
        super().__init__(
            Message(
                "Since you saw the plan, the people it is about have changed. Look at the new one and confirm it."
            ),
            extra={"plan": plan},
        )


async def plan(actor: Actor, follower: Follower, session_id: int, request: wire.PlanRequest) -> wire.Plan:
    """What confirming would do; nothing is written. Raises `NotFound`, `Forbidden`, `Invalid`, `Unavailable`."""
    session, index, decided = await decide_plan(actor, follower, session_id, request)
    return await plan_to_wire(actor, index, session, decided)


async def decide_plan(
    actor: Actor, follower: Follower, session_id: int, request: wire.PlanRequest
) -> tuple[Record, FacetIndex, EvaluatedPlan]:
    """The session, the index, and the plan that is within the actor's rights. Raises what `plan` raises."""
    session = await session_for(actor, session_id, "enroll")
    refuse_legacy(session)
    index = await current_index(follower)
    permit = await permit_for(actor, index, session)
    return session, index, await decide_within(permit, index, session_id, request)


async def decide_within(  # noqa: PLR0913 - the parts of one request
    permit: Permit,
    index: FacetIndex,
    session_id: int,
    request: wire.PlanRequest,
    *,
    of_rule: int | None = None,
    linked_to: int | None = None,
    taken_over: Sequence[PinRow] = (),
) -> EvaluatedPlan:
    """The plan, where the session and what the actor may do in it are known. Raises what `plan` raises.

    `of_rule`: of the method that this enrollment rule has there (0: one that is new), which is planned only so. `linked_to`: the
    qualification whose requirement it is. `taken_over`: the pins that a new method gets.
    """
    draft = await _draft(permit, index, session_id, request, of_rule)
    if linked_to is not None and draft.qualification_id is None:
        draft = msgspec.structs.replace(draft, qualification_id=linked_to)
    decided = _with_end(
        index,
        await evaluate_plan(index, draft, await _pins(permit, index, draft) if draft.id else taken_over),
        request.until,
    )
    _require_people(permit, decided.plan)
    if decided.until is not msgspec.UNSET:
        # Who is in it already, and is to go one day.
        permit.require_people(entering=BitMap(), leaving=decided.plan.staying & BitMap(decided.named))
    return decided


def _with_end(
    index: FacetIndex, decided: EvaluatedPlan, until: date | msgspec.UnsetType | None
) -> EvaluatedPlan:
    """The plan with until when those who are named are held; the day is a part of what is confirmed. Raises `Invalid`."""
    if until is msgspec.UNSET:
        return decided
    if decided.draft.kind != "manual":
        raise Invalid.at("until", "by_name", ENDS_BY_NAME)
    if until is not None and until <= clock.today(index.timezone):
        raise Invalid.at("until", "past", Message("This day has come: give one that is still to come."))
    if len(decided.plan.opening) + len(decided.plan.closing) > INLINE:
        raise Invalid.at(
            "until", "too_many", Message("At most {most:,} people at once end on a day.", most=INLINE)
        )
    hashed = hashlib.sha256(f"{decided.hash} {until}".encode()).hexdigest()
    return msgspec.structs.replace(decided, until=until, hash=hashed)


async def apply(
    actor: Actor, follower: Follower, session_id: int, request: wire.ApplyRequest
) -> wire.Applied:
    """Do what was shown, or raise `PlanChanged` or `BrokenPins`. Large plans are only begun (`state` is `applying`)."""
    async with transaction():
        await session_for(actor, session_id, "enroll")
        await lock_sessions([session_id])
        # Who is enrolled here cannot change any more; what was committed before is looked at too.
        session, index, decided = await decide_plan(actor, follower, session_id, request)
        if decided.hash != request.hash:
            if (done := await _applied_before(session_id, request)) is not None:
                return done
            raise PlanChanged(await plan_to_wire(actor, index, session, decided))
        return await _carry_out(actor, index, decided, request)


async def apply_confirmed(
    actor: Actor, follower: Follower, session_id: int, request: wire.PlanRequest
) -> wire.Applied:
    """Do what has been confirmed as consequences, in the transaction that compared them."""
    await lock_sessions([session_id])
    _, index, decided = await decide_plan(actor, follower, session_id, request)
    return await _carry_out(actor, index, decided, request)


async def _carry_out(
    actor: Actor, index: FacetIndex, decided: EvaluatedPlan, request: wire.PlanRequest
) -> wire.Applied:
    return await carry_out(
        actor, index, decided, mail=request.mail, accept_broken_pins=request.accept_broken_pins
    )


async def _applied_before(session_id: int, request: wire.ApplyRequest) -> wire.Applied | None:
    """What this very request did, when it comes a second time (a double click, a lost answer): nothing is done again."""
    row = await fetch_row(plan_statements.APPLIED_BEFORE, session_id, request.hash, request.method_id)
    return None if row is None else wire.Applied(**row)


def _require_people(permit: Permit, made: Plan) -> None:
    permit.require_people(entering=made.opening | made.blocked | made.excluded, leaving=made.closing)


async def _draft(
    permit: Permit, index: FacetIndex, session_id: int, request: wire.PlanRequest, of_rule: int | None
) -> MethodDraft:
    kind = None if request.kind is msgspec.UNSET else request.kind
    stored = await _stored(permit, index, session_id, request)
    if stored is not None and kind is not None and kind != stored.kind:
        raise Invalid.at(
            "kind",
            "fixed",
            Message(
                "This method is of kind {kind}; a method's kind does not change.",
                kind=kind_noun(stored.kind),
            ),
        )
    if stored is None and kind == "manual":
        # Picked by name: into the session's own method, unless other terms are asked for than it has.
        picked = await hand_picked_draft(session_id)
        stored = picked if picked.same_policy(merge_request(picked, request, kind)) else None
    if stored is not None:
        refuse_elsewhere(stored.enrollment_rule_id, of_rule)
    new = MethodDraft(session_id=session_id, enrollment_rule_id=of_rule or None)
    draft = merge_request(stored or new, request, kind)
    if stored is not None and stored.hand_picked and not stored.same_policy(draft):
        permit.require_open(index, stored)
    await permit.require_new(index, draft, stored)
    return await validate_draft(with_parents(begun(draft, index), index), index)


async def _stored(
    permit: Permit, index: FacetIndex, session_id: int, request: wire.PlanRequest
) -> MethodDraft | None:
    """The method that is asked for as it is. Picking only adds to the hand-picked one: it need not be the actor's."""
    if request.method_id is None:
        return None
    row = await method_row(session_id, request.method_id)
    stored = stored_draft(row)
    if row["state"] == "draft":
        stored = not_begun(stored)
    if not stored.hand_picked:
        permit.require_open(index, stored)
    return stored


async def _pins(permit: Permit, index: FacetIndex, draft: MethodDraft) -> list[PinRow]:
    """The method's pins, of people whom the actor may see: a rule that is theirs to write holds nobody else."""
    pins = await pins_of(method_id=draft.id) if not draft.hand_picked else []
    if permit.everything or not pins:
        return pins
    seen = permit.reader.people(index)
    return [pin for pin in pins if pin.learner_id in seen]


async def evaluate_plan(index: FacetIndex, draft: MethodDraft, pins: Sequence[PinRow] = ()) -> EvaluatedPlan:
    """The plan of a draft at one position of the index. Raises `Invalid` when its rule cannot be evaluated."""
    try:
        return await index.sliced(lambda: _evaluate_steps(index, draft, pins))
    except BrokenRule as broken:
        errors = [Mistake(path=p.path, code=p.code, message=p.message) for p in broken.problems]
        raise Invalid(Message("The rule refers to something that is gone."), errors=errors) from broken


def _evaluate_steps(index: FacetIndex, draft: MethodDraft, pins: Sequence[PinRow]) -> Steps[EvaluatedPlan]:
    broken: tuple[PinRow, ...] = ()
    desired = index.sources(draft.id) if draft.id else BitMap()
    if draft.active and draft.rule is not None:
        wanted = yield from index.evaluate_steps(draft.rule, clock.today(index.timezone))
        broken = tuple(pin for pin in pins if not pin.holds_in(wanted))
        # Picking only adds: nobody leaves because they are not picked again.
        if draft.hand_picked:
            desired = wanted | desired
        else:
            held = index.held_by(draft, draft.id, clock.today(index.timezone))
            desired = held_once_confirmed(draft, wanted, held, clock.now())
        if of_enrolled(draft.kind):
            desired = desired & index.live_enrollments(draft.session_id)
        yield
    situation = situation_of(
        index,
        draft.session_id,
        desired,
        clock.today(index.timezone),
        method_id=draft.id,
        on_leave=draft.on_leave if enrolls(draft.kind) else "keep",
        picking=draft.hand_picked,
    )
    made = make_plan(situation)
    policy = draft.policy_bytes() + _repeated_methods(index, draft)
    if broken:
        # Others that break meanwhile have to be seen, too.
        policy += str(sorted((pin.learner_id, pin.expected) for pin in broken)).encode()
    rule = yield from draft.rule_bytes_steps()
    # Whom others have picked meanwhile is no part of what is shown and confirmed.
    hashed = msgspec.structs.replace(made, staying=BitMap()) if draft.hand_picked else made
    return EvaluatedPlan(draft, made, digest(rule, policy, hashed), index.position, broken)


def _repeated_methods(index: FacetIndex, draft: MethodDraft) -> bytes:
    """The session's methods that a new one would repeat: its plan is another one once it has been applied."""
    if draft.id or draft.hand_picked:
        return b""
    methods = index.methods
    repeated = sorted(
        method_id
        for method_id in index.methods_of(draft.session_id)
        if (methods[method_id].kind, methods[method_id].rule) == (draft.kind, draft.rule)
    )
    return str(repeated).encode()
