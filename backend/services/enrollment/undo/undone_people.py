"""The people of a run that is taken back: each goes back to how they stood before it, or is left alone, and listed."""

from collections import Counter
from typing import Any

import msgspec
from asyncpg import Record

from backend.database import as_json, execute, fetch, fetch_value, logged_as, plan_by_key, row_by_id
from backend.enrollment.undoing import Snapshot, Undoable, changed_since, is_live
from backend.runtime import clock
from backend.services.enrollment.undo import undo_statements as sql
from backend.services.enrollment.writing.enrollment_statements import SNAPSHOT_COLUMNS
from backend.services.mail import dormant_notices, notices
from backend.tables import Run, Session

# Kept on the undo's run by name; beyond that the number has to do.
MOST_LISTED = 1_000

_OPPOSITE = {
    "entered": "left",
    "left": "entered",
    "updated": "updated",
    "blocked": "unblocked",
    "unblocked": "blocked",
}
# What a run that erased keeps beside the enrollment, and an undo that took back history.
ERASED = ("results", "awards")
HISTORY = "history"
# In this order a run does things to one person.
_ORDER = ("entered", "left", "updated")


class Restoration(msgspec.Struct, frozen=True):
    """One person who goes back: what the run did, how they stand, where they go back to."""

    learner_id: int
    changes: dict[str, list[Any]]
    now: Snapshot | None
    before: Snapshot | None


async def undo_people(undo_id: int, learner_ids: list[int]) -> None:
    """Take back what the undone run did to these people. The caller holds the session's lock."""
    async with logged_as(undo_id):
        await _undo_people(undo_id, learner_ids)


async def _undo_people(undo_id: int, learner_ids: list[int]) -> None:
    undo = await row_by_id(Run, undo_id)
    assert undo is not None  # noqa: S101 - its transaction has made or locked it
    session = await row_by_id(Session, undo["session_id"])
    assert session is not None  # noqa: S101 - runs go with their session
    await plan_by_key()
    plain: list[int] = await fetch_value(
        sql.TAKE_BACK,
        undo["undo_of"],
        learner_ids,
        undo["session_id"],
        clock.now(),
        undo_id,
        session["activity_id"],
    )
    cancelled = await notices.cancel_enrolled(plain, undo["session_id"], "undone") if plain else 0
    others = sorted(set(learner_ids).difference(plain))
    rows = await fetch(
        sql.PEOPLE, undo["undo_of"], others, undo["session_id"], session["activity_id"], clock.now()
    )
    going, left_alone = _sort_people(rows)
    history = await _forget_history(undo["undo_of"], going)
    cancelled += await _go_back(undo, going)
    await _remember(undo, going, left_alone, history=history, cancelled=cancelled, plain=len(plain))


def _sort_people(rows: list[Record]) -> tuple[list[Restoration], list[tuple[int, str]]]:
    """Who goes back, and who is left alone with why."""
    going: list[Restoration] = []
    left_alone: list[tuple[int, str]] = []
    for row in rows:
        changes: dict[str, list[Any]] = row["changes"]
        steps = [changes[change] for change in _ORDER if change in changes]
        before, after = (_plain(steps[0][0]), _plain(steps[-1][1])) if steps else (row["now"], row["now"])
        why = changed_since(
            Undoable(
                before=before,
                after=after,
                now=row["now"],
                opened=row["opened"],
                opened_live=row["opened_live"],
                closed=row["closed"],
                closed_again=row["closed_again"],
                others=row["others"],
                elsewhere=row["elsewhere"],
                excluded=row["excluded"],
            )
        )
        if why is None:
            going.append(Restoration(row["learner_id"], changes, row["now"], before))
        else:
            left_alone.append((row["learner_id"], why))
    return going, left_alone


def _plain(snapshot: Snapshot | None) -> Snapshot | None:
    """Without what is kept beside it, which is no part of the enrollment."""
    # A release before this one keeps whole rows of an import, with columns that it does not know.
    plain = {key: value for key, value in (snapshot or {}).items() if key in SNAPSHOT_COLUMNS}
    return plain or None


async def _go_back(undo: Record, going: list[Restoration]) -> int:
    """Sources, enrollments, progress, blocked people, mail; how many notices were cancelled."""
    if not going:
        return 0
    run_id, undo_id, session_id, now = undo["undo_of"], undo["id"], undo["session_id"], clock.now()
    everyone = [one.learner_id for one in going]
    # Before sources are opened again, or those would count as ended by nobody.
    await execute(sql.END_OPENED, run_id, everyone, now, undo_id)
    await execute(sql.OPEN_ENDED, run_id, everyone, undo_id)
    await _restore_enrollments(undo_id, session_id, going)
    await _bring_back(undo_id, going)
    await _restore_blocked(undo, going)
    resumed = [
        one.learner_id
        for one in going
        if one.now is not None
        and one.now["state"] == "suspended"
        and one.before is not None
        and one.before["state"] == "active"
    ]
    if resumed:
        await dormant_notices.revive(resumed)
    cancelled = await notices.cancel_for_run(run_id, everyone)
    back = [one.learner_id for one in going if is_live(one.before) and not is_live(one.now)]
    gone = [one.learner_id for one in going if is_live(one.now) and not is_live(one.before)]
    if gone:
        cancelled += await notices.cancel_enrolled(gone, session_id, "undone")
    if back:
        (created,) = await Run.select(Run.created_at).where(Run.id == run_id).output(as_list=True)
        untold = [row["learner_id"] for row in await fetch(sql.UNTOLD, session_id, back, created)]
        await notices.file_enrolled(untold, session_id, undo["method_id"], undo_id)
    return cancelled


async def _forget_history(run_id: int, going: list[Restoration]) -> dict[int, list[Any]]:
    """Take back the past that the run wrote (imports do); what it was, by person."""
    found: dict[int, list[Any]] = {}
    for row in await fetch(sql.FORGET_HISTORY, run_id, [one.learner_id for one in going]):
        found.setdefault(row["learner_id"], []).append(row["row"])
    return found


async def _bring_back(undo_id: int, going: list[Restoration]) -> None:
    """The results and certificates that were erased, and the history that an undo took back."""
    for name, statement in zip(ERASED, (sql.BRING_BACK, sql.BRING_AWARDS_BACK), strict=True):
        erased = [row for one in going for row in _beside(one, "left", name)]
        if erased:
            await execute(statement, erased)
    history = [row for one in going for change in one.changes for row in _beside(one, change, HISTORY)]
    if history:
        await execute(sql.BRING_HISTORY_BACK, history, undo_id)


def _beside(one: Restoration, change: str, name: str) -> list[Any]:
    """What the run kept of this beside the enrollment as it was."""
    before = (one.changes.get(change) or [None])[0] or {}
    found: list[Any] = before.get(name, [])
    return found


async def _restore_enrollments(undo_id: int, session_id: int, going: list[Restoration]) -> None:
    changed = [one for one in going if one.before != one.now]
    removed = [one.learner_id for one in changed if one.before is None]
    if removed:
        await execute(sql.REMOVE, session_id, removed)
    restored = [one for one in changed if one.before is not None]
    if restored:
        await execute(
            sql.RESTORE,
            session_id,
            [one.learner_id for one in restored],
            [one.before for one in restored],
            undo_id,
        )


async def _restore_blocked(undo: Record, going: list[Restoration]) -> None:
    await execute(sql.UNBLOCK, undo["undo_of"], [one.learner_id for one in going if "blocked" in one.changes])
    again = [one for one in going if "unblocked" in one.changes and undo["method_id"] is not None]
    if again:
        others = [one.changes["unblocked"][0]["session_id"] for one in again]
        await execute(
            sql.BLOCK,
            undo["method_id"], undo["session_id"], [one.learner_id for one in again], others, clock.now(), undo["id"],
        )  # fmt: skip


async def _remember(  # noqa: PLR0913 - all that a chunk of an undo has come to
    undo: Record,
    going: list[Restoration],
    left_alone: list[tuple[int, str]],
    *,
    history: dict[int, list[Any]],
    cancelled: int,
    plain: int,
) -> None:
    notes = [(one, change) for one in going for change in one.changes]
    if notes:
        await execute(
            sql.NOTE,
            undo["id"],
            [one.learner_id for one, _ in notes],
            [_OPPOSITE[change] for _, change in notes],
            [
                one.changes[change][1]
                if change in ("blocked", "unblocked")
                else _with_history(one, change, history)
                for one, change in notes
            ],
            [
                one.changes[change][0] if change in ("blocked", "unblocked") else one.before
                for one, change in notes
            ],
        )
    detail = dict(undo["detail"])
    detail["left_alone"] = (detail["left_alone"] + [list(one) for one in left_alone])[:MOST_LISTED]
    detail["left_alone_total"] += len(left_alone)
    detail["cancelled_mail"] += cancelled
    did = Counter(_became(one) for one in going)
    await Run.update(
        {
            Run.detail: as_json(detail),
            Run.entered: Run.entered + did["entered"],
            Run.left_count: Run.left_count + (did["left"] + plain),
            Run.gaining: Run.gaining + did["gained"],
            Run.losing: Run.losing + did["lost"],
            Run.completed_stay: Run.completed_stay + did["completed_stay"],
        }
    ).where(Run.id == undo["id"])


def _with_history(one: Restoration, change: str, history: dict[int, list[Any]]) -> Snapshot | None:
    """How they stood before the undo; beside the first thing that it did to them, the history that it took back."""
    if one.learner_id not in history or change != next(iter(one.changes)):
        return one.now
    return {**(one.now or {}), HISTORY: history[one.learner_id]}


def _became(one: Restoration) -> str | None:
    """What the undo does to the person, as their row of the run is read later."""
    was, is_again = is_live(one.now), is_live(one.before)
    if was != is_again:
        return "entered" if is_again else "left"
    if "entered" in one.changes:
        completed = one.before is not None and one.before["state"] == "completed"
        return "completed_stay" if completed else "lost"
    return "gained" if "left" in one.changes else None
