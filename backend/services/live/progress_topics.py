"""Methods, runs and imports as a socket follows them: the right to it, and how the state comes about."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from asyncpg import Record

from backend.database import fetch_row
from backend.enrollment.state_causes import shown_details, state_sentence
from backend.index import BrokenRule, FacetIndex
from backend.index.steps import Steps
from backend.live.topics import Ended, Subject
from backend.rules import Facet
from backend.runtime import clock
from backend.schemas.live.frames import FrameProblem, ImportProgress, MethodState, RunProgress
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.method_visibility import sealed_methods
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.rights.sealed_to_managers import sealed_to_managers
from backend.services.enrollment.runs.run_rights import require_run_seen
from backend.services.errors import Forbidden, MusterError, NotFound
from backend.services.live import statements
from backend.words import Message, spoken_language
from backend.words.nouns import has_been_deleted, there_is_no
from backend.words.stored import failure_told

# Progress is written outside the change log; it is read this often while there is some, and seldom afterwards.
WORKING_SECONDS = 0.4
RESTING_SECONDS = 5.0
WORKING = frozenset({"applying", "held", "reading", "ready"})


def problem_of(error: MusterError) -> FrameProblem:
    """The error as a frame carries it."""
    return FrameProblem(
        type=error.type, title=error.title, status=error.status, detail=error.detail, errors=error.errors
    )


def _pace(state: Any) -> float:
    return WORKING_SECONDS if getattr(state, "state", None) in WORKING else RESTING_SECONDS


async def _row(sql: str, id_: int, name: str) -> Record:
    row = await fetch_row(sql, id_)
    if row is None:
        raise NotFound(there_is_no(name, id_))
    return row


async def _for_enrolling(actor: Actor, session_id: int, missing: Message) -> None:
    """Raises `NotFound` for those who may not enroll there: that it exists is not theirs to know."""
    try:
        await session_for(actor, session_id, "enroll")
    except (NotFound, Forbidden):
        raise NotFound(missing) from None


async def run_subject(actor: Actor, run_id: int) -> Subject:
    """A run, for those who may ask for it. Raises `NotFound`, whether it is missing or not theirs."""
    row = await _row(statements.RUN_PROGRESS, run_id, "run")
    await require_run_seen(actor, run_id, row["session_id"], row["actor_id"])
    # Which method it is of would tell whom a sealed one enrolled.
    sealed = bool(await sealed_methods(await reading_scope(actor), [row["method_id"] or 0]))

    async def load(_: FacetIndex) -> msgspec.Struct:
        row = await fetch_row(statements.RUN_PROGRESS, run_id)
        if row is None:
            raise Ended(problem_of(NotFound(has_been_deleted("run"))))
        state = RunProgress(**{field: row[field] for field in RunProgress.__struct_fields__})
        return msgspec.structs.replace(state, method_id=None) if sealed else state

    return Subject(key=("run", run_id, sealed), kind="run", load=load, every=_pace)


def _read_import(import_id: int, language: str) -> Callable[[FacetIndex], Awaitable[msgspec.Struct]]:
    async def load(_: FacetIndex) -> msgspec.Struct:
        row = await fetch_row(statements.IMPORT_PROGRESS, import_id)
        if row is None:
            raise Ended(problem_of(NotFound(has_been_deleted("import"))))
        values = {field: row[field] for field in ImportProgress.__struct_fields__}
        return ImportProgress(**values | {"error": failure_told(row["error"], row["detail"], language)})

    return load


async def import_subject(actor: Actor, import_id: int) -> Subject:
    """An import, for platform admins: to others there is none. Raises `NotFound`."""
    if not actor.is_admin:
        raise NotFound(there_is_no("import", import_id))
    await _row(statements.IMPORT_PROGRESS, import_id, "import")
    return Subject(
        key=("import", import_id, spoken_language(actor.reads)),
        kind="import",
        load=_read_import(import_id, actor.reads),
        every=_pace,
    )


async def method_subject(actor: Actor, index: FacetIndex, method_id: int) -> Subject:
    """A method, for those who may enroll in its session. Raises `NotFound`, whether it is missing or not theirs."""
    method = index.methods.get(method_id)
    if method is None:
        raise NotFound(there_is_no("method", method_id))
    await _for_enrolling(actor, method.session_id, there_is_no("method", method_id))
    sight = await reading_scope(actor)
    unread = bool(await sealed_to_managers(actor, index, [method_id]))

    def state_steps(index: FacetIndex) -> Steps[MethodState]:
        method = index.methods.get(method_id)
        if method is None:
            raise Ended(problem_of(NotFound(has_been_deleted("method"))))
        matching = None
        sealed = unread or sight.seals_index_method(method, index)
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
            state_details=None if sealed else shown_details(method.state_details, actor.reads),
            active=method.active,
            version=method.version,
            people=len(index.sources(method_id) & index.countable),
            blocked=len(index.blocked_for(method_id) & index.countable),
            matching=matching,
        )

    def facets(index: FacetIndex) -> Steps[frozenset[Facet]]:
        found = frozenset({Facet("status"), Facet("source", method_id), Facet("blocked", method_id)})
        method = index.methods.get(method_id)
        if method is None or method.rule is None:
            return found
        return found | (yield from index.facets_steps(method.rule))

    return Subject(
        key=("method", method_id, sight, unread, actor.reads),
        kind="method",
        steps=state_steps,
        facets=facets,
        structure=frozenset({"enrollment_method"}),
        daily=method.rule is not None and index.depends_on_time(method.rule),
    )
