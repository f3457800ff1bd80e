"""What a run did, person by person; what many share is one row, and is read without reading all of them."""

from typing import Any

from asyncpg import Record
from msgspec import Struct

from backend.database import fetch, fetch_value
from backend.index import FacetIndex, Follower
from backend.schemas.commons import Page
from backend.schemas.enrolling import runs as wire
from backend.schemas.people import Person
from backend.services.actor import Actor
from backend.services.audiences import latest
from backend.services.change_kinds import KIND, SHARED_KIND
from backend.services.conditions import Conditions
from backend.services.errors import Invalid
from backend.services.paging import decode_cursor, page_of
from backend.services.reason_reading import ReasonReader, reader_of
from backend.services.run_rights import add_visible_in_session
from backend.services.runs import visible_run

# $1 run. Of what many share only the count is read.
_HOW_MANY = """
SELECT (SELECT count(*) FROM run_change WHERE run_id = $1)
    + (SELECT coalesce(sum(people), 0) FROM run_change_shared WHERE run_id = $1)
"""
# $1 run, $2 kind: what it did to each has to be looked at.
_HOW_MANY_OF = f"""
SELECT (SELECT count(*) FROM run_change c WHERE c.run_id = r.id AND {KIND} = $2)
    + (SELECT coalesce(sum(c.people), 0) FROM run_change_shared c WHERE c.run_id = r.id AND {SHARED_KIND} = $2)
FROM run r WHERE r.id = $1
"""
# $1 run, $2 kind or null, $3, $4 the person and change of the last one shown, $5 how many. Of what many share the first row may
# hold one person who is still to be shown; with those after it so many rows are read as hold enough.
_CHANGES = f"""
SELECT c.*, {KIND} AS kind, l.email, l.first_name, l.last_name FROM run r CROSS JOIN LATERAL (
    (SELECT run_id, learner_id, change, before, after, reason FROM run_change c
     WHERE c.run_id = r.id AND ($2::text IS NULL OR {KIND} = $2) AND (learner_id, change) > ($3, $4)
     ORDER BY learner_id, change LIMIT $5)
    UNION ALL
    (SELECT s.run_id, p.id, s.change, s.before, s.after, s.reason FROM (
         SELECT *, sum(people) OVER earlier - first_value(people) OVER earlier AS before_it
         FROM run_change_shared c WHERE c.run_id = r.id AND ($2::text IS NULL OR {SHARED_KIND} = $2) AND last_id >= $3
         WINDOW earlier AS (ORDER BY first_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) s
     CROSS JOIN LATERAL unnest(s.learners) AS p(id)
     WHERE coalesce(s.before_it, 0) < $5 AND (p.id, s.change) > ($3, $4) ORDER BY p.id, s.change LIMIT $5)
) c JOIN learner l ON l.id = c.learner_id
WHERE r.id = $1
ORDER BY c.learner_id, c.change LIMIT $5
"""
# Who is searched for by name, or may be seen, is looked for among everybody of the run.
_SEARCHED = "run r JOIN each_run_change c ON c.run_id = r.id JOIN learner l ON l.id = c.learner_id"


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
        rows = await fetch(_CHANGES, run_id, query.change, *(last or (0, "")), query.limit + 1)
    index, reader = await latest(follower), await reader_of(actor)
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
        raise Invalid.at("cursor", "cursor", "This cursor is not one that this list gave.")
    return last


async def _how_many(run_id: int, change: wire.ChangeKind | None, conditions: Conditions | None) -> int:
    total: int
    if conditions is not None:
        sql = f"SELECT count(*) FROM {_SEARCHED} WHERE {conditions.sql}"
        total = await fetch_value(sql, *conditions.values)
    elif change is None:
        total = await fetch_value(_HOW_MANY, run_id)
    else:
        total = await fetch_value(_HOW_MANY_OF, run_id, change)
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
    most = conditions.value(limit + 1)
    return await fetch(
        f"SELECT c.*, {KIND} AS kind, l.email, l.first_name, l.last_name FROM {_SEARCHED} WHERE {conditions.sql}"
        f" ORDER BY {order} LIMIT {most}",
        *conditions.values,
    )


def _shown(row: Record, index: FacetIndex, reader: ReasonReader, method_id: int | None) -> wire.RunChange:
    reason = reader.tell(index, row["reason"], method_id=method_id, learner_id=row["learner_id"])
    if row["change"] == "blocked":
        reason = reader.elsewhere(index, (row["after"] or {}).get("session_id"))
    return wire.RunChange(
        learner=Person(
            id=row["learner_id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
        ),
        change=row["kind"],
        before=_open(row["before"], index, reader),
        after=_open(row["after"], index, reader),
        reason=reason,
    )


def _open(snapshot: dict[str, Any] | None, index: FacetIndex, reader: ReasonReader) -> dict[str, Any] | None:
    """What was so, without the other session where the reader may not see who is in it."""
    other = (snapshot or {}).get("session_id")
    if snapshot is None or other is None or reader.sight.views(other, index.structure):
        return snapshot
    return {**snapshot, "session_id": None}
