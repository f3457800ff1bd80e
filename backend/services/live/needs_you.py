"""What waits for somebody to decide: how many things of each kind, and which. To each what is theirs to decide.

A further kind is a name in `NeedKind` and a line in `KINDS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from itertools import groupby
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.database.stored_json import stored_object
from backend.enrollment.state_causes import state_sentence
from backend.index import FacetIndex, Follower
from backend.index.facts.values import union
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.live.needs_you import Need, NeedKind
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import loaded_index
from backend.services.audiences.reason_reader import ReasonReader
from backend.services.audiences.rule_pins import MORE, MUST_BE_IN, MUST_BE_OUT
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.drafts.inner_activities import INNER, inside_of
from backend.services.enrollment.lists.jumps import open_jumps
from backend.services.enrollment.rights.deciders import MethodRights
from backend.services.errors import NotFound
from backend.services.live import statements
from backend.services.people.learner_lists import visible_among
from backend.text import full_name
from backend.words import Message, joined

# What one page shows, and what is counted at most.
MOST = 1_000


async def counts(actor: Actor, follower: Follower) -> dict[NeedKind, int]:
    """How many things of each kind wait for the actor."""
    return await counts_in(actor, await loaded_index(follower))


async def counts_in(actor: Actor, index: FacetIndex) -> dict[NeedKind, int]:
    """The same, at the index's position."""
    asked = MethodRights(actor, index, await reading_scope(actor))
    return {kind: len(await found(asked)) for kind, found in KINDS.items()}


async def list_needs(actor: Actor, follower: Follower, kind: str) -> Page[Need]:
    """The things of one kind, the oldest first. Raises `NotFound` for a kind that there is not."""
    found = next((one for name, one in KINDS.items() if name == kind), None)
    if found is None:
        raise NotFound(Message("Nothing of the kind “{kind}” ever waits for you.", kind=kind))
    index = await loaded_index(follower)
    items = await found(MethodRights(actor, index, await reading_scope(actor)))
    return Page(items=items, total=len(items))


# ── kinds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _held_removals(asked: MethodRights) -> list[Need]:
    return await _held(asked, "held_removals", "left")


async def _held_entries(asked: MethodRights) -> list[Need]:
    return await _held(asked, "held_entries", "entered")


async def _held(asked: MethodRights, kind: NeedKind, change: str) -> list[Need]:
    rows = await fetch(statements.HELD_RUNS, change, MOST)
    return [
        Need(
            kind=kind,
            **_method(row),
            run_id=row["run_id"],
            people=row["people"],
            since=row["since"],
        )
        for row in rows
        if await asked.decides(row["session_id"], row)
    ]


async def _frozen(asked: MethodRights) -> list[Need]:
    found = []
    for row in await fetch(statements.FROZEN_METHODS, MOST):
        if await asked.decides(row["session_id"], row):
            # What exactly is wrong with a rule may be named to admins alone.
            details = stored_object(row["state_details"]) if asked.actor.is_admin else None
            found.append(
                Need(
                    kind="frozen",
                    **_method(row),
                    people=asked.index.source_holders(row["id"]).intersection_cardinality(
                        asked.index.countable
                    ),
                    why=state_sentence(row["state_cause"], details, asked.actor.reads),
                )
            )
    return found


async def _broken_pins(asked: MethodRights) -> list[Need]:
    """Methods and segments that do not hold people as is expected of them: of those whom the reader sees, with what that came from."""
    reader = ReasonReader(asked.actor.reads, asked.sight)
    found = []
    rows = await fetch(statements.BROKEN_METHOD_PINS, MOST)
    seen = await visible_among(asked.actor, sorted({row["learner_id"] for row in rows}))
    for _, some in groupby(rows, lambda row: row["id"]):
        pins = [row for row in some if row["learner_id"] in seen]
        if pins and await asked.decides(pins[0]["session_id"], pins[0]):
            method_id = pins[0]["id"]
            why = _why_broken(asked, reader, pins, method_id)
            found.append(Need(kind="broken_pins", **_method(pins[0]), **why))
    if asked.actor.is_admin:
        rows = await fetch(statements.BROKEN_SEGMENT_PINS, MOST)
        for segment_id, some in groupby(rows, lambda row: row["segment_id"]):
            pins = list(some)
            why = _why_broken(asked, reader, pins, None)
            found.append(Need(kind="broken_pins", segment_id=segment_id, name=pins[0]["name"], **why))
    return found


# So many are named in a line; the rest are counted.
PINS_NAMED = 3
_BECAUSE = Message("{what}: {why}")


def _why_broken(
    asked: MethodRights, reader: ReasonReader, pins: list[Record], method_id: int | None
) -> dict[str, Any]:
    said = []
    for row in pins[:PINS_NAMED]:
        name = full_name(row["first_name"], row["last_name"], row["email"])
        expected = (MUST_BE_IN if row["expected"] == "in" else MUST_BE_OUT).fill(name=name)
        told = reader.tell(asked.index, row["broken_by"], method_id=method_id, learner_id=row["learner_id"])
        said.append(expected if told is None else _BECAUSE.fill(what=expected, why=told.sentence))
    if len(pins) > PINS_NAMED:
        said.append(MORE.fill(count=len(pins) - PINS_NAMED))
    return {
        "people": len(pins),
        "since": min(row["broken_since"] for row in pins),
        "why": joined("; ", said).render(asked.actor.reads),
    }


async def _blocked(asked: MethodRights) -> list[Need]:
    """Sessions that some people wait for: a line a session, for the whole of it is looked at in one place."""
    index, now = asked.index, clock.now()
    waiting: dict[int, list[int]] = {}
    for method_id in index.methods_with_blocked():
        method = index.methods.get(method_id)
        if method is not None:
            waiting.setdefault(method.session_id, []).append(method_id)
    found = []
    for session_id, methods in sorted(waiting.items()):
        session = index.sessions.get(session_id)
        if session is None or not asked.sight.views(session_id, index):
            continue
        people = union([index.blocked_people(one) for one in methods])
        count = people.intersection_cardinality(index.countable)
        if not count or (session.ends_at is not None and session.ends_at <= now):
            continue
        activity = index.activities.get(session.activity_id)
        found.append(
            Need(
                kind="blocked",
                session_id=session_id,
                session_name=session.name,
                activity_title=None if activity is None else activity.title,
                people=count,
            )
        )
        if len(found) == MOST:
            break
    return found


async def _needs_session(asked: MethodRights) -> list[Need]:
    """Sessions whose people wait for a session of a path or program inside: a line a session."""
    index, now = asked.index, clock.now()
    outer = {step.activity_id for step in index.steps.values() if step.kind in INNER}
    found: list[Need] = []
    for activity_id in sorted(outer):
        for session_id in sorted(index.sessions_of(activity_id)):
            session = index.sessions[session_id]
            if not asked.sight.views(session_id, index):
                continue
            if session.ends_at is not None and session.ends_at <= now:
                continue
            waiting = union([one.waiting for one in inside_of(index, session_id, now) if one.waiting])
            if not waiting or len(found) == MOST:
                continue
            found.append(
                Need(
                    kind="needs_session",
                    session_id=session_id,
                    session_name=session.name,
                    activity_title=index.name_of("activity", activity_id),
                    people=len(waiting),
                )
            )
    return found


async def _jumps(asked: MethodRights) -> list[Need]:
    """Audiences that have changed by more than is usual for them, until somebody says that it is right."""
    return [
        Need(
            kind="jumps",
            **(_method(row) if row["id"] is not None else {}),
            jump_id=row["jump_id"],
            segment_id=row["jump_segment_id"],
            name=row["segment_name"],
            people=abs(row["jump_net"]),
            since=row["jump_at"],
            why=sentence,
        )
        for row, sentence in await open_jumps(asked, MOST)
    ]


async def _imports(asked: MethodRights) -> list[Need]:
    if not asked.actor.is_admin:
        return []
    return [
        Need(
            kind="imports",
            import_id=row["id"],
            name=row["filename"],
            people=row["rows"],
            since=row["created_at"],
        )
        for row in await fetch(statements.WAITING_IMPORTS, MOST)
    ]


async def _proposals(asked: MethodRights) -> list[Need]:
    """To platform admins, and to who was told because they may do all of it."""
    actor = asked.actor
    return [
        Need(
            kind="proposals",
            proposal_id=row["id"],
            session_id=row["session_id"],
            session_name=row["session_name"],
            activity_title=row["activity_title"],
            name=row["by_name"],
            since=row["at"],
        )
        for row in await fetch(statements.OPEN_PROPOSALS, MOST, None if actor.is_admin else actor.id)
        if asked.sight.views(row["session_id"], asked.index)
    ]


def _method(row: Record) -> dict[str, Any]:
    return {
        "session_id": row["session_id"],
        "session_name": row["session_name"],
        "activity_title": row["activity_title"],
        "method_id": row["id"],
        "method_name": row["name"],
    }


_Found = Callable[[MethodRights], Awaitable[list[Need]]]
KINDS: Mapping[NeedKind, _Found] = {
    "held_removals": _held_removals,
    "held_entries": _held_entries,
    "frozen": _frozen,
    "broken_pins": _broken_pins,
    "jumps": _jumps,
    "blocked": _blocked,
    "needs_session": _needs_session,
    "imports": _imports,
    "proposals": _proposals,
}
