"""What an act wrote of facts and structure goes back, the last statement first, where it still is what the act made it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from asyncpg import Record

from backend.database import execute, fetch, fetch_row, plan_anew_for
from backend.services.access.actor import Actor
from backend.services.enrollment.undo import fact_statements as sql
from backend.services.enrollment.undo import fact_tables
from backend.services.enrollment.undo.fact_rights import FactRights
from backend.services.enrollment.undo.fact_tables import FACET_OF_COLUMN, FACT_TABLES

# Facts that were left alone are told up to this many; the number has to do for the rest.
MOST_LISTED = 100
# A statement that cannot go back as a whole is taken row by row, up to so many rows.
MOST_ONE_BY_ONE = 1_000


class LeftFact(msgspec.Struct, frozen=True):
    """A fact that the undo did not touch: of which row of which table, which columns, and who wrote it since, and when."""

    table: str
    row: dict[str, Any]
    columns: list[str]
    why: str
    by: int | None = None
    at: datetime | None = None


class Restored(msgspec.Struct):
    """What has come of it: how many rows were looked at, and what was left alone, of whom."""

    rows: int = 0
    left: list[LeftFact] = []
    left_total: int = 0
    people: set[int] = set()
    # Whether something was left alone that is about more than one person.
    structure_left: bool = False


async def restore_facts(actor: Actor, rights: FactRights, run_id: int) -> Restored:
    """Take back what the run wrote, in the caller's transaction; of what is not the actor's to change, nothing."""
    found = Restored()
    seen: set[tuple[str, ...]] = set()
    for step in await _steps(run_id):
        found.rows += step["rows"]
        await plan_anew_for(step["rows"])
        name = step["table_name"]
        allowed = None
        if not actor.is_admin:
            of_step = {row["id"] for row in await fetch(fact_tables.objects(name), run_id, step["step"])}
            allowed = sorted(await rights.allowed(name, {one for one in of_step if one is not None}))
            for row in await fetch(fact_tables.beyond(name), run_id, step["step"], allowed):
                await _leave(found, seen, name, row, "beyond_rights")
        for row in await _take_back(run_id, step, allowed):
            await _leave(found, seen, name, row, "changed")
    return found


async def _steps(run_id: int) -> list[Record]:
    """The statements that the run wrote by, the last one first; what went with something that was deleted comes after that."""
    steps = await fetch(sql.STEPS, run_id)
    waiting_for: dict[int, set[int]] = defaultdict(set)
    for row in await fetch(sql.CASCADES, run_id, *fact_tables.kept_references()):
        waiting_for[row["step"]].add(row["deletion"])
    ordered: list[Record] = []
    held: list[Record] = []
    done: set[int] = set()
    for step in steps:
        due: Record | None = step
        if not waiting_for[step["step"]] <= done:
            held.append(step)
            continue
        while due is not None:
            ordered.append(due)
            done.add(due["step"])
            # A deletion is earlier than what went with it: whatever is held comes to its turn.
            due = next((one for one in held if waiting_for[one["step"]] <= done), None)
            if due is not None:
                held.remove(due)
    # None may be passed over: what would wait for ever is tried last, and told as changed if it cannot be taken back.
    return [*ordered, *held]


async def _take_back(run_id: int, step: Record, allowed: list[int] | None) -> list[Record]:
    name = step["table_name"]
    if step["inserted"]:
        statement = fact_tables.take_away(name)
    elif step["deleted"]:
        statement = fact_tables.bring_back(name)
    else:
        statement = fact_tables.put_back(name)
    try:
        return await _tried(statement, run_id, step["step"], allowed, None)
    except asyncpg.IntegrityConstraintViolationError:
        # Something else has the place of one of them: the others go back all the same.
        return await _one_by_one(statement, run_id, step["step"], allowed)


async def _one_by_one(statement: str, run_id: int, step: int, allowed: list[int] | None) -> list[Record]:
    left: list[Record] = []
    ids = [row["id"] for row in await fetch(sql.ROWS_OF_STEP, run_id, step)]
    for id_ in ids[:MOST_ONE_BY_ONE]:
        try:
            left += await _tried(statement, run_id, step, allowed, [id_])
        except asyncpg.IntegrityConstraintViolationError:
            left += await fetch(sql.KEPT_ROWS, [id_])
    if len(ids) > MOST_ONE_BY_ONE:
        left += await fetch(sql.KEPT_ROWS, ids[MOST_ONE_BY_ONE:])
    return left


async def _tried(
    statement: str, run_id: int, step: int, allowed: list[int] | None, ids: list[int] | None
) -> list[Record]:
    await execute("SAVEPOINT taking_back")
    try:
        found = await fetch(statement, run_id, step, allowed, ids)
        # References that are looked at when a transaction ends must not undo all of it.
        await execute("SET CONSTRAINTS ALL IMMEDIATE")
        await execute("SET CONSTRAINTS ALL DEFERRED")
    except asyncpg.IntegrityConstraintViolationError:
        await execute("ROLLBACK TO SAVEPOINT taking_back")
        raise
    await execute("RELEASE SAVEPOINT taking_back")
    return found


async def _leave(found: Restored, seen: set[tuple[str, ...]], name: str, row: Record, why: str) -> None:
    one, values = FACT_TABLES[name], row["row"]
    key = (name, *(str(values[column]) for column in one.key))
    if one.person is not None:
        found.people.add(values[one.person])
    else:
        found.structure_left = True
    if key in seen:
        # Earlier statements of the act wrote it, too.
        return
    seen.add(key)
    found.left_total += 1
    if len(found.left) < MOST_LISTED:
        by, at = await _written_last(name, values, row["columns"])
        found.left.append(LeftFact(name, _identity(name, values), list(row["columns"]), why, by, at))


def _identity(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """What tells which fact it is."""
    one = FACT_TABLES[name]
    wanted = {*one.key, one.person, one.ref, "name"}
    return {column: value for column, value in values.items() if column in wanted}


async def _written_last(
    name: str, values: dict[str, Any], columns: Sequence[str]
) -> tuple[int | None, datetime | None]:
    one = FACT_TABLES[name]
    facet = FACET_OF_COLUMN.get(columns[0], one.facet) if name == "learner" and columns else one.facet
    person = None if one.person is None else values[one.person]
    ref = None if one.ref is None else values[one.ref]
    row = await fetch_row(sql.WRITTEN_LAST, facet, person, ref)
    return (None, None) if row is None else (row["actor_id"], row["at"])
