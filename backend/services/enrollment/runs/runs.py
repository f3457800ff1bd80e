"""Runs: what was done to whom, by whom and why, as those see it who may enroll there."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from msgspec import Struct

from backend.database import fetch, fetch_row, fetch_value
from backend.database.stored_json import stored_as
from backend.index import FacetIndex, Follower
from backend.schemas.base import Page
from backend.schemas.enrollment import RunState
from backend.schemas.enrollment import runs as wire
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups, team_groups
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.audiences.method_visibility import sealed_methods
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.runs import run_statements
from backend.services.enrollment.runs.act_sentences import acts_as_seen, acts_seen, left_facts
from backend.services.enrollment.runs.run_rights import (
    require_run_seen,
    undoable,
    visible_in_session,
)
from backend.services.errors import NotFound
from backend.services.paging import decode_cursor, page_of
from backend.services.people.learner_lists import visible_among
from backend.services.people.person_names import people
from backend.services.statements import count_rows, page_of_rows
from backend.services.where_clauses import Conditions
from backend.words.nouns import there_is_no

# Who was left alone by an undo is listed by name up to this many; the run keeps more.
MOST_NAMED = 100
LARGEST_RUN_ID = 2**63 - 1

_SEARCHED = (
    "coalesce(m.name, '')", "coalesce(s.name, '')", "coalesce(a.title, '')",
    "coalesce(l.first_name, '')", "coalesce(l.last_name, '')", "coalesce(l.email, '')",
)  # fmt: skip
# Others do not search for what they may not read: who did it, and what a sealed method is called.
_SEARCHED_BY_ALL = ("coalesce(s.name, '')", "coalesce(a.title, '')")


class _KeptByUndo(Struct, frozen=True):
    """Whom an undo left alone with why, and those beyond the rights of whoever undid, as its run keeps them."""

    left_alone: list[tuple[int, str]] = []
    beyond: list[tuple[int, str]] = []
    left_alone_total: int = 0
    beyond_total: int = 0


class RunQuery(Struct, frozen=True):
    """What the list of runs is asked for."""

    session_id: int | None = None
    method_id: int | None = None
    state: RunState | None = None
    q: str | None = None
    limit: int = 100
    cursor: str | None = None
    # What followed from this act; 0: what followed from none that the reader sees.
    caused_by: int | None = None


async def list_runs(actor: Actor, follower: Follower, query: RunQuery) -> Page[wire.Run]:
    """Runs of the sessions one may enroll in, the latest first."""
    conditions = Conditions()
    if query.session_id is not None:
        await session_for(actor, query.session_id, "enroll")
        conditions.add("r.session_id = {}", query.session_id)
    if not actor.is_admin:
        # Of sessions where they enroll their team managers see what they did themselves.
        conditions.add(
            "s.group_id = ANY({}::integer[]) OR s.id = ANY({}::integer[]) OR (r.actor_id = {} AND s.catalog IN ('group', 'everyone')"
            " AND s.group_id = ANY({}::integer[])) OR (r.session_id IS NULL AND r.actor_id = {})",
            list(await led_groups(actor)),
            list(await instructed_sessions(actor)),
            actor.id,
            list(await team_groups(actor)),
            actor.id,
        )
    sight = await reading_scope(actor)
    if query.method_id is not None:
        if await sealed_methods(sight, [query.method_id]):
            # Which runs are a sealed method's would tell whom it enrolled.
            return Page(items=[], total=0)
        conditions.add("r.method_id = {}", query.method_id)
    if query.state is not None:
        conditions.add("r.state = {}", query.state)
    if query.caused_by is not None and not await _add_cause(actor, conditions, query.caused_by):
        return Page(items=[], total=0)
    conditions.add_search(query.q, *(_SEARCHED if actor.is_admin else _SEARCHED_BY_ALL))
    total = await fetch_value(count_rows(run_statements.RUNS, conditions.sql), *conditions.values)
    key = decode_cursor(query.cursor, tuple[int])
    if key is not None:
        conditions.add("r.id < {}", key[0])
    rows = await fetch(
        page_of_rows(
            run_statements.RUN_COLUMNS,
            run_statements.RUNS_WITH_FIGURES,
            conditions.sql,
            "r.id DESC",
            query.limit,
        ),
        *conditions.values,
    )
    sealed = await _sealed(actor, rows)
    seen = await _seen_actors(actor, rows)
    can_undo = await undoable(actor, await _asked_index(actor, follower), rows)
    told = await acts_as_seen(actor, rows)
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: wire.Run(
            **_fields(row, seen, sealed), **told[row["id"]], can_undo=row["id"] in can_undo
        ),
        key=lambda row: [row["id"]],
    )


async def _add_cause(actor: Actor, conditions: Conditions, caused_by: int) -> bool:
    """Only what followed from this act; whether it is one that the reader sees."""
    if caused_by:
        conditions.add("r.caused_by = {}", caused_by)
        return 0 < caused_by <= LARGEST_RUN_ID and bool(await acts_seen(actor, [caused_by]))
    if actor.is_admin:
        conditions.parts.append("r.caused_by IS NULL")
    else:
        conditions.add(
            "r.caused_by IS NULL OR NOT EXISTS (SELECT FROM run b WHERE b.id = r.caused_by AND b.actor_id = {})",
            actor.id,
        )
    return True


async def get_run(actor: Actor, follower: Follower, run_id: int) -> wire.RunDetail:
    """One run; of an undo with whom it left alone."""
    row = await visible_run(actor, run_id)
    return await run_as_seen(actor, await _asked_index(actor, follower), row)


async def _asked_index(actor: Actor, follower: Follower) -> FacetIndex | None:
    """What tells whose a run is to undo; an admin's it always is."""
    return None if actor.is_admin else await current_index(follower)


async def run_as_seen(actor: Actor, index: FacetIndex | None, row: Record) -> wire.RunDetail:
    """The run as the actor sees it; `index` is not asked about an admin's."""
    return wire.RunDetail(
        **await fields_as_seen(actor, index, row),
        **await left_alone_as_seen(actor, row["session_id"], row["detail"]),
    )


async def fields_as_seen(actor: Actor, index: FacetIndex | None, row: Record) -> dict[str, Any]:
    """The values of a `Run`, with whether it is the actor's to undo."""
    fields = _fields(row, await _seen_actors(actor, [row]), await _sealed(actor, [row]))
    fields |= (await acts_as_seen(actor, [row]))[row["id"]]
    return fields | {"can_undo": row["id"] in await undoable(actor, index, [row])}


async def visible_run(actor: Actor, run_id: int) -> Record:
    """The run with the names on it, or `NotFound`; for its session's staff, and managers who did it themselves."""
    row = await fetch_row(run_statements.RUN, run_id) if 0 < run_id <= LARGEST_RUN_ID else None
    if row is None:
        raise NotFound(there_is_no("run", run_id))
    await require_run_seen(actor, run_id, row["session_id"], row["actor_id"])
    return row


async def left_alone_as_seen(actor: Actor, session_id: int | None, detail: Any) -> dict[str, Any]:
    """Whom, and of an act what, an undo left alone, as far as the actor sees them; of any other run, nothing."""
    kept = stored_as(detail, _KeptByUndo, _KeptByUndo())
    alone = dict([*kept.left_alone, *kept.beyond][:MOST_NAMED])
    seen = await visible_in_session(actor, session_id, list(alone))
    named = [
        wire.LeftAlone(learner=person, reason=alone[person.id])
        for person in await people(list(alone))
        if person.id in seen
    ]
    facts = await left_facts(actor, detail)
    return {"left_alone_total": kept.left_alone_total + kept.beyond_total, "left_alone": named, **facts}


async def _seen_actors(actor: Actor, rows: Sequence[Record]) -> frozenset[int]:
    return await visible_among(actor, [row["actor_id"] for row in rows if row["actor_id"] is not None])


async def _sealed(actor: Actor, rows: Sequence[Record]) -> frozenset[int]:
    methods = {row["method_id"] for row in rows if row["method_id"] is not None}
    return await sealed_methods(await reading_scope(actor), methods)


def _figures(row: Record) -> dict[str, int]:
    """What the run did to people; of a held one, what it would do."""
    if row["state"] == "held":
        figures: dict[str, int] = row["figures"]
        return figures
    same = {name: row[name] for name in ("gaining", "losing", "completed_stay")}
    return {"entering": row["entered"], "leaving": row["left_count"], **same}


def _fields(row: Record, seen: frozenset[int], sealed: frozenset[int]) -> dict[str, Any]:
    """The values of a `Run`; who did it only where the reader may see them, and no `sealed` method."""
    by = None
    if row["actor_id"] in seen:
        by = Person(
            id=row["actor_id"],
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
        )
    plain = (
        "id", "method_id", "method_name", "method_kind", "session_id", "session_name", "activity_title", "cause", "state", "entered",
        "blocked", "total", "done", "position", "undo_of", "undone_by", "created_at", "finished_at",
    )  # fmt: skip
    progress = 1.0 if row["state"] != "applying" or not row["total"] else row["done"] / row["total"]
    hidden = dict.fromkeys(("method_id", "method_name", "method_kind")) if row["method_id"] in sealed else {}
    return (
        {name: row[name] for name in plain}
        | hidden
        | _figures(row)
        | {
            "actor": by,
            "left": row["left_count"],
            "progress": progress,
        }
    )
