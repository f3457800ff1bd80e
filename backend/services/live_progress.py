"""Methods, runs and imports as a socket follows them: the right to it, and how the state comes about."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import fetch_row
from backend.enrollment.state_causes import state_sentence
from backend.index import BrokenRule, FacetIndex
from backend.index.steps import Steps
from backend.live.topics import Ended, Subject
from backend.rules import Facet
from backend.schemas.live import FrameProblem, ImportProgress, MethodState, RunProgress
from backend.services.actor import Actor
from backend.services.errors import Forbidden, MusterError, NotFound
from backend.services.method_seals import sealed_methods
from backend.services.rights import session_for
from backend.services.sealing import reading_sight

# Progress is written outside the change log; it is read this often while there is some, and seldom afterwards.
WORKING_SECONDS = 0.4
RESTING_SECONDS = 5.0
WORKING = frozenset({"applying", "held", "reading", "ready"})

_RUN = """
SELECT id, method_id, session_id, state, entered, left_count AS "left", gaining, losing, completed_stay, blocked, total, done, finished_at,
       CASE WHEN total > 0 THEN least(done::float8 / total, 1) WHEN state = 'applying' THEN 0 ELSE 1 END AS progress
FROM run WHERE id = $1
"""
_IMPORT = """
SELECT id, kind, state, rows, valid, errors, progress, error, finished_at, created_by FROM import_job WHERE id = $1
"""


def problem_of(error: MusterError) -> FrameProblem:
    """The error as a frame carries it."""
    return FrameProblem(
        type=error.type, title=error.title, status=error.status, detail=error.detail, errors=error.errors
    )


def _pace(state: Any) -> float:
    return WORKING_SECONDS if getattr(state, "state", None) in WORKING else RESTING_SECONDS


def _read(
    sql: str, id_: int, kind: type[msgspec.Struct], name: str
) -> Callable[[FacetIndex], Awaitable[msgspec.Struct]]:
    async def load(_: FacetIndex) -> msgspec.Struct:
        row = await fetch_row(sql, id_)
        if row is None:
            raise Ended(problem_of(NotFound(f"This {name} has been deleted.")))
        return kind(**{field: row[field] for field in kind.__struct_fields__})

    return load


async def _row(sql: str, id_: int, name: str) -> Record:
    row = await fetch_row(sql, id_)
    if row is None:
        raise NotFound(f"There is no {name} {id_}.")
    return row


async def _for_viewers(actor: Actor, session_id: int | None, missing: str) -> None:
    """Raises `NotFound` for those who may not see who is enrolled there: that it exists is not theirs to know."""
    if session_id is None:
        if not actor.is_admin:
            raise NotFound(missing)
        return
    try:
        await session_for(actor, session_id, "view")
    except (NotFound, Forbidden):
        raise NotFound(missing) from None


async def run_subject(actor: Actor, run_id: int) -> Subject:
    """A run, for those who may see its session. Raises `NotFound`, whether it is missing or not theirs."""
    row = await _row(_RUN, run_id, "run")
    await _for_viewers(actor, row["session_id"], f"There is no run {run_id}.")
    # Which method it is of would tell whom a sealed one enrolled.
    sealed = bool(await sealed_methods(await reading_sight(actor), [row["method_id"] or 0]))
    read = _read(_RUN, run_id, RunProgress, "run")

    async def load(index: FacetIndex) -> msgspec.Struct:
        state = await read(index)
        return msgspec.structs.replace(state, method_id=None) if sealed else state

    return Subject(key=("run", run_id, sealed), kind="run", load=load, every=_pace)


async def import_subject(actor: Actor, import_id: int) -> Subject:
    """An import, for platform admins and whoever began it. Raises `NotFound`."""
    row = await _row(_IMPORT, import_id, "import")
    if not actor.is_admin and row["created_by"] != actor.id:
        raise NotFound(f"There is no import {import_id}.")
    return Subject(
        key=("import", import_id),
        kind="import",
        load=_read(_IMPORT, import_id, ImportProgress, "import"),
        every=_pace,
    )


async def method_subject(actor: Actor, index: FacetIndex, method_id: int) -> Subject:
    """A method, for those who may see its session. Raises `NotFound`, whether it is missing or not theirs."""
    method = index.structure.methods.get(method_id)
    if method is None:
        raise NotFound(f"There is no method {method_id}.")
    await _for_viewers(actor, method.session_id, f"There is no method {method_id}.")
    sight = await reading_sight(actor)

    def state_steps(index: FacetIndex) -> Steps[MethodState]:
        method = index.structure.methods.get(method_id)
        if method is None:
            raise Ended(problem_of(NotFound("This method has been deleted.")))
        matching = None
        sealed = sight.seals_index_method(method, index.structure)
        if method.rule is not None and not sealed:
            try:
                rule, today = sight.opened(method.rule, index), clock.today(index.timezone)
                matching = len((yield from index.evaluate_steps(rule, today)))
            except BrokenRule:
                matching = None
        return MethodState(
            id=method.id,
            session_id=method.session_id,
            state=method.state,
            state_reason=""
            if sealed
            else state_sentence(method.state_cause, method.state_details, actor.reads),
            state_cause=None if sealed else method.state_cause,
            state_details=None if sealed else method.state_details,
            active=method.active,
            version=method.version,
            people=len(index.sources(method_id) & index.countable),
            blocked=len(index.blocked_for(method_id) & index.countable),
            matching=matching,
        )

    def facets(index: FacetIndex) -> frozenset[Facet]:
        found = {Facet("status"), Facet("source", method_id), Facet("blocked", method_id)}
        method = index.structure.methods.get(method_id)
        return frozenset(
            found if method is None or method.rule is None else found | index.facets(method.rule)
        )

    return Subject(
        key=("method", method_id, sight, actor.reads),
        kind="method",
        steps=state_steps,
        facets=facets,
        structure=frozenset({"enrollment_method"}),
        daily=method.rule is not None and index.depends_on_time(method.rule),
    )
