"""Undo of an act: the facts that it wrote, and the runs that followed from it, go back as one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend.database import any_of, as_json, fetch, fetch_row, logged_as, row_by_id
from backend.runtime import clock
from backend.services.access.actor import Actor
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.undo import fact_statements as sql
from backend.services.enrollment.undo.fact_restoration import Restored, restore_facts
from backend.services.enrollment.undo.fact_rights import FactRights
from backend.services.enrollment.undo.run_pairs import pair_runs
from backend.services.enrollment.undo.run_undo import people_of_run, undo_run
from backend.services.enrollment.undo.undone_people import MOST_LISTED
from backend.services.errors import Conflict
from backend.tables import Run
from backend.words import Message

# What an act wrote is kept so long.
KEPT_FOR = timedelta(days=30)
# Forgotten in one statement; a large import has many times that.
FORGOTTEN_AT_ONCE = 50_000
# How long whoever undoes waits for what follows from the act; the reconciler needs some hundredths of a second.
LONGEST_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.02


class StillFollowing(Conflict):
    """What follows from the act is still being written."""

    type, title = "still_following", Message("Not everything that follows is there yet")

    def __init__(self) -> None:
        super().__init__(Message("What follows from this is still being written. Undo it again in a moment."))


class TooOld(Conflict):
    """What the act wrote is kept no longer."""

    type, title = "too_old", Message("Too old to be undone")

    def __init__(self) -> None:
        super().__init__(
            Message(
                "What was done here can be undone for {days} days, which have passed.", days=KEPT_FOR.days
            )
        )


def is_act(run: Record) -> bool:
    """Whether the run is an act, or the undo of one: it stands in no session of its own."""
    return run["session_id"] is None


def is_too_old(run: Record, now: datetime) -> bool:
    """Whether the facts of an act are kept no longer."""
    return is_act(run) and bool(run["created_at"] < now - KEPT_FOR)


async def wait_for_followers(run_id: int) -> None:
    """Until the reconciler has looked at all that the run wrote, at what followed from that, and so on.

    To be called outside of the transaction that undoes. Raises `StillFollowing` after `LONGEST_WAIT_SECONDS`.
    """
    known: list[int] | None = None
    try:
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while True:
                await _until_reconciled()
                row = await fetch_row(sql.FOLLOWING, run_id)
                assert row is not None  # noqa: S101 - it is one row of sub-selects
                if row["runs"] == known and not row["applying"]:
                    return
                known = row["runs"]
                if row["applying"]:
                    await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise StillFollowing from None


async def _until_reconciled() -> None:
    """Until the reconciler has passed what is committed now."""
    row = await fetch_row(sql.LOG_HEAD)
    assert row is not None  # noqa: S101 - it is one row of sub-selects
    newest, head = row["newest"] or 0, None if row["newest"] else row["head"]
    while True:
        row = await fetch_row(sql.STILL_WAITING, newest)
        assert row is not None  # noqa: S101 - likewise
        if head is None and not row["waiting"]:
            head = row["head"]
        if head is not None and row["reconciled"] >= head:
            return
        await asyncio.sleep(_POLL_SECONDS)


async def followers_sessions(run_id: int) -> list[int]:
    """The sessions in which something followed from the run."""
    return [row["session_id"] for row in await fetch(sql.FOLLOWERS_SESSIONS, run_id)]


class _Undone(msgspec.Struct):
    """What the undos of the runs that followed have come to."""

    people: BitMap = msgspec.field(default_factory=BitMap)
    left_alone: list[Any] = []
    left_alone_total: int = 0
    beyond_total: int = 0
    cancelled_mail: int = 0
    undos: list[int] = []


async def undo_act(actor: Actor, rights: FactRights, run: Record) -> int:
    """Take back an act, whose row and the sessions of what followed are locked; the undo's id.

    Facts that were changed since are left alone and listed, and with them what followed for these people.
    """
    undo = Run(
        cause="undo",
        actor_id=actor.id or None,
        state="applied",
        undo_of=run["id"],
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    undo_id: int = (await Run.insert(undo).returning(Run.id))[0]["id"]
    await Run.update({Run.state: "undone"}).where(Run.id == run["id"])
    async with logged_as(undo_id):
        restored = await restore_facts(actor, rights, run["id"])
        # Whatever is not as it was keeps what follows from it.
        leaving = None if restored.structure_left else BitMap(restored.people)
        followed = await undo_followers(actor, run["id"], without=leaving)
    await _remember(undo_id, run, restored, followed)
    return undo_id


async def undo_followers(
    actor: Actor, run_id: int, *, without: BitMap | None = None, among: BitMap | None = None
) -> _Undone:
    """Take back what followed, the last first; `without` None: nothing of it. `among`: of these people alone."""
    done = _Undone()
    undos: dict[int, int] = {}
    for follower in await fetch(sql.FOLLOWERS, run_id):
        if without is None:
            continue
        if follower["state"] == "held":
            # The method is looked at anew, and holds again what others have brought on the list.
            await held_removals.close(follower["id"], "rejected")
            await held_removals.set_state(follower["method_id"], "live")
            continue
        everybody = await people_of_run(follower["id"])
        people = everybody - without if among is None else (everybody & among) - without
        done.beyond_total += len(everybody - people)
        if everybody and not people:
            continue
        undo_id = await undo_run(
            follower, actor.id or None, None if people == everybody else people, follows=True
        )
        undos[follower["id"]] = undo_id
        await _count(done, undo_id, people)
        first = undos.get(follower["detail"].get("pair", 0))
        if first is not None:
            await pair_runs(undo_id, first)
    return done


async def _count(done: _Undone, undo_id: int, people: BitMap) -> None:
    row = await row_by_id(Run, undo_id)
    assert row is not None  # noqa: S101 - it has just been made
    detail = row["detail"]
    done.undos.append(undo_id)
    done.people |= people
    done.left_alone += detail["left_alone"]
    done.left_alone_total += detail["left_alone_total"]
    done.cancelled_mail += detail["cancelled_mail"]


async def name_cause(undo_ids: Sequence[int], undo_id: int) -> None:
    """These undos follow from that one."""
    if undo_ids:
        await Run.update({Run.caused_by: undo_id}).where(any_of(Run.id, list(undo_ids)))


async def _remember(undo_id: int, run: Record, restored: Restored, followed: _Undone) -> None:
    kept = {name: run["detail"][name] for name in ("acts", "names") if name in run["detail"]}
    detail = {
        **kept,
        "method_restored": None,
        "left_alone": followed.left_alone[:MOST_LISTED],
        "left_alone_total": followed.left_alone_total,
        "beyond": [],
        "beyond_total": followed.beyond_total,
        "cancelled_mail": followed.cancelled_mail,
        "facts": restored.rows,
        "left_facts": msgspec.to_builtins(restored.left),
        "left_facts_total": restored.left_total,
    }
    people = len(followed.people)
    await Run.update({Run.detail: as_json(detail), Run.total: people, Run.done: people}).where(
        Run.id == undo_id
    )


async def forget_old_facts() -> None:
    """What acts wrote is kept for `KEPT_FOR`."""
    since = clock.now() - KEPT_FOR
    while await fetch(sql.FORGET, since, FORGOTTEN_AT_ONCE):
        pass
