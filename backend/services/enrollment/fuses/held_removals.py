"""Methods that wait for a person: held removals and entries, frozen rules."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from pyroaring import BitMap

from backend.database import Row, any_of, as_json, execute, fetch, fetch_value
from backend.enrollment.state_causes import Stated
from backend.index.facts.structure_rows import Method
from backend.index.facts.values import EMPTY
from backend.runtime import clock
from backend.schemas.enrollment import MethodState
from backend.services.enrollment.fuses import fuse_statements
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.fuses.expected import Acts
from backend.services.enrollment.fuses.fuses import Fuses, entry_exceeds_fuse, removal_exceeds_fuse
from backend.services.enrollment.rights.deciders import Deciders
from backend.services.mail import alerts
from backend.tables import EnrollmentMethod, Run, RunChange

# On the list of a held run: whose source would be opened, whose would end.
Listed = Literal["entered", "left"]
CHANGES: tuple[Listed, ...] = ("entered", "left")


async def pass_or_hold(
    decision: Decision, known: Fuses, acts: Acts, position: int, deciders: Deciders
) -> Decision:
    """What may be written of the decision now; its session is locked.

    The others are put on the list of a held run, and those who may decide are told. Each direction is held by itself: where
    too many would leave, others still enter. Whom an act was shown to move passes, and counts for nobody else.
    """
    shown = acts.expected_of(decision)
    asking = msgspec.structs.replace(
        decision,
        entering=decision.entering - shown.entering,
        leaving=decision.leaving - shown.leaving,
    )
    passing = await _pass_or_hold(asking, known, acts, position, deciders)
    return msgspec.structs.replace(
        decision,
        entering=passing.entering | shown.entering,
        leaving=passing.leaving | shown.leaving,
    )


async def _pass_or_hold(
    decision: Decision, known: Fuses, acts: Acts, position: int, deciders: Deciders
) -> Decision:
    run = await held_run(decision.method.id) if decision.method.state == "held" else None
    waiting = {
        change: BitMap(await people_listed(run["id"], change)) if run else BitMap() for change in CHANGES
    }
    if run is not None:
        await _take_off(run["id"], decision, waiting)
    held: list[Listed] = []
    if decision.method.dynamic:
        if decision.leaving and (waiting["left"] or await removal_exceeds_fuse(known, decision)):
            held.append("left")
        if decision.entering and (waiting["entered"] or await entry_exceeds_fuse(known, decision)):
            held.append("entered")
    if held:
        begun = await _hold(decision, held, run, acts, position)
        if begun is not None:
            await _tell_deciders("held", decision.method, deciders, begun)
    elif run is not None and not await count_list(run["id"]):
        await close(run["id"], "rejected")
        await set_state(decision.method.id, "live")
    return msgspec.structs.replace(
        decision,
        leaving=EMPTY if "left" in held else decision.leaving,
        entering=EMPTY if "entered" in held else decision.entering,
    )


async def held_run(method_id: int) -> Row | None:
    """The method's change that waits for a person, its row locked."""
    return (
        await Run.select()
        .where(Run.method_id == method_id, Run.state == "held")
        .order_by(Run.id, ascending=False)
        .lock_rows()
        .first()
    )


async def _take_off(run_id: int, decision: Decision, waiting: dict[Listed, BitMap]) -> None:
    """The list follows the facts: who would stay again, or come no longer, is not on it."""
    back = waiting["left"] & decision.staying
    if back:
        await take_off(run_id, "left", list(back))
    gone = waiting["entered"] & decision.unwanted
    if gone:
        await take_off(run_id, "entered", list(gone))


async def _hold(
    decision: Decision, held: Sequence[Listed], run: Row | None, acts: Acts, position: int
) -> int | None:
    """Put them on the method's list; its run, where that is a new one."""
    method = decision.method
    run_id: int = (
        run["id"] if run is not None else await _new_run(method, position, _latest_act(decision, held, acts))
    )
    for change in held:
        people = list(decision.leaving if change == "left" else decision.entering)
        reasons = [decision.reasons.get(one) for one in people]
        await execute(fuse_statements.ADD_TO_LIST, run_id, change, people, reasons)
    await count_list(run_id)
    if run is not None:
        return None
    why = {"entering": len(decision.entering)} if "entered" in held else {}
    if "left" in held:
        why |= {"leaving": len(decision.leaving), "remaining": decision.remaining}
    await set_state(method.id, "held", Stated("fuse", why))
    return run_id


def _latest_act(decision: Decision, held: Sequence[Listed], acts: Acts) -> int | None:
    """A list is one run, whatever has brought people on it: it names the latest act."""
    listed_ones = [
        one for change in held for one in (decision.leaving if change == "left" else decision.entering)
    ]
    found = {acts.act_of(decision, one) for one in listed_ones} if decision.runs else set()
    return max((act for act in found if act is not None), default=None)


async def _new_run(method: Method, position: int, caused_by: int | None) -> int:
    made = await Run.insert(
        Run(
            method_id=method.id,
            session_id=method.session_id,
            cause="change",
            state="held",
            position=position,
            caused_by=caused_by,
            created_at=clock.now(),
        )
    ).returning(Run.id)
    run_id: int = made[0]["id"]
    return run_id


async def count_list(run_id: int) -> int:
    """How many wait on the run's list; kept on the run as its total."""
    people: int = await fetch_value(
        fuse_statements.COUNT_LIST,
        run_id,
    )
    return people


async def people_listed(run_id: int, change: Listed) -> list[int]:
    """Who waits on the run's list."""
    rows = (
        await RunChange.select(RunChange.learner_id)
        .where(RunChange.run_id == run_id, RunChange.change == change)
        .order_by(RunChange.learner_id)
    )
    return [row["learner_id"] for row in rows]


async def take_off(run_id: int, change: Listed, learner_ids: Sequence[int]) -> None:
    """They wait no longer: it has been decided about them."""
    if learner_ids:
        await RunChange.delete().where(
            RunChange.run_id == run_id, RunChange.change == change, any_of(RunChange.learner_id, learner_ids)
        )


async def close(run_id: int, state: str) -> None:
    """The held run has been decided."""
    await Run.update({Run.state: state, Run.finished_at: clock.now()}).where(Run.id == run_id)


async def freeze(method: Method, why: Stated, deciders: Deciders) -> None:
    """Nobody is added or removed any more; those who may decide are told."""
    await set_state(method.id, "frozen", why)
    await _tell_deciders("frozen", method, deciders)


async def set_state(method_id: int, state: MethodState, why: Stated | None = None) -> None:
    """Write the method's state; a new version, so that every index looks at it again."""
    await EnrollmentMethod.update(
        {
            EnrollmentMethod.state: state,
            EnrollmentMethod.state_cause: None if why is None else why.cause,
            EnrollmentMethod.state_details: None if why is None else as_json(why.details),
            # Read by the previous release alone.
            EnrollmentMethod.state_reason: "" if why is None else why.stored_text()[:2_000],
            EnrollmentMethod.version: EnrollmentMethod.version + 1,
        }
    ).where(EnrollmentMethod.id == method_id)


async def _tell_deciders(
    kind: Literal["held", "frozen"], method: Method, deciders: Deciders, run_id: int | None = None
) -> None:
    people = await deciders.of_method(method.id)
    await alerts.file_alert(people, kind, session_id=method.session_id, method_id=method.id, run_id=run_id)


async def tell_of_failure(run_id: int, method_id: int, session_id: int) -> None:
    """An alert to the platform admins and whoever made the method: a large run was given up, only some of its people are done."""
    people = [row["id"] for row in await fetch(fuse_statements.PEOPLE_IN_CHARGE, method_id)]
    await alerts.file_alert(people, "failed", session_id=session_id, method_id=method_id, run_id=run_id)
