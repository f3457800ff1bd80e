"""Undo: a run is taken back as one act, its method and exclusions with its people (`undone_people`)."""

from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import as_json, fetch_value
from backend.database.stored_json import stored_as, stored_object
from backend.index.facts.arrays import bitmap_sent
from backend.runtime import clock
from backend.services import jobs
from backend.services.enrollment.undo import undo_statements
from backend.services.enrollment.undo.method_restoration import (
    method_now,
    restore_method,
    take_back_exclusions,
)
from backend.services.enrollment.undo.undone_people import MOST_LISTED, undo_people
from backend.services.enrollment.writing.packed_ids import pack
from backend.services.enrollment.writing.picked_until import undo_ends
from backend.services.errors import Forbidden
from backend.tables import Run
from backend.words import Message

# Why those are left alone who are not the undoing person's.
BEYOND_RIGHTS = "beyond_rights"
# What is undone at once; more goes in chunks.
INLINE = 20_000


async def undo_run(
    run: Record, actor_id: int | None, among: BitMap | None = None, *, follows: bool = False
) -> int:
    """Take back `run`, whose row and session are locked; the undo's id. Large ones are only begun.

    `among`: only of these people; the others are left alone, and listed. Raises `Forbidden` where that is nobody. Where it
    `follows` from an act that goes back with it, its rule will not do it again.
    """
    everybody = await people_of_run(run["id"])
    people = list(everybody if among is None else everybody & among)
    if everybody and not people:
        raise Forbidden(Message("Nobody whom this run changed is yours to change back."))
    beyond = list(everybody - BitMap(people))
    before = await method_now(run)
    restored = await restore_method(run, freezing=not follows)
    detail: dict[str, Any] = {
        "method_restored": restored,
        "left_alone": [],
        "left_alone_total": 0,
        "cancelled_mail": 0,
        "beyond": [(learner_id, BEYOND_RIGHTS) for learner_id in beyond[:MOST_LISTED]],
        "beyond_total": len(beyond),
    }
    if restored:
        detail |= {"method": before, "method_after": await method_now(run)}
    ends = _ends_of(run, among)
    large = len(people) > INLINE
    if large:
        detail |= {"phases": {"undoing": pack(people)}, "ends": ends}
    undo = Run(
        method_id=run["method_id"],
        session_id=run["session_id"],
        cause="undo",
        actor_id=actor_id,
        state="applying",
        total=len(people),
        detail=as_json(detail),
        undo_of=run["id"],
        created_at=clock.now(),
    )
    undo_id: int = (await Run.insert(undo).returning(Run.id))[0]["id"]
    await take_back_exclusions(run, undo_id, people, among)
    await Run.update({Run.state: "undone"}).where(Run.id == run["id"])
    if large:
        jobs.wake("apply_runs")
        return undo_id
    await undo_people(undo_id, people)
    await undo_ends(run["method_id"], ends, undo_id)
    await Run.update({Run.state: "applied", Run.done: len(people), Run.finished_at: clock.now()}).where(
        Run.id == undo_id
    )
    return undo_id


def _ends_of(run: Record, among: BitMap | None) -> list[list[Any]]:
    """Until when people were enrolled whose end the run changed: [person, day or null]. `among`: only of these people."""
    kept: list[list[Any]] = stored_as(
        (stored_object(run["detail"]) or {}).get("picked_until"), list[list[Any]], []
    )
    return kept if among is None else [one for one in kept if one[0] in among]


async def finish_undo(undo: Record) -> None:
    """What is left to do once the last people of a large undo have gone back. The caller holds the session's lock."""
    ends: list[list[Any]] = stored_as(undo["detail"].get("ends"), list[list[Any]], [])
    await undo_ends(undo["method_id"], ends, undo["id"])


async def people_of_run(run_id: int) -> BitMap:
    """Everybody to whom the run did something."""
    return bitmap_sent(await fetch_value(undo_statements.PEOPLE_OF_RUN, run_id))
