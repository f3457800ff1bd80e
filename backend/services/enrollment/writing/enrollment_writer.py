"""The one writer of sources, enrollments and blocked people: apply, reconcile, import, approve and self-enroll use it.

It works in the caller's transaction, on several methods at once, and can be run twice: who has a source gets no second one,
who has none loses none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from asyncpg import Record
from msgspec.structs import replace

from backend.database import any_of, execute, fetch, fetch_value, plan_by_key
from backend.runtime import clock
from backend.services.enrollment.writing import enrollment_statements as sql
from backend.services.enrollment.writing import erase_progress, leaving_statements, waiting_people
from backend.services.enrollment.writing.course_group_places import Placing, place_all
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.writes import COUNTED, Reason, Write, Written, counted
from backend.services.mail import notices
from backend.tables import Run

# Up to so many people, planning the statement that enrolls them takes longer than running it.
FEW = 500
# From so many people of one method on, those of whom nothing is known are enrolled by a statement of their own.
MANY = 200


async def lock_sessions(session_ids: Iterable[int]) -> dict[int, Record]:
    """Hold the sessions and their activities until the commit, in one order for everybody; their rows by id."""
    return {row["id"]: row for row in await fetch(sql.LOCK, sorted(set(session_ids)))}


async def write(writes: Sequence[Write]) -> list[Written]:
    """Write all of it, entering first: who moves between methods of one session never leaves it.

    The caller holds `lock_sessions`. Who is set free by those who leave is enrolled when the log tells the reconciler.
    """
    runs = await _open_runs(writes)
    done = {run_id: Written(run_id) for run_id in runs}
    both = list(zip(writes, runs, strict=True))
    await _place([(one, run_id) for one, run_id in both if one.places], done)
    pairs = [(one, run_id) for one, run_id in both if not one.places]
    await _enter(pairs, done)
    for confirmed, on_leave in {(one.confirmed, one.on_leave) for one, _ in pairs}:
        some = [(w, run) for w, run in pairs if (w.confirmed, w.on_leave) == (confirmed, on_leave)]
        await _leave(some, done, confirmed=confirmed, on_leave=on_leave)
    await _release(pairs, done)
    await _count(done)
    return await _without_empty(writes, [done[run_id] for run_id in runs])


async def _place(some: Sequence[tuple[Write, int]], done: Mapping[int, Written]) -> None:
    """Put enrolled people into classes, and take them out: to the run they gain or lose a source."""
    placings = [Placing(one.method_id, one.entering, one.leaving) for one, _ in some]
    for (_, run_id), (came, gone) in zip(some, await place_all(placings), strict=True):
        done[run_id].gaining += came
        done[run_id].losing += gone


async def settle(
    run_id: int, session_id: int, learner_ids: Sequence[int], reason: Reason | None = None
) -> int:
    """Bring due date, mandatory and role of these enrollments to what their live sources say; how many changed.

    Who is due sooner gets a notice.
    """
    return await _settle_all({(session_id, run_id): learner_ids}, reason)


async def _settle_all(some: Mapping[tuple[int, int], Sequence[int]], reason: Reason | None = None) -> int:
    """The same of several sessions, by session and run."""
    rows = [(run, session, learner) for (session, run), learners in some.items() for learner in learners]
    if not rows:
        return 0
    settled = await fetch(sql.SETTLE, *(list(column) for column in zip(*rows, strict=True)), reason)
    sooner: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for row in settled:
        if row["sooner"]:
            sooner[row["session_id"], row["run_id"]].append(row["learner_id"])
    await notices.file_all_due_changed(sooner)
    return len(settled)


async def _open_runs(writes: Sequence[Write]) -> list[int]:
    """The runs, in the order in which they write: an undo begins with the last one, and finds people as it left them."""
    new = sorted(
        (number for number, one in enumerate(writes) if one.run_id is None),
        key=lambda number: not writes[number].entering,
    )
    ids = {number: one.run_id for number, one in enumerate(writes) if one.run_id is not None}
    ids |= dict(zip(new, await _opened([writes[number] for number in new]), strict=True))
    return [ids[number] for number in range(len(writes))]


async def _opened(new: Sequence[Write]) -> list[int]:
    opened = await fetch(
        sql.OPEN_RUNS,
        [w.method_id for w in new],
        [w.session_id for w in new],
        [w.cause for w in new],
        [w.actor_id or None for w in new],
        [w.position for w in new],
        [w.detail for w in new],
        clock.now(),
        [w.caused_by for w in new],
    )
    return [row["id"] for row in opened]


Pairs = tuple[list[int], list[int], list[int], list[Reason | None]]


def _pairs(some: Sequence[tuple[Write, int]], which: Literal["entering", "leaving"]) -> Pairs:
    """Parallel arrays of method, learner, run, reason."""
    methods: list[int] = []
    learners: list[int] = []
    runs: list[int] = []
    reasons: list[Reason | None] = []
    for one, run_id in some:
        people: Sequence[int] = getattr(one, which)
        methods += [one.method_id] * len(people)
        learners += people
        runs += [run_id] * len(people)
        reasons += [one.reasons.get(learner_id) for learner_id in people]
    return methods, learners, runs, reasons


async def _enter(some: Sequence[tuple[Write, int]], done: dict[int, Written]) -> None:
    told: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    entering = [(one, run_id) for one, run_id in some if one.entering]
    # Where several methods want people at once, one look at all of them decides who gets whom.
    if len(entering) == 1 and len(entering[0][0].entering) >= MANY:
        entering = [(await _fill(*entering[0], done, told), entering[0][1])]
    pairs = _pairs(entering, "entering")
    if pairs[0]:
        await _enter_the_rest(pairs, done, told)
    untold = {run_id for one, run_id in some if one.defer_notices or not one.mail}
    await notices.file_all_enrolled({key: some for key, some in told.items() if key[2] not in untold})


async def _fill(
    one: Write, run_id: int, done: dict[int, Written], told: dict[tuple[int, int, int], list[int]]
) -> Write:
    """Enroll those of many of whom nothing is known; what is left to do."""
    reasons = [one.reasons.get(learner_id) for learner_id in one.entering]
    await plan_by_key()
    alike = all(reason == reasons[0] for reason in reasons)
    known: list[int] = await fetch_value(
        sql.FILL,
        one.method_id,
        list(one.entering),
        run_id,
        reasons[:1] if alike else reasons,
        clock.now(),
        alike,
    )
    left = set(known)
    entered = [learner_id for learner_id in one.entering if learner_id not in left]
    done[run_id].entered += len(entered)
    told[one.session_id, one.method_id, run_id] += entered
    return replace(one, entering=known)


async def _enter_the_rest(
    pairs: Pairs, done: dict[int, Written], told: dict[tuple[int, int, int], list[int]]
) -> None:
    sooner: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    rows = await _entered(pairs)
    await waiting_people.free(rows)
    for row in rows:
        run_id, outcome = row["run_id"], row["outcome"]
        if outcome == "blocked":
            done[run_id].blocked += 1
            continue
        if outcome == "enrolled" and row["leads"]:
            done[run_id].entered += 1
        else:
            done[run_id].gaining += 1
        if not row["leads"]:
            # Brought by several methods at once; one of them tells.
            continue
        if outcome == "enrolled":
            told[row["session_id"], row["method_id"], run_id].append(row["learner_id"])
        elif outcome == "sooner":
            sooner[row["session_id"], run_id].append(row["learner_id"])
    await notices.file_all_due_changed(sooner)


async def _entered(pairs: Pairs) -> list[Record]:
    """Run the statement that enrolls: a plan made for the arrays of a few people costs ten times what running it does."""
    if len(pairs[0]) <= FEW:
        # For the rest of the transaction, which for a few people is better off with kept plans too.
        await execute("SET LOCAL plan_cache_mode = force_generic_plan")
    return await fetch(sql.ENTER, *pairs, clock.now())


async def _leave(
    some: Sequence[tuple[Write, int]], done: dict[int, Written], *, confirmed: bool, on_leave: str | None
) -> None:
    pairs = _pairs(some, "leaving")
    if not pairs[0]:
        return
    rows = await fetch(leaving_statements.LEAVE, *pairs, clock.now(), confirmed, on_leave)
    by_outcome: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        by_outcome[row["outcome"]].append(row)
    await erase_progress.erase(by_outcome["erasing"], some[0][0].erasure)
    kept = [*by_outcome["kept"], *await _completed_meanwhile(by_outcome["expired"])]
    await _keep(kept, some[0][0].actor_id)
    staying = {(row["session_id"], row["learner_id"]) for row in kept}
    _count_leaving(rows, done, staying)
    gone: dict[int, list[int]] = defaultdict(list)
    held: dict[tuple[int, int], list[int]] = defaultdict(list)
    # Who leaves by several methods at once is one person, of the last of the runs.
    for row in {(row["session_id"], row["learner_id"]): row for row in rows if row["last"]}.values():
        counted = done[row["run_id"]]
        if (row["session_id"], row["learner_id"]) in staying:
            counted.kept += 1
        elif row["outcome"] in ("expired", "erasing"):
            counted.ended += 1
            gone[row["session_id"]].append(row["learner_id"])
        elif row["outcome"] == "held":
            counted.held += 1
            held[row["session_id"], row["run_id"]].append(row["learner_id"])
    await notices.cancel_all_enrolled(gone)
    await _settle_all(held)


def _count_leaving(
    rows: Sequence[Record], done: Mapping[int, Written], staying: AbstractSet[tuple[int, int]]
) -> None:
    """Each person once a run, however many of its methods let them go."""
    seen: set[tuple[int, int]] = set()
    for row in rows:
        if (row["run_id"], row["learner_id"]) in seen:
            continue
        seen.add((row["run_id"], row["learner_id"]))
        written = done[row["run_id"]]
        stays = (row["session_id"], row["learner_id"]) in staying
        if row["outcome"] in ("expired", "erasing") and not stays and row["last"]:
            written.left += 1
        elif row["state"] == "completed" or (row["outcome"] == "expired" and stays):
            written.completed_stay += 1
        else:
            written.losing += 1


async def _completed_meanwhile(rows: Sequence[Record]) -> list[Record]:
    """Those of whom a report came while they were taken out: what is completed is not revoked."""
    if not rows:
        return []
    live = {
        row["id"]
        for row in await fetch(leaving_statements.STILL_LIVE, [row["enrollment_id"] for row in rows])
    }
    return [row for row in rows if row["enrollment_id"] in live]


async def _keep(rows: Sequence[Record], actor_id: int | None) -> None:
    """Give those who stay a source of the session's hand-picked method: nobody is enrolled without one."""
    if not rows:
        return
    methods = [row["method_id"] for row in rows]
    picked = await hand_picked_methods(sorted({row["session_id"] for row in rows}), actor_id)
    await execute(
        leaving_statements.KEEP,
        methods,
        [row["learner_id"] for row in rows],
        [row["run_id"] for row in rows],
        [row["session_id"] for row in rows],
        clock.now(),
        list(picked),
        list(picked.values()),
    )


async def _release(some: Sequence[tuple[Write, int]], done: dict[int, Written]) -> None:
    for one, run_id in some:
        if one.releasing:
            reasons = [one.reasons.get(learner_id) for learner_id in one.releasing]
            done[run_id].released += await waiting_people.release(
                one.method_id, run_id, one.releasing, reasons
            )


async def _count(done: Mapping[int, Written]) -> None:
    some = [(run_id, counted(w)) for run_id, w in sorted(done.items())]
    some = [(run_id, numbers) for run_id, numbers in some if any(numbers.values())]
    if some:
        columns = [[numbers[name] for _, numbers in some] for name in COUNTED]
        await execute(sql.COUNT_RUNS, [run_id for run_id, _ in some], *columns)


async def _without_empty(writes: Sequence[Write], done: list[Written]) -> list[Written]:
    """Drop runs of the reconciler that turned out to have nothing to do; what a person confirmed stays on record."""
    empty = [
        result
        for one, result in zip(writes, done, strict=True)
        if one.run_id is None
        and (one.drop_empty or one.cause in ("change", "clock", "check"))
        and result.did_nothing
    ]
    if empty:
        await Run.delete().where(any_of(Run.id, [result.run_id for result in empty]))
        for result in empty:
            result.run_id = None
    return done
