"""Enrollment methods of a session: made as drafts, changed, removed. Who is enrolled changes by plan and apply alone."""

from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_value, transaction
from backend.enrollment.state_causes import state_sentence
from backend.index import FacetIndex, Follower
from backend.rules import InvalidRule, Rule, convert
from backend.schemas.commons import Page
from backend.schemas.enrolling import methods as wire
from backend.schemas.enrolling.plans import Applied
from backend.services import audit, holding
from backend.services.actor import Actor
from backend.services.audiences import caught_up
from backend.services.chunks import begin_large
from backend.services.enrolling import INLINE, SETTLED, applied, method_row, save_method
from backend.services.enrolling_rights import Permit, permit_for
from backend.services.enrollment_writer import Write, lock_sessions, settle, write
from backend.services.erasing import Erasure, confirm_large
from backend.services.errors import Conflict, Stale
from backend.services.method_drafts import COLUMNS, Draft, asked, checked, stored_draft
from backend.services.method_sentences import sentence_of
from backend.services.paging import decode_cursor, page_of
from backend.services.rights import session_for
from backend.services.sealing import Sight

# What decides who is enrolled: changed on a method that enrolls, it needs a plan.
DECIDING = ("rule", "dynamic", "segment_id", "group_id", "after_activity_id")

_LIST = """
SELECT m.*, (SELECT max(r.id) FROM run r WHERE r.method_id = m.id AND r.state = 'held') AS held_run_id
FROM enrollment_method m WHERE m.session_id = $1 AND m.deleted_at IS NULL AND m.id > $2 ORDER BY m.id LIMIT $3
"""


class NeedsPlan(Conflict):
    """The change decides who is enrolled, and nobody has seen whom."""

    type, title = "needs_plan", "A plan has to be confirmed"


async def list_methods(
    actor: Actor, follower: Follower, session_id: int, *, limit: int, cursor: str | None
) -> Page[wire.Method]:
    """The session's methods, oldest first."""
    session = await session_for(actor, session_id, "enroll")
    index = await caught_up(follower)
    (after,) = decode_cursor(cursor, tuple[int]) or (0,)
    rows = await fetch(_LIST, session_id, after, limit + 1)
    total = await fetch_value(
        "SELECT count(*) FROM enrollment_method WHERE session_id = $1 AND deleted_at IS NULL", session_id
    )
    permit = await permit_for(actor, index, session)
    return page_of(
        rows, limit, total, item=lambda row: _shown(row, index, actor, permit), key=lambda row: [row["id"]]
    )


async def get_method(actor: Actor, follower: Follower, session_id: int, method_id: int) -> wire.Method:
    """One method."""
    session = await session_for(actor, session_id, "enroll")
    index = await caught_up(follower)
    return await _one(actor, index, await permit_for(actor, index, session), session_id, method_id)


async def create_method(
    actor: Actor, follower: Follower, session_id: int, request: wire.MethodInput
) -> wire.Method:
    """A draft: it enrolls nobody before a plan of it is applied."""
    index = await caught_up(follower)
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        permit = await permit_for(actor, index, session)
        draft = asked(Draft(session_id=session_id), request, request.kind)
        permit.require_new(index, draft)
        draft = await checked(draft, index)
        method_id = await save_method(actor, draft, state="draft")
        await audit.record(actor, "method.create", "enrollment_method", method_id, session_id=session_id)
        return await _one(actor, index, permit, session_id, method_id)


async def change_method(  # noqa: PLR0913, PLR0917 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    request: wire.Policy,
    version: int | None,
) -> wire.Method:
    """Change how it enrolls. What decides *who* is enrolled raises `NeedsPlan`, unless it is a draft."""
    async with transaction():
        permit, index, row = await _method_to_change(actor, follower, session_id, method_id, version)
        before = stored_draft(row)
        draft = asked(before, request)
        permit.require_new(index, draft, before)
        draft = await checked(draft, index)
        _refuse_deciding(row["state"], before, draft)
        if draft != before:
            await save_method(actor, draft, state=row["state"])
            await execute(
                "UPDATE enrollment_method SET state_reason = $2, state_cause = $3, state_details = $4 WHERE id = $1",
                method_id,
                *(row[name] for name in ("state_reason", "state_cause", "state_details")),
            )
            await _settle_all(actor, before, draft)
            changed = [name for name in COLUMNS if getattr(before, name) != getattr(draft, name)]
            await audit.record(actor, "method.change", "enrollment_method", method_id, changed=changed)
        return await _one(actor, index, permit, session_id, method_id)


async def _method_to_change(
    actor: Actor, follower: Follower, session_id: int, method_id: int, version: int | None
) -> tuple[Permit, FacetIndex, Record]:
    """The method's row, with its session locked. Raises `Forbidden` for one with parts outside the actor's rights, `Stale`."""
    session = await session_for(actor, session_id, "enroll")
    await lock_sessions([session_id])
    row = await method_row(session_id, method_id)
    # Who is enrolled here cannot change any more; what was committed before is looked at too.
    index = await caught_up(follower)
    permit = await permit_for(actor, index, session)
    permit.require_open(index, stored_draft(row))
    if version is not None and version != row["version"]:
        raise Stale(row["version"])
    return permit, index, row


def _refuse_deciding(state: str, before: Draft, draft: Draft) -> None:
    if state == "draft":
        return
    decided = [name for name in DECIDING if getattr(before, name) != getattr(draft, name)]
    if draft.active and not before.active and draft.dynamic:
        decided.append("active")
    if decided:
        raise NeedsPlan(
            f"Changing {', '.join(decided)} changes who is enrolled: ask for a plan and apply it.",
            extra={"fields": decided},
        )


async def _settle_all(actor: Actor, before: Draft, draft: Draft) -> None:
    """Due dates and the like of those whom the method holds already."""
    if all(getattr(before, name) == getattr(draft, name) for name in SETTLED):
        return
    rows = await fetch("SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL", draft.id)
    learners = sorted(row["learner_id"] for row in rows)
    if not learners:
        return
    one = Write(method_id=draft.id, session_id=draft.session_id, cause="act", actor_id=actor.id)
    if len(learners) > INLINE:
        await begin_large(one, learners)
        return
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - an act always leaves a run
    await settle(written.run_id, draft.session_id, learners)


async def delete_method(  # noqa: PLR0913 - the parts of one request
    actor: Actor,
    follower: Follower,
    session_id: int,
    method_id: int,
    removal: wire.MethodRemoval,
    *,
    version: int | None = None,
) -> Applied | None:
    """Remove it. Whom it alone enrolled stays (`keep`), loses access, or their progress too; a draft just goes.

    Raises `Forbidden` unless the method, and everybody who would lose it as a reason, are the actor's; `EraseUnconfirmed`
    where progress is to be erased and what goes is not what was confirmed.
    """
    async with transaction():
        permit, _, row = await _method_to_change(actor, follower, session_id, method_id, version)
        rows = await fetch("SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL", method_id)
        permit.require_people(entering=BitMap(), leaving=BitMap([one["learner_id"] for one in rows]))
        await audit.record(actor, "method.delete", "enrollment_method", method_id, people=removal.people)
        if not rows and row["state"] == "draft":
            await execute("DELETE FROM enrollment_method WHERE id = $1", method_id)
            return None
        return await _end_method(actor, row, sorted(one["learner_id"] for one in rows), removal)


async def _end_method(actor: Actor, row: Record, learners: list[int], removal: wire.MethodRemoval) -> Applied:
    method_id = row["id"]
    stored = await fetch_value("SELECT to_jsonb(m) FROM enrollment_method m WHERE id = $1", method_id)
    waiting = await fetch("SELECT learner_id FROM blocked WHERE method_id = $1", method_id)
    held = await holding.held_run(method_id)
    if held is not None:
        await holding.close(held["id"], "rejected")
    # The rule goes too: what it mentions can be deleted now. The run keeps it for an undo.
    await execute(
        "UPDATE enrollment_method SET on_leave = $2, active = false, state = 'draft', state_reason = '', state_cause = NULL,"
        " state_details = NULL, rule = NULL,"
        " segment_id = NULL, group_id = NULL, after_activity_id = NULL, deleted_at = $3, version = version + 1"
        " WHERE id = $1",
        method_id,
        # Erasing is an act, and nothing that a method stores.
        "expire" if removal.people == "erase" else removal.people,
        clock.now(),
    )
    after = await fetch_value("SELECT to_jsonb(m) FROM enrollment_method m WHERE id = $1", method_id)
    detail: dict[str, Any] = {"method": stored, "method_after": after}
    one = Write(
        method_id=method_id,
        session_id=row["session_id"],
        cause="act",
        actor_id=actor.id,
        detail=detail,
        leaving=learners,
        releasing=[one["learner_id"] for one in waiting],
        confirmed=True,
        on_leave=removal.people,
        erasure=Erasure(removal.certificates, removal.confirm) if removal.people == "erase" else None,
    )
    if len(learners) > INLINE:
        if one.erasure is not None:
            await confirm_large(one.erasure, row["session_id"], method_id)
        return Applied(run_id=await begin_large(one), method_id=method_id, state="applying")
    (written,) = await write([one])
    return applied(written, method_id)


# ── showing ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def _one(
    actor: Actor, index: FacetIndex, permit: Permit, session_id: int, method_id: int
) -> wire.Method:
    await method_row(session_id, method_id)
    (row,) = await fetch(_LIST, session_id, method_id - 1, 1)
    return _shown(row, index, actor, permit)


# What of a sealed method would tell whom it is about, or let somebody in.
SEALED: dict[str, Any] = dict.fromkeys(
    ("kind", "name", "segment_id", "group_id", "after_activity_id", "course_group_id", "key", "held_run_id",
     "state_cause", "state_details")
) | {"state_reason": ""}  # fmt: skip


def _shown(row: Record, index: FacetIndex, actor: Actor, permit: Permit) -> wire.Method:
    names = wire.Method.__struct_fields__
    stored = {name: row[name] for name in names if name in row and name != "rule"}
    draft, sight = stored_draft(row), permit.reader
    stored["on_leave"] = draft.on_leave
    editable = permit.opens(index, draft)
    # Managers enroll their team; how others come to be enrolled is not theirs to know.
    sealed = sight.seals_method(row["kind"], row["rule"], index.structure) or not (permit.staff or editable)
    hidden = sight.hidden(index, index.structure.groups)
    stored |= {"state_reason": state_sentence(row["state_cause"], row["state_details"], actor.reads)}
    if sealed:
        stored |= SEALED
    return wire.Method(
        **stored,
        rule=None if sealed else _rule(row, sight, index),
        sentence=None if sealed else sentence_of(row, index, actor.reads, hidden),
        people=index.sources(row["id"]).intersection_cardinality(index.countable),
        waiting=index.blocked_for(row["id"]).intersection_cardinality(index.countable),
        sealed=sealed,
        editable=editable,
    )


def _rule(row: Record, sight: Sight, index: FacetIndex) -> Rule | None:
    """The rule, without people picked or left out by name whom the reader may not see."""
    try:
        return None if row["rule"] is None else sight.opened(convert(row["rule"]), index)
    except InvalidRule:
        return None
