"""A learner's catalog: what they have and why, what they may take, what they nearly may, what they had."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import fetch
from backend.index import FacetIndex, Follower
from backend.rules import InvalidRule, Rule, convert, describe
from backend.schemas.commons import Page
from backend.schemas.enrolling import catalog as wire
from backend.services.actor import Actor
from backend.services.audiences import loaded
from backend.services.enrollment_lists import is_overdue, progress_of
from backend.services.method_sentences import sentence_of, words_for
from backend.services.own_reasons import OwnReasons
from backend.services.reach import containing_groups, joined_groups, led_groups

# A catalog is looked through by a person; beyond this a search is the better tool.
MOST_ITEMS = 1_000

# Everything the learner is or was enrolled in, the latest first.
_MINE = """
SELECT e.id, e.session_id, e.activity_id, e.state, e.since, e.until, e.due_at, e.mandatory, e.exclusive,
       s.name AS session_name, s.starts_at, s.ends_at, a.kind, a.title, a.description,
       st.status AS standing, st.steps_done,
       (SELECT count(*) FROM step WHERE step.activity_id = e.activity_id) AS steps
FROM enrollment e
JOIN session s ON s.id = e.session_id
JOIN activity a ON a.id = e.activity_id
LEFT JOIN standing st ON st.activity_id = e.activity_id AND st.learner_id = e.learner_id
WHERE e.learner_id = $1 ORDER BY e.since DESC, e.id DESC LIMIT $2
"""
_WHY = """
SELECT s.session_id, s.since, m.* FROM source s JOIN enrollment_method m ON m.id = s.method_id
WHERE s.learner_id = $1 AND s.until IS NULL ORDER BY s.since, m.id
"""
# Sessions whose catalog the learner sees and that have not ended, with the ways into them.
_OFFERED = """
SELECT s.id AS session_id, s.activity_id, s.name AS session_name, s.starts_at, s.ends_at, a.kind, a.title, a.description,
       NOT a.several_sessions AS exclusive
FROM session s JOIN activity a ON a.id = s.activity_id
WHERE (s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY($1::integer[])))
  AND (s.ends_at IS NULL OR s.ends_at > $2)
ORDER BY a.title, s.starts_at, s.id LIMIT $3
"""
_WAYS = """
SELECT * FROM enrollment_method m
WHERE m.session_id = ANY($1::integer[]) AND m.active AND m.visible AND m.state <> 'draft' AND m.deleted_at IS NULL
ORDER BY m.id
"""
_STEPS = """
SELECT id, activity_id, kind, child_activity_id, title, mandatory FROM step
WHERE activity_id = ANY($1::integer[]) ORDER BY activity_id, position
"""


class Reader(msgspec.Struct, frozen=True):
    """Who reads, and which groups keep their names from them."""

    language: str
    sealed: frozenset[int]
    index: FacetIndex
    now: datetime
    own: OwnReasons


async def catalog_of(actor: Actor, follower: Follower) -> Page[wire.CatalogItem]:
    """The actor's own catalog."""
    index = await loaded(follower)
    now = clock.now()
    own = OwnReasons(index, actor.id, clock.day_of(now, index.timezone))
    reader = Reader(actor.reads, await _sealed(actor, index), index, now, own)
    mine = await fetch(_MINE, actor.id, MOST_ITEMS)
    groups = list(await containing_groups(actor))
    offered = _not_taken(await fetch(_OFFERED, groups, reader.now, MOST_ITEMS), mine)
    steps = await _steps({row["activity_id"] for row in (*mine, *offered)})
    why = await _why(actor, reader)
    ways = await _ways([row["session_id"] for row in offered])
    items = [_own_item(reader, row, steps, why) for row in mine]
    found = (_offered_item(reader, row, steps, ways[row["session_id"]]) for row in offered)
    items += [item for item in found if item is not None]
    return Page(items=items[:MOST_ITEMS], total=len(items[:MOST_ITEMS]))


async def _sealed(actor: Actor, index: FacetIndex) -> frozenset[int]:
    """Private groups the actor is neither in nor leads."""
    private = frozenset(group.id for group in index.structure.groups.values() if group.private)
    return private - await joined_groups(actor) - await led_groups(actor) if private else private


def _not_taken(offered: Iterable[Record], mine: Iterable[Record]) -> list[Record]:
    """Without sessions the learner is in, and those of activities that allow only the one they are in."""
    live = [row for row in mine if row["state"] != "expired"]
    sessions = {row["session_id"] for row in live}
    activities = {row["activity_id"] for row in live if row["exclusive"]}
    return [
        row for row in offered if row["session_id"] not in sessions and row["activity_id"] not in activities
    ]


async def _steps(activity_ids: set[int]) -> dict[int, list[wire.CatalogStep]]:
    found: dict[int, list[wire.CatalogStep]] = defaultdict(list)
    for row in await fetch(_STEPS, sorted(activity_ids)):
        found[row["activity_id"]].append(
            wire.CatalogStep(
                id=row["id"],
                kind=row["kind"],
                activity_id=row["child_activity_id"],
                title=row["title"],
                mandatory=row["mandatory"],
            )
        )
    return found


async def _why(actor: Actor, reader: Reader) -> dict[int, list[wire.Why]]:
    found: dict[int, list[wire.Why]] = defaultdict(list)
    for row in await fetch(_WHY, actor.id):
        shown = row["visible"]
        found[row["session_id"]].append(
            wire.Why(
                kind=row["kind"] if shown else None,
                method_id=row["id"] if shown else None,
                name=row["name"] if shown else "",
                sentence=_sentence(reader, row, reader.own.covering)
                if shown
                else words_for(reader.language)["organisation"],
                since=row["since"],
            )
        )
    return found


def _sentence(reader: Reader, row: Record, part: Callable[[Rule], Rule]) -> str:
    return sentence_of(row, reader.index, reader.language, reader.sealed, part, discreet=True)


async def _ways(session_ids: list[int]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in await fetch(_WAYS, session_ids):
        found[row["session_id"]].append(row)
    return found


def _own_item(
    reader: Reader, row: Record, steps: dict[int, list[wire.CatalogStep]], why: dict[int, list[wire.Why]]
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
    )


def _offered_item(
    reader: Reader, row: Record, steps: dict[int, list[wire.CatalogStep]], ways: list[Record]
) -> wire.CatalogItem | None:
    """Nothing where the learner can neither enroll themselves nor earn it: what one cannot act on is no offer."""
    doors = [way for way in ways if way["kind"] == "self" and way["state"] == "live"]
    missing = None
    if not doors:
        missing = next(filter(None, (_to_earn(reader, way) for way in ways)), None)
        if missing is None:
            return None
    return wire.CatalogItem(
        **_head(row, steps),
        section="open" if doors else "almost",
        enrollment_id=None,
        state=None,
        progress=0.0,
        due_at=None,
        overdue=False,
        mandatory=False,
        since=None,
        until=None,
        why=[],
        can_self_enroll=bool(doors),
        needs_key=bool(doors) and all(door["key"] is not None for door in doors),
        missing=missing,
    )


def _to_earn(reader: Reader, way: Record) -> str | None:
    """What the learner has yet to complete for a live audience to enroll them, in words."""
    if way["kind"] in ("self", "manual") or way["state"] != "live":
        return None
    try:
        part = reader.own.attainable(convert(way["rule"]))
    except InvalidRule:
        return None
    if not part:
        return None
    return describe(part, reader.index, reader.language, sealed=reader.sealed, discreet=True)


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
