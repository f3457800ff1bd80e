"""Undo: a run is taken back as one act; people whom somebody has changed since are left alone, and listed."""

from collections import Counter
from typing import Any

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, plan_by_key
from backend.enrollment.state_causes import Stated
from backend.enrollment.undoing import Snapshot, Undoable, changed_since, is_live
from backend.index.arrays import bitmap_sent
from backend.services import dormant_mail, holding, jobs, notices
from backend.services import undo_sql as sql
from backend.services.errors import Forbidden
from backend.services.method_drafts import COLUMNS
from backend.services.packing import pack

# Kept on the undo's run by name; beyond that the number has to do.
MOST_LISTED = 1_000
# Why those are left alone who are not the undoing person's.
BEYOND_RIGHTS = "beyond_rights"
# What is undone at once; more goes in chunks.
INLINE = 20_000

_PEOPLE = "SELECT array_send(coalesce(array_agg(learner_id), '{}')) FROM each_run_change WHERE run_id = $1"
_OPPOSITE = {
    "entered": "left",
    "left": "entered",
    "updated": "updated",
    "blocked": "unblocked",
    "unblocked": "blocked",
}
# What a run that erased keeps beside the enrollment.
ERASED = ("results", "awards")
# In this order a run does things to one person.
_ORDER = ("entered", "left", "updated")


class Restoration(msgspec.Struct, frozen=True):
    """One person who goes back: what the run did, how they stand, where they go back to."""

    learner_id: int
    changes: dict[str, list[Any]]
    now: Snapshot | None
    before: Snapshot | None


async def undo_run(run: Record, actor_id: int | None, among: BitMap | None = None) -> int:
    """Take back `run`, whose row and session are locked; the undo's id. Large ones are only begun.

    `among`: only of these people; the others are left alone, and listed. Raises `Forbidden` where that is nobody.
    """
    everybody = bitmap_sent(await fetch_value(_PEOPLE, run["id"]))
    people = list(everybody if among is None else everybody & among)
    if everybody and not people:
        raise Forbidden("Nobody whom this run changed is yours to change back.")
    beyond = list(everybody - BitMap(people))
    before = await _method_now(run)
    restored = await _restore_method(run)
    detail: dict[str, Any] = {
        "method_restored": restored,
        "left_alone": [],
        "left_alone_total": 0,
        "cancelled_mail": 0,
        "beyond": [(learner_id, BEYOND_RIGHTS) for learner_id in beyond[:MOST_LISTED]],
        "beyond_total": len(beyond),
    }
    if restored:
        detail |= {"method": before, "method_after": await _method_now(run)}
    await _take_back_exclusions(run, people)
    large = len(people) > INLINE
    if large:
        detail["phases"] = {"undoing": pack(people)}
    undo_id: int = await fetch_value(
        "INSERT INTO run (method_id, session_id, cause, actor_id, state, total, detail, undo_of, created_at)"
        " VALUES ($1, $2, 'undo', $3, 'applying', $4, $5, $6, $7) RETURNING id",
        run["method_id"], run["session_id"], actor_id, len(people), detail, run["id"], clock.now(),
    )  # fmt: skip
    await execute("UPDATE run SET state = 'undone' WHERE id = $1", run["id"])
    if large:
        jobs.wake("apply_runs")
        return undo_id
    await undo_people(undo_id, people)
    await execute(
        "UPDATE run SET state = 'applied', done = total, finished_at = $2 WHERE id = $1", undo_id, clock.now()
    )
    return undo_id


async def undo_people(undo_id: int, learner_ids: list[int]) -> None:
    """Take back what the undone run did to these people. The caller holds the session's lock."""
    undo = await fetch_row("SELECT * FROM run WHERE id = $1", undo_id)
    assert undo is not None  # noqa: S101 - its transaction has made or locked it
    session = await fetch_row("SELECT activity_id FROM session WHERE id = $1", undo["session_id"])
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
    rows = await fetch(sql.PEOPLE, undo["undo_of"], others, undo["session_id"], session["activity_id"])
    going, left_alone = sort_people(rows)
    cancelled += await _go_back(undo, going)
    await _remember(undo, going, left_alone, cancelled=cancelled, plain=len(plain))


def sort_people(rows: list[Record]) -> tuple[list[Restoration], list[tuple[int, str]]]:
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
            )
        )
        if why is None:
            going.append(Restoration(row["learner_id"], changes, row["now"], before))
        else:
            left_alone.append((row["learner_id"], why))
    return going, left_alone


def _plain(snapshot: Snapshot | None) -> Snapshot | None:
    """Without what was erased, which is no part of the enrollment."""
    return None if snapshot is None else {key: value for key, value in snapshot.items() if key not in ERASED}


async def _go_back(undo: Record, going: list[Restoration]) -> int:
    """Sources, enrollments, progress, blocked people, mail; how many notices were cancelled."""
    if not going:
        return 0
    run_id, undo_id, session_id, now = undo["undo_of"], undo["id"], undo["session_id"], clock.now()
    everyone = [one.learner_id for one in going]
    # Before sources are opened again, or those would count as ended by nobody.
    await execute(sql.END_OPENED, run_id, everyone, now, undo_id)
    await execute(sql.OPEN_ENDED, run_id, everyone, undo_id)
    await _restore_enrollments(session_id, going)
    await _bring_back(going)
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
        await dormant_mail.wake(resumed)
    cancelled = await notices.cancel_for_run(run_id, everyone)
    back = [one.learner_id for one in going if is_live(one.before) and not is_live(one.now)]
    gone = [one.learner_id for one in going if is_live(one.now) and not is_live(one.before)]
    if gone:
        cancelled += await notices.cancel_enrolled(gone, session_id, "undone")
    if back:
        created = await fetch_value("SELECT created_at FROM run WHERE id = $1", run_id)
        untold = [row["learner_id"] for row in await fetch(sql.UNTOLD, session_id, back, created)]
        await notices.file_enrolled(untold, session_id, undo["method_id"], undo_id)
    return cancelled


async def _bring_back(going: list[Restoration]) -> None:
    """The results and certificates that were erased."""
    for name, statement in zip(ERASED, (sql.BRING_BACK, sql.BRING_AWARDS_BACK), strict=True):
        erased = [
            row for one in going for row in ((one.changes.get("left") or [None])[0] or {}).get(name, [])
        ]
        if erased:
            await execute(statement, erased)


async def _restore_enrollments(session_id: int, going: list[Restoration]) -> None:
    changed = [one for one in going if one.before != one.now]
    removed = [one.learner_id for one in changed if one.before is None]
    if removed:
        await execute(sql.REMOVE, session_id, removed)
    restored = [one for one in changed if one.before is not None]
    if restored:
        await execute(
            sql.RESTORE, session_id, [one.learner_id for one in restored], [one.before for one in restored]
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


async def _remember(
    undo: Record, going: list[Restoration], left_alone: list[tuple[int, str]], *, cancelled: int, plain: int
) -> None:
    notes = [(one, change) for one in going for change in one.changes]
    if notes:
        await execute(
            sql.NOTE,
            undo["id"],
            [one.learner_id for one, _ in notes],
            [_OPPOSITE[change] for _, change in notes],
            [
                one.changes[change][1] if change in ("blocked", "unblocked") else one.now
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
    await execute(
        "UPDATE run SET detail = $2, entered = entered + $3, left_count = left_count + $4, gaining = gaining + $5,"
        " losing = losing + $6, completed_stay = completed_stay + $7 WHERE id = $1",
        undo["id"],
        detail,
        did["entered"],
        did["left"] + plain,
        did["gained"],
        did["lost"],
        did["completed_stay"],
    )


def _became(one: Restoration) -> str | None:
    """What the undo does to the person, as their row of the run is read later."""
    was, is_again = is_live(one.now), is_live(one.before)
    if was != is_again:
        return "entered" if is_again else "left"
    if "entered" in one.changes:
        completed = one.before is not None and one.before["state"] == "completed"
        return "completed_stay" if completed else "lost"
    return "gained" if "left" in one.changes else None


# ── the method ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _method_now(run: Record) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await fetch_value(
        "SELECT to_jsonb(m) FROM enrollment_method m WHERE id = $1", run["method_id"]
    )
    return found


# What of a method goes back besides its policy.
STATE = ("state", "state_reason", "state_cause", "state_details")


async def _restore_method(run: Record) -> bool | None:
    """The method as it was before the run; None when the run did not change it, False when somebody has since.

    What the rule itself did would be done again: then the method is frozen until a person confirms a plan of it.
    """
    now = await _method_now(run)
    if now is None:
        return None
    if "method" not in run["detail"]:
        if now["dynamic"] and run["cause"] in ("change", "clock", "check", "approve"):
            why = Stated("undone", {"run_id": run["id"]})
            await holding.set_state(run["method_id"], "frozen", why)
        return None
    after, before = run["detail"]["method_after"], run["detail"]["method"]
    compared = (*COLUMNS, "deleted_at")
    if after is None or any(now[name] != after[name] for name in compared):
        return False
    if before is None:
        await holding.set_state(run["method_id"], "draft")
        return True
    assignments = ", ".join(f"{name} = b.{name}" for name in (*compared, *STATE))
    await execute(
        f"UPDATE enrollment_method m SET {assignments}, version = m.version + 1"
        " FROM jsonb_populate_record(NULL::enrollment_method, $2::jsonb) b WHERE m.id = $1",
        run["method_id"],
        before,
    )
    return True


async def _take_back_exclusions(run: Record, people: list[int]) -> None:
    """Who was unenrolled by hand was left out of dynamic audiences; they are wanted there again."""
    methods = run["detail"].get("left_out_of")
    if methods:
        await execute(
            "UPDATE enrollment_method m SET version = version + 1, rule = jsonb_set(rule, '{exclude}', coalesce("
            " (SELECT jsonb_agg(x) FROM jsonb_array_elements(m.rule->'exclude') x WHERE x <> ALL($2::jsonb[])), '[]'))"
            " WHERE m.id = ANY($1::integer[]) AND m.rule IS NOT NULL",
            methods,
            people,
        )
