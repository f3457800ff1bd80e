"""Groups by activities: what each group gives access to, at one glance. Told by the index, which knows all of it at one position."""

import unicodedata
from collections.abc import Collection

from msgspec import Struct

from backend.index import FacetIndex, Follower
from backend.index.facts.structure_rows import Activity, Group
from backend.index.steps import Steps
from backend.rules import Block, Rule
from backend.runtime import clock
from backend.schemas import assignments as wire
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import latest_index
from backend.services.audiences.visibility import AudienceScope, reading_scope

# Rows and columns of one answer: beyond it somebody searches, or looks at one kind.
MOST_ROWS = 500
MOST_COLUMNS = 500
# Cells that are told before others get their turn.
SLICE_CELLS = 500


class GridQuery(Struct, frozen=True):
    """Which groups and activities: of a kind, with these words in their names."""

    group_q: str | None = None
    group_kind: str | None = None
    activity_q: str | None = None
    activity_kind: str | None = None


async def grid(actor: Actor, follower: Follower, query: GridQuery) -> wire.AssignmentGrid:
    """The groups that the actor leads, the activities with sessions in which they enroll, and what is given among them."""
    index = await latest_index(follower)
    sight = await reading_scope(actor)
    return await index.sliced(lambda: _steps(index, sight, query))


def _steps(index: FacetIndex, sight: AudienceScope, query: GridQuery) -> Steps[wire.AssignmentGrid]:
    groups = _groups(index, sight, query)
    sessions = _open_sessions(index, sight)
    yield
    activities = _activities(index, sessions, query)
    rows, columns = groups[:MOST_ROWS], activities[:MOST_COLUMNS]
    counts = yield from index.member_counts_steps([one.id for one in rows])
    active = {}
    for one in rows:
        in_it = Rule([Block(groups=[one.id])])
        active[one.id] = len((yield from index.evaluate_steps(in_it, clock.today(index.timezone))))
    cells = yield from _cell_steps(index, sight, {one.id for one in rows}, {one.id for one in columns})
    return wire.AssignmentGrid(
        groups=[
            wire.GridGroup(
                id=one.id,
                name=one.name,
                kind=one.kind,  # type: ignore[arg-type]  # the database holds no other
                color=one.color,
                parent_id=one.parent_id,
                people=counts[one.id][1],
                inactive=counts[one.id][1] - active[one.id],
            )
            for one in rows
        ],
        activities=[
            wire.GridActivity(id=one.id, kind=one.kind, title=one.title, sessions=sessions.get(one.id, []))  # type: ignore[arg-type]  # likewise
            for one in columns
        ],
        cells=cells,
        groups_total=len(groups),
        activities_total=len(activities),
    )


def _groups(index: FacetIndex, sight: AudienceScope, query: GridQuery) -> list[Group]:
    found = [
        one
        for one in index.groups.values()
        if not one.ended
        and (sight.groups is None or one.id in sight.groups)
        and query.group_kind in (None, one.kind)
        and _holds(query.group_q, one.name, one.external_id)
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def _open_sessions(index: FacetIndex, sight: AudienceScope) -> dict[int, list[wire.GridSession]]:
    """By activity, those that have not ended and in which the reader enrolls."""
    now = clock.now()
    found: dict[int, list[wire.GridSession]] = {}
    for session in sorted(index.sessions.values(), key=lambda one: one.id):
        if session.ends_at is not None and session.ends_at <= now:
            continue
        if sight.views(session.id, index):
            one = wire.GridSession(id=session.id, name=session.name)
            found.setdefault(session.activity_id, []).append(one)
    return found


def _activities(
    index: FacetIndex, sessions: dict[int, list[wire.GridSession]], query: GridQuery
) -> list[Activity]:
    found = [
        one
        for one in index.activities.values()
        if one.id in sessions
        and query.activity_kind in (None, one.kind)
        and _holds(query.activity_q, one.title, one.external_id)
    ]
    return sorted(found, key=lambda one: (one.title.casefold(), one.id))


def _holds(q: str | None, *texts: str | None) -> bool:
    """Every word occurs in one of the texts, in whatever case."""
    words = unicodedata.normalize("NFC", q or "").casefold().split()
    folded = [text.casefold() for text in texts if text]
    return all(any(word in text for text in folded) for word in words)


def _cell_steps(
    index: FacetIndex, sight: AudienceScope, groups: Collection[int], activities: Collection[int]
) -> Steps[list[wire.GridCell]]:
    found: list[wire.GridCell] = []
    for method in index.methods.values():
        group_id = method.group_id
        if method.kind != "group" or group_id is None or group_id not in groups:
            continue
        if not method.active or method.state == "draft":
            continue
        session = index.sessions.get(method.session_id)
        if session is None or session.activity_id not in activities or not sight.views(session.id, index):
            continue
        blocks = method.rule.blocks if method.rule is not None else []
        found.append(
            wire.GridCell(
                group_id=group_id,
                activity_id=session.activity_id,
                session_id=session.id,
                method_id=method.id,
                people=index.sources(method.id).intersection_cardinality(index.countable),
                mandatory=method.mandatory,
                subgroups=bool(blocks) and blocks[0].subgroups,
            )
        )
        if len(found) % SLICE_CELLS == 0:
            yield
    return found
