"""Deciding about runs: undone, approved or rejected by those who may enroll there."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from pyroaring import BitMap

from backend.database import row_by_id, transaction
from backend.enrollment.follow_modes import followed
from backend.enrollment.state_causes import Stated
from backend.index import BrokenRule, FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.enrollment import runs as wire
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.audiences.audiences import BrokenAudience
from backend.services.audiences.index_access import current_index, loaded_index
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.runs.large_runs import CHUNK, begin_large
from backend.services.enrollment.runs.run_rights import permit_to_decide, undo_reach
from backend.services.enrollment.runs.runs import fields_as_seen, left_alone_as_seen, run_as_seen, visible_run
from backend.services.enrollment.undo import act_undo, run_undo
from backend.services.enrollment.undo.fact_rights import FactRights
from backend.services.enrollment.undo.run_pairs import pair_runs, undone_together
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Conflict
from backend.tables import Run
from backend.words import Message
from backend.words.nouns import run_state


async def undo(actor: Actor, follower: Follower, run_id: int) -> wire.Undone:
    """Take the run back as one act, of the people who are the actor's; the rest is left alone and counted.

    What followed from it goes back with it; of an act what it wrote, where that is as it was left. Raises `Forbidden` where nothing
    of it is theirs, `Conflict` for a run that is not applied, or undone already, or while not all that follows is there.
    """
    seen = await visible_run(actor, run_id)
    if act_undo.is_too_old(seen, clock.now()):
        raise act_undo.TooOld
    if seen["state"] == "applied" and (act_undo.is_act(seen) or seen["followed"] is not None):
        await act_undo.wait_for_followers(run_id)
    async with transaction():
        undo_id = (await _undo_all(actor, follower, await undone_together(run_id)))[run_id]
    return await _undone(actor, await loaded_index(follower), undo_id)


async def _undo_all(actor: Actor, follower: Follower, run_ids: Sequence[int]) -> dict[int, int]:
    """Undo these runs in the caller's transaction, in this order; the undo of each."""
    seen = [await visible_run(actor, run_id) for run_id in run_ids]
    # In one order for everybody, before each of them is looked at by itself.
    sessions = {run["session_id"] for run in seen if run["session_id"] is not None}
    for run_id in run_ids:
        sessions.update(await act_undo.followers_sessions(run_id))
    await lock_sessions(sessions)
    undone: dict[int, int] = {}
    for run_id in run_ids:
        run = await _locked(actor, run_id, "applied", "undone")
        undone[run_id] = await (_undo_act if act_undo.is_act(run) else _undo_run)(actor, follower, run)
        await audit.record(actor, "run.undo", "run", run_id, undo_id=undone[run_id])
    if len(undone) > 1:
        went, came = undone.values()
        await pair_runs(came, went)
    return undone


async def _undo_act(actor: Actor, follower: Follower, run: Record) -> int:
    rights = FactRights(actor, None if actor.is_admin else await current_index(follower))
    return await act_undo.undo_act(actor, rights, run)


async def _undo_run(actor: Actor, follower: Follower, run: Record) -> int:
    among = await undo_reach(actor, follower, run)
    # Whoever was set free by it must be free again, before others take their place back.
    followed = await act_undo.undo_followers(actor, run["id"], without=BitMap(), among=among)
    undo_id = await run_undo.undo_run(run, actor.id or None, among)
    await act_undo.name_cause(followed.undos, undo_id)
    return undo_id


async def _undone(actor: Actor, index: FacetIndex, undo_id: int) -> wire.Undone:
    """What an undo has done so far; `index` may not know of it yet."""
    row = await visible_run(actor, undo_id)
    detail: dict[str, Any] = row["detail"]
    return wire.Undone(
        **await fields_as_seen(actor, index, row),
        **await left_alone_as_seen(actor, row["session_id"], detail),
        people=row["total"] - detail["left_alone_total"],
        cancelled_mail=detail["cancelled_mail"],
        method_restored=detail["method_restored"],
    )


async def approve(actor: Actor, follower: Follower, run_id: int, request: wire.Approve) -> wire.RunDetail:
    """Let those on the held list come and go who still would; with `learner_ids` only these, and the rest stays held."""
    async with transaction():
        run = await _locked(actor, run_id, "held", "approved")
        index = await current_index(follower)
        permit = await permit_to_decide(actor, index, run)
        listed = {
            change: BitMap(await held_removals.people_listed(run_id, change))
            for change in held_removals.CHANGES
        }
        chosen = {
            change: some if request.learner_ids is UNSET else some & BitMap(request.learner_ids)
            for change, some in listed.items()
        }
        permit.require_people(entering=chosen["entered"], leaving=chosen["left"])
        partly = chosen != listed
        entering, leaving = await _would_change(index, run["method_id"])
        for change, some in chosen.items():
            await held_removals.take_off(run_id, change, list(some))
        one = Write(
            method_id=run["method_id"],
            session_id=run["session_id"],
            cause="approve",
            actor_id=actor.id,
            position=index.position,
            entering=list(entering & chosen["entered"]),
            leaving=list(leaving & chosen["left"]),
            run_id=None if partly else run_id,
            caused_by=run["caused_by"],
        )
        answered = await _approved(one, partly)
        if partly:
            await held_removals.count_list(run_id)
        else:
            await held_removals.set_state(run["method_id"], "live")
        people, of = (sum(len(some) for some in sets.values()) for sets in (chosen, listed))
        await audit.record(actor, "run.approve", "run", run_id, people=people, of=of)
    return await run_as_seen(actor, index, await visible_run(actor, answered))


async def _approved(one: Write, partly: bool) -> int:
    if len(one.entering) + len(one.leaving) > CHUNK:
        return await begin_large(one)
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - approvals leave a run
    if not partly:
        await Run.update(
            {
                Run.state: "applied",
                Run.cause: "approve",
                Run.actor_id: one.actor_id or None,
                Run.finished_at: clock.now(),
            }
        ).where(Run.id == written.run_id)
    return written.run_id


async def _would_change(index: FacetIndex, method_id: int) -> tuple[BitMap, BitMap]:
    """Who is in the method's audience now without its source, and who holds that without being in it. Raises `BrokenAudience`."""
    method = index.methods.get(method_id)
    if method is None or method.rule is None:
        return BitMap(), BitMap()
    rule = method.rule
    try:
        desired = await index.sliced(lambda: index.evaluate_steps(rule, clock.today(index.timezone)))
    except BrokenRule as broken:
        raise BrokenAudience(broken.problems) from broken
    held = index.held_by(method, method_id, clock.today(index.timezone))
    desired = followed(method, desired, held, clock.now())
    desired = index.allowed(method.session_id, desired, clock.today(index.timezone))
    actual = index.sources(method_id) & index.countable
    return desired - actual, actual - desired


async def reject(actor: Actor, follower: Follower, run_id: int, request: wire.Reject) -> wire.RunDetail:
    """Nobody of the list comes or goes; the method is frozen until somebody confirms a plan of it."""
    async with transaction():
        run = await _locked(actor, run_id, "held", "rejected")
        index = await current_index(follower)
        await permit_to_decide(actor, index, run)
        await held_removals.close(run_id, "rejected")
        why = Stated("rejected", {"run_id": run_id, "people": run["total"], "note": request.reason})
        await held_removals.set_state(run["method_id"], "frozen", why)
        await audit.record(actor, "run.reject", "run", run_id, reason=request.reason)
    return await run_as_seen(actor, index, await visible_run(actor, run_id))


async def _locked(actor: Actor, run_id: int, state: str, done: str) -> Record:
    """The run with its session's lock, if it is in this state. Raises `Conflict` otherwise.

    Sessions are locked before runs, by everybody.
    """
    seen = await visible_run(actor, run_id)
    await lock_sessions([] if seen["session_id"] is None else [seen["session_id"]])
    row = await row_by_id(Run, run_id, lock=True)
    if row is None or row["state"] != state:
        now = "gone" if row is None else row["state"]
        raise Conflict(
            Message(
                "Only a run that is {state} can be {done}; this one is {now}.",
                state=run_state(state),
                done=run_state(done),
                now=run_state(now),
            ),
            extra={"state": now},
        )
    return row
