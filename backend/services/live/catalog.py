"""A learner's catalog: what they have and why, what they may take, what they nearly may, what they had."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record
from msgspec.structs import replace

from backend.database import fetch
from backend.enrollment.method_kinds import METHOD_KINDS, ReasonNames
from backend.enrollment.method_kinds.self_enrollment import takes_people
from backend.index import FacetIndex, Follower
from backend.index.time_slices import TimeSlice
from backend.rules import InvalidRule, convert, describe_parts_steps
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.live import catalog as wire
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import containing_groups, joined_groups, led_groups
from backend.services.audiences.enrollment_reasons import what_holds, why_enrolled
from backend.services.audiences.index_access import loaded_index
from backend.services.enrollment.lists.enrollment_answers import is_overdue, progress_of
from backend.services.enrollment.methods.method_sentences import sentence_steps
from backend.services.enrollment.self_enrollment import waiting_list
from backend.services.live import statements
from backend.services.live.catalog_explanations import OwnReasons

# A catalog is looked through by a person; beyond this a search is the better tool.
MOST_ITEMS = 1_000


class CatalogReader(msgspec.Struct, frozen=True):
    """Who reads, and which groups keep their names from them."""

    language: str
    sealed: frozenset[int]
    index: FacetIndex
    now: datetime
    own: OwnReasons
    time_slice: TimeSlice


async def catalog_of(actor: Actor, follower: Follower) -> Page[wire.CatalogItem]:
    """The actor's own catalog."""
    index = await loaded_index(follower)
    now = clock.now()
    day = clock.day_of(now, index.timezone)
    own = OwnReasons(index, actor.id, day)
    reader = CatalogReader(actor.reads, await _sealed(actor, index), index, now, own, TimeSlice())
    mine = await fetch(statements.OWN_ENROLLMENTS, actor.id, MOST_ITEMS)
    groups = list(await containing_groups(actor))
    offered = [
        row
        for row in _not_taken(
            await fetch(statements.OFFERED_SESSIONS, groups, now, MOST_ITEMS, actor.id), mine
        )
        # What leaves them out is no offer.
        if actor.id not in index.excluded(row["session_id"], day)
    ]
    steps = await _steps(actor.id, {row["activity_id"] for row in (*mine, *offered)})
    holding = await what_holds([actor.id], [None])
    why = await _why(reader, holding)
    ways = await _ways([row["session_id"] for row in offered])
    offers = await _offers(reader, offered)
    kinds = _kinds(holding)
    found = [_own_item(reader, row, steps, why, kinds[row["session_id"]]) for row in mine]
    for row in offered:
        offer = offers.get(row["session_id"])
        if (item := await _offered_item(reader, row, steps, ways[row["session_id"]], offer)) is not None:
            found.append(item)
    queues = await waiting_list.waiting_in([item.session.id for item in found if item.session is not None])
    items = [
        replace(item, queue=queues.get(item.session.id, 0)) if item.session is not None else item
        for item in found
    ]
    return Page(items=items[:MOST_ITEMS], total=len(items[:MOST_ITEMS]))


async def _sealed(actor: Actor, index: FacetIndex) -> frozenset[int]:
    """Private groups the actor is neither in nor leads."""
    private = frozenset(group.id for group in index.groups.values() if group.private)
    return private - await joined_groups(actor) - await led_groups(actor) if private else private


def _not_taken(offered: Iterable[Record], mine: Iterable[Record]) -> list[Record]:
    """Without sessions the learner is in, and those of activities that allow only the one they are in."""
    live = [row for row in mine if row["state"] != "expired"]
    sessions = {row["session_id"] for row in live}
    activities = {row["activity_id"] for row in live if row["exclusive"]}
    return [
        row for row in offered if row["session_id"] not in sessions and row["activity_id"] not in activities
    ]


async def _steps(learner_id: int, activity_ids: set[int]) -> dict[int, list[wire.CatalogStep]]:
    found: dict[int, list[wire.CatalogStep]] = defaultdict(list)
    for row in await fetch(statements.CATALOG_STEPS, sorted(activity_ids), learner_id):
        found[row["activity_id"]].append(
            wire.CatalogStep(
                id=row["id"],
                kind=row["kind"],
                activity_id=row["child_activity_id"],
                title=row["title"],
                mandatory=row["mandatory"],
                needs_session=row["needs_session"],
            )
        )
    return found


def _kinds(holding: Iterable[Record]) -> dict[int, list[str]]:
    """By which kinds of method the reader is enrolled, by session."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in holding:
        found[row["session_id"]].append(row["kind"])
    return found


async def _why(reader: CatalogReader, holding: Iterable[Record]) -> dict[int, list[wire.Why]]:
    found: dict[int, list[wire.Why]] = defaultdict(list)
    for row in holding:
        shown = row["visible"]
        sentence = await _sentence(reader, row) if shown else ""
        reason = why_enrolled(row, sentence, reader.language).render(reader.language)
        found[row["session_id"]].append(
            wire.Why(
                kind=row["kind"] if shown else None,
                method_id=row["id"] if shown else None,
                name=row["name"] if shown else "",
                sentence=sentence or reason,
                reason=reason,
                since=row["since"],
            )
        )
    return found


async def _sentence(reader: CatalogReader, row: Record) -> str:
    return await reader.index.sliced(
        lambda: sentence_steps(
            row, reader.index, reader.language, reader.sealed, reader.own.covering, discreet=True
        ),
        reader.time_slice,
    )


async def _offers(reader: CatalogReader, offered: Iterable[Record]) -> dict[int, str]:
    """Of sessions that are offered to an audience, why the reader is among it, in words."""
    sessions = [row["session_id"] for row in offered if row["is_offered"]]
    found = {}
    for row in await fetch(statements.OFFERS, sessions) if sessions else []:
        # A rule that cannot be evaluated says nothing of anybody.
        among = await _sentence(reader, row) if row["state"] == "live" else ""
        names = ReasonNames(method="", by="", group="", is_private=False, after="", among=among)
        found[row["session_id"]] = METHOD_KINDS["catalog"].reason(names).render(reader.language)
    return found


async def _ways(session_ids: list[int]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in await fetch(statements.WAYS_IN, session_ids):
        found[row["session_id"]].append(row)
    return found


def _own_item(
    reader: CatalogReader,
    row: Record,
    steps: dict[int, list[wire.CatalogStep]],
    why: dict[int, list[wire.Why]],
    kinds: list[str],
) -> wire.CatalogItem:
    over = row["state"] == "expired" or (row["ends_at"] is not None and row["ends_at"] <= reader.now)
    return wire.CatalogItem(
        **_head(row, steps),
        section="ended" if over else "mine",
        enrollment_id=row["id"],
        state=row["state"],
        progress=progress_of(row),
        due_at=row["due_at"],
        overdue=not over and is_overdue(row["state"], row["due_at"], reader.now),
        mandatory=row["mandatory"],
        since=row["since"],
        until=row["until"],
        why=why.get(row["session_id"], []),
        can_self_enroll=False,
        needs_key=False,
        can_leave=not over and "self" in kinds and row["state"] != "completed",
        stays=any(kind != "self" for kind in kinds),
    )


async def _offered_item(
    reader: CatalogReader,
    row: Record,
    steps: dict[int, list[wire.CatalogStep]],
    ways: list[Record],
    offered: str | None,
) -> wire.CatalogItem | None:
    """Nothing where the learner can neither enroll themselves nor earn it: what one cannot act on is no offer.

    What is offered to an audience is shown to it all the same: who else may enroll them, they are told to ask.
    """
    open_ways = [way for way in ways if _lets_in(way, reader.now)]
    missing = None
    if not open_ways:
        for way in ways:
            missing = await _to_earn(reader, way)
            if missing:
                break
        if not missing and offered is None and row["waiting"] is None:
            return None
    return wire.CatalogItem(
        **_head(row, steps),
        section="almost" if missing else "open",
        enrollment_id=None,
        state=None,
        progress=0.0,
        due_at=None,
        overdue=False,
        mandatory=False,
        since=None,
        until=None,
        why=[],
        can_self_enroll=bool(open_ways),
        needs_key=bool(open_ways) and not any(way["open"] for way in open_ways),
        waiting=row["waiting"],
        places=_places(reader.index, row["session_id"], open_ways),
        can_leave=row["waiting"] is not None,
        offered=offered,
        missing=missing,
    )


def _places(index: FacetIndex, session_id: int, ways: Iterable[Record]) -> int | None:
    """How many can still join by one of the ways; None: as many as like."""
    session = index.sessions.get(session_id)
    limits = [
        None if way["capacity"] is None else max(0, way["capacity"] - len(index.source_holders(way["id"])))
        for way in ways
    ]
    by_method = None if None in limits or not limits else max(one for one in limits if one is not None)
    if session is None or session.capacity is None or not limits:
        return by_method
    by_session = max(0, session.capacity - len(index.live_enrollments(session_id)))
    return by_session if by_method is None else min(by_method, by_session)


def _lets_in(way: Record, now: datetime) -> bool:
    """Whether one may enroll oneself that way, by a key or without."""
    if way["kind"] != "self" or way["state"] != "live":
        return False
    return bool(way["open"] or way["key"]) and takes_people(way["opens_at"], way["closes_at"], now)


async def _to_earn(reader: CatalogReader, way: Record) -> str | None:
    """What the learner has yet to complete for a live audience to enroll them, in words."""
    if METHOD_KINDS[way["kind"]].by_name or way["state"] != "live":
        return None
    try:
        part = reader.own.attainable(convert(way["rule"]))
    except InvalidRule:
        return None
    if not part:
        return None
    parts = await reader.index.sliced(
        lambda: describe_parts_steps(
            part, reader.index, reader.language, sealed=reader.sealed, discreet=True
        ),
        reader.time_slice,
    )
    return "".join(one.text for one in parts)


def _head(row: Record, steps: dict[int, list[wire.CatalogStep]]) -> dict[str, Any]:
    return {
        "activity": wire.CatalogActivity(
            id=row["activity_id"],
            kind=row["kind"],
            title=row["title"],
            description=row["description"],
            steps=steps.get(row["activity_id"], []),
        ),
        "session": wire.CatalogSession(
            id=row["session_id"], name=row["session_name"], starts_at=row["starts_at"], ends_at=row["ends_at"]
        ),
    }
