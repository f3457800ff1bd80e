"""What a run did, person by person; what many share is one row, and is read without reading all of them."""

from typing import Any

from asyncpg import Record
from msgspec import Struct

from backend.database import fetch, fetch_value
from backend.database.stored_json import stored_object
from backend.enrollment.change_kinds import KIND
from backend.index import FacetIndex, Follower
from backend.live.event_reasons import reason_of
from backend.schemas.base import Page
from backend.schemas.enrollment import runs as wire
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import latest_index
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.services.enrollment.runs import run_statements
from backend.services.enrollment.runs.run_rights import add_visible_in_session
from backend.services.enrollment.runs.runs import visible_run
from backend.services.errors import Invalid
from backend.services.paging import decode_cursor, page_of
from backend.services.statements import count_rows, page_of_rows
from backend.services.where_clauses import Conditions
from backend.words import Message

# So many are listed by name; of more, sorting them all for a page costs more than it tells.
BY_NAME = 1_000
_BY_ID_KEY = ("c.learner_id", "c.change")
_BY_NAME_KEY = ("l.last_name", "l.first_name", *_BY_ID_KEY)


class ChangeQuery(Struct, frozen=True):
    """What the list is asked for."""

    change: wire.ChangeKind | None = None
    q: str | None = None
    limit: int = 100
    cursor: str | None = None


async def list_changes(
    actor: Actor, follower: Follower, run_id: int, query: ChangeQuery
) -> Page[wire.RunChange]:
    """What the run did, person by person, to those whom the actor may see; by name, of very many by id."""
    run = await visible_run(actor, run_id)
    last = _last_shown(query.cursor)
    restricted = not actor.is_admin or bool(query.q and query.q.strip())
    conditions = await _conditions(actor, run, query)
    total = await _how_many(run_id, query.change, conditions if restricted else None)
    # Pages go on in the order they began in, also where a run grows meanwhile.
    by_name = total <= BY_NAME if last is None else len(last) == len(_BY_NAME_KEY)
    if restricted or by_name:
        rows = await _searched(conditions, _BY_NAME_KEY if by_name else _BY_ID_KEY, last, query.limit)
    else:
        rows = await fetch(run_statements.CHANGES, run_id, query.change, *(last or (0, "")), query.limit + 1)
    index, reader = await latest_index(follower), await reader_of(actor)
    names = ("last_name", "first_name") if by_name else ()
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: _shown(row, index, reader, run["method_id"]),
        key=lambda row: [row[name] for name in (*names, "learner_id", "change")],
    )


def _last_shown(cursor: str | None) -> list[int | str] | None:
    """The key of the last one shown, in either order. Raises `Invalid`."""
    last = decode_cursor(cursor, list[int | str])
    if last is not None and [type(part) for part in last] not in ([int, str], [str, str, int, str]):
        raise Invalid.at("cursor", "cursor", Message("This cursor is not one that this list gave."))
    return last


async def _how_many(run_id: int, change: wire.ChangeKind | None, conditions: Conditions | None) -> int:
    total: int
    if conditions is not None:
        total = await fetch_value(count_rows(run_statements.SEARCHED, conditions.sql), *conditions.values)
    elif change is None:
        total = await fetch_value(run_statements.COUNT_CHANGES, run_id)
    else:
        total = await fetch_value(run_statements.COUNT_CHANGES_OF_KIND, run_id, change)
    return total


async def _conditions(actor: Actor, run: Record, query: ChangeQuery) -> Conditions:
    conditions = Conditions()
    conditions.add("r.id = {}", run["id"])
    await add_visible_in_session(actor, conditions, run["session_id"])
    if query.change is not None:
        conditions.add(f"{KIND} = {{}}", query.change)
    conditions.add_search(query.q, "l.first_name", "l.last_name", "l.email")
    return conditions


async def _searched(
    conditions: Conditions, key: tuple[str, ...], last: list[int | str] | None, limit: int
) -> list[Record]:
    order = ", ".join(key)
    if last is not None:
        conditions.add(f"({order}) > ({', '.join(['{}'] * len(key))})", *last)
    columns = f"c.*, {KIND} AS kind, l.email, l.first_name, l.last_name"
    sql = page_of_rows(columns, run_statements.SEARCHED, conditions.sql, order, limit)
    return await fetch(sql, *conditions.values)


def _shown(row: Record, index: FacetIndex, reader: ReasonReader, method_id: int | None) -> wire.RunChange:
    reason = reason_of(
        index,
        reader,
        row["change"],
        learner_id=row["learner_id"],
        recorded=row["reason"],
        method_id=method_id,
        other_session_id=(stored_object(row["after"]) or {}).get("session_id"),
    )
    return wire.RunChange(
        learner=Person(
            id=row["learner_id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
        ),
        change=row["kind"],
        before=_open(row["before"], index, reader),
        after=_open(row["after"], index, reader),
        reason=reason,
    )


def _open(stored: Any, index: FacetIndex, reader: ReasonReader) -> dict[str, Any] | None:
    """What was so, without the other session where the reader may not see who is in it."""
    snapshot = stored_object(stored)
    other = (snapshot or {}).get("session_id")
    if snapshot is None or other is None or (isinstance(other, int) and reader.sight.views(other, index)):
        return snapshot
    return {**snapshot, "session_id": None}
