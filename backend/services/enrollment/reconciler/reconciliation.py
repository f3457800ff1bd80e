"""Keeping enrollments true: what was decided is written together with the log position it follows from.

The transaction checks that the methods are still those that were looked at. Where the database is ahead, the log tells soon,
and the next look puts things right.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec
from asyncpg import Record

from backend.database import execute, fetch, fetch_row, transaction
from backend.enrollment.method_kinds import enrolls
from backend.index import FacetIndex
from backend.index.facts.values import EMPTY
from backend.runtime import clock
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.fuses.expected import Acts, acts_behind
from backend.services.enrollment.fuses.fuses import fuses_of
from backend.services.enrollment.reconciler import statements
from backend.services.enrollment.reconciler.sizes import SizeChange, Sizes, size_change_of
from backend.services.enrollment.rights.deciders import Deciders
from backend.services.enrollment.runs.large_runs import CHUNK, begin_large
from backend.services.enrollment.writing.course_group_places import Placing, place_all
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write


class LostLead(Exception):
    """Another reconciler has moved the position: this one must stand back."""


class LogStep(msgspec.Struct, frozen=True):
    """From one position of the log to a later one, on an organisation's day."""

    old: int
    new: int
    day: str


async def write_decisions(
    decisions: Sequence[Decision],
    index: FacetIndex,
    position: int,
    step: LogStep | None = None,
    sizes: Sizes | None = None,
) -> list[int]:
    """Write the decisions in bounded transactions, the last one together with the step; the ids of the runs.

    They follow from the `position`; the `index`, at this or a later one, says who may decide about what is held.
    Killed anywhere, the same is decided again from the old position, and what was written is not written twice.
    Raises `LostLead`.
    """
    runs: list[int] = []
    groups = _bounded(decisions)
    deciders = Deciders(index)
    for number, group in enumerate(groups):
        async with transaction():
            if step is not None and number == len(groups) - 1:
                await _advance(step)
            written, changes = await _write_group(group, position, index, deciders)
        # Once it is committed.
        runs += written
        if sizes is not None:
            sizes.add(changes)
    return runs


def _bounded(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """Groups of at most `CHUNK` people; at least one, for the step."""
    groups: list[list[Decision]] = [[]]
    size = 0
    # Where two want somebody at once, the higher one comes first, in whichever transactions they are.
    for decision in sorted(decisions, key=lambda one: (-one.method.priority, one.method.id)):
        # What is larger than a chunk is only begun here.
        weight = decision.people if decision.people <= CHUNK else 1
        if groups[-1] and size + weight > CHUNK:
            groups.append([])
            size = 0
        groups[-1].append(decision)
        size += weight
    return groups


async def _advance(step: LogStep) -> None:
    if await execute(statements.ADVANCE, step.old, step.new, step.day, clock.now()) != "UPDATE 1":
        raise LostLead(f"the position is no longer {step.old}")


async def _write_group(
    group: Sequence[Decision], position: int, index: FacetIndex, deciders: Deciders
) -> tuple[list[int], list[SizeChange]]:
    """The runs, and what they do to the sizes of audiences."""
    if not group:
        return [], []
    sessions = await lock_sessions(decision.method.session_id for decision in group)
    rows = {
        row["id"]: row
        for row in await fetch(statements.METHODS_TO_DECIDE, [decision.method.id for decision in group])
    }
    current = [decision for decision in group if _is_current(decision, rows.get(decision.method.id))]
    await _freeze_or_thaw(current, deciders)
    sound = [decision for decision in current if decision.problem is None]
    placing = [decision for decision in sound if not enrolls(decision.method.kind)]
    await place_all([Placing(one.method.id, list(one.entering), list(one.leaving)) for one in placing])
    sound = [decision for decision in sound if enrolls(decision.method.kind)]
    acts = await acts_behind(sound)
    known = await fuses_of(sound, sessions, clock.now())
    small: list[Write] = []
    runs: list[int] = []
    changes: list[SizeChange] = []
    for decision in sound:
        passing = await held_removals.pass_or_hold(decision, known, acts, position, deciders)
        changed = size_change_of(decision, passing, acts, index)
        changes += [changed] if changed is not None else []
        for one in _writes_of(passing, acts, position):
            what = await _undone(one) if _is_large(one) else one
            if _is_large(what):
                runs.append(await begin_large(what))
            elif what.entering or what.leaving or what.releasing:
                small.append(what)
    runs += (
        [written.run_id for written in await write(list(_apart(small))) if written.run_id] if small else []
    )
    return runs, changes


def _is_large(one: Write) -> bool:
    return len(one.entering) + len(one.leaving) + len(one.releasing) > CHUNK


async def _undone(one: Write) -> Write:
    """Without what stands in the tables already: a small write finds out by itself, a large run would be one of nothing.

    The log tells of a confirmed method before it tells of its people.
    """
    found = await fetch_row(statements.UNDONE_SINCE, one.method_id, one.entering, one.leaving)
    assert found is not None  # noqa: S101 - it is one row of arrays
    return msgspec.structs.replace(one, entering=found["entering"], leaving=found["leaving"])


def _is_current(decision: Decision, row: Record | None) -> bool:
    """Whether the stored method is the one that was looked at, and nobody else is at work on its people."""
    return row is not None and row["version"] == decision.method.version and not row["applying"]


async def _freeze_or_thaw(current: Sequence[Decision], deciders: Deciders) -> None:
    for decision in current:
        if decision.problem is not None:
            await held_removals.freeze(decision.method, decision.problem, deciders)
        elif decision.method.state == "frozen":
            await held_removals.set_state(decision.method.id, "live")


def _apart(writes: Sequence[Write]) -> Iterator[Write]:
    """Who changes from one method to another leaves the first by a run of its own where that takes in others.

    Runs that only let go come last, and an undo begins with the last one: it finds people as each run left them, also where some
    change places with others.
    """
    entering: dict[int, set[int]] = defaultdict(set)
    for one in writes:
        entering[one.session_id].update(one.entering)
    for one in writes:
        changing = [person for person in one.leaving if person in entering[one.session_id]]
        if not (one.entering and changing):
            yield one
            continue
        others = sorted(set(one.leaving).difference(changing))
        yield msgspec.structs.replace(one, leaving=others)
        yield msgspec.structs.replace(one, entering=(), releasing=(), leaving=changing)


def _writes_of(decision: Decision, acts: Acts, position: int) -> list[Write]:
    """One run for each act that people come and go by, so that undoing an act takes back no other's doing.

    Apart from those whom an act was shown to move: what somebody has confirmed does not count for the fuses again.
    """
    whole = Write(
        method_id=decision.method.id,
        session_id=decision.method.session_id,
        cause=decision.cause,
        position=position,
        entering=list(decision.entering),
        leaving=list(decision.leaving),
        releasing=list(decision.releasing),
        reasons=decision.reasons,
    )
    if not acts.by_run or not decision.runs:
        return [whole]
    shown = acts.expected_of(decision)
    parts: dict[tuple[int | None, bool], dict[str, list[int]]] = {}
    for phase, passed in (
        ("entering", shown.entering), ("leaving", shown.leaving), ("releasing", EMPTY)
    ):  # fmt: skip
        for one in getattr(decision, phase):
            part = parts.setdefault((acts.act_of(decision, one), one in passed), {})
            part.setdefault(phase, []).append(one)
    return [
        msgspec.structs.replace(
            whole,
            caused_by=act_id,
            detail={"as_confirmed": True} if as_confirmed else {},
            **{phase: part.get(phase, []) for phase in ("entering", "leaving", "releasing")},
        )
        for (act_id, as_confirmed), part in parts.items()
    ]
