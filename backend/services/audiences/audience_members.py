"""Exactly who: pages of the people of an audience, and of those around it."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from pyroaring import BitMap

from backend.database import fetch, fetch_value
from backend.enrollment.follow_modes import held_once_confirmed
from backend.enrollment.planning import make_plan
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index.evaluating.selection import page
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.schemas.audiences import AudienceMember, MembersRequest, PreviewRequest
from backend.schemas.base import Page
from backend.services.access.actor import Actor
from backend.services.audiences import statements
from backend.services.audiences.audience_people import people_of
from backend.services.audiences.audiences import AudienceDraft, BrokenAudience, draft_audience, past_index
from backend.services.audiences.index_access import current_index
from backend.services.audiences.method_situation import situation_of
from backend.services.audiences.session_standing import elsewhere
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.services.paging import decode_cursor, encode_cursor
from backend.words import Message

# Up to here people are listed by name; beyond, by age of the account, which needs no sorting of a million names.
BY_NAME_MOST = 20_000
# So many ids are read at once: a search for one letter finds most of a million people.
FOUND_AT_ONCE = 20_000
# Who is in these is told by whom the rule does not hold.
LET_GO = frozenset({"leaving", "losing", "completed_stay"})
# Marks the cursor of a list by age; no name begins with it.
BY_ID = "\0"


async def members(actor: Actor, follower: Follower, request: MembersRequest) -> Page[AudienceMember]:
    """A page of a tab. Raises `Invalid` for a tab that needs a session, `Forbidden` where sealed blocks would tell."""
    index = await current_index(follower)
    question = await draft_audience(
        actor, index, PreviewRequest(rule=request.rule, at=request.at, session_id=request.session_id)
    )
    world = await past_index(index, question)
    try:
        people = await _people(index, world, question, request)
    except BrokenRule as broken:
        raise BrokenAudience(broken.problems) from None
    if request.q:
        people &= await _found(request.q)
    ids, cursor = await _page(people, request.limit, request.cursor)
    items = await people_of(question.sight, index, question.opened, ids)
    if request.tab == "blocked" and request.session_id is not None:
        for item in items:
            other = elsewhere(index, request.session_id, item.id)
            seen = other is not None and question.sight.views(other, index)
            item.session_id = other if seen else None
    return Page(items=items, next=cursor, total=len(people))


async def _people(
    index: FacetIndex, world: FacetIndex, question: AudienceDraft, request: MembersRequest
) -> BitMap:
    """The people of the tab; a bitmap of the caller's own."""
    day, rule = question.day(index), question.opened
    if request.tab == "matching":
        return await world.sliced(lambda: world.evaluate_steps(rule, day))
    by_rule = BitMap(world.countable & BitMap(rule.exclude))
    if request.tab == "excluded" and request.session_id is None:
        return by_rule
    if request.tab == "nearly":
        return await world.sliced(lambda: world.nearly_steps(rule, day))
    desired = await world.sliced(lambda: world.evaluate_steps(rule, day))
    found = _of_session(index, question, request, desired)
    return by_rule | found if request.tab == "excluded" else found


def _of_session(
    index: FacetIndex, question: AudienceDraft, request: MembersRequest, desired: BitMap
) -> BitMap:
    """Those of one of the sets of the plan, which would be made for this rule."""
    if request.session_id is None:
        raise Invalid.at(
            "session_id", "required", Message("The tab “{tab}” needs a session.", tab=request.tab)
        )
    method = _method(index, request.session_id, request.method_id)
    if method is not None and question.sight.seals_index_method(method, index):
        # Who enters or leaves beside a sealed method would tell whom it holds.
        raise Forbidden(Message("This method is sealed to you, so whom it would move cannot be told."))
    if method is not None and method.dynamic:
        held = index.held_by(method, method.id, question.day(index))
        desired = held_once_confirmed(method, desired, held, clock.now())
    made = make_plan(
        situation_of(
            index,
            request.session_id,
            desired,
            question.day(index),
            method_id=0 if method is None else method.id,
            on_leave="expire" if method is None else method.on_leave,
        )
    )
    people: BitMap = getattr(made, request.tab)
    if request.tab not in LET_GO:
        return people
    if question.sight.seals(question.rule, index):
        raise Forbidden(Message("Part of this audience is sealed to you, so who leaves cannot be told."))
    return people & question.sight.people(index)


def _method(index: FacetIndex, session_id: int, method_id: int | None) -> Method | None:
    if method_id is None:
        return None
    method = index.methods.get(method_id)
    if method is None or method.session_id != session_id:
        raise NotFound(Message("This session has no method {id}.", id=method_id))
    return method


async def _found(q: str) -> BitMap:
    """Everybody whose name or address holds `q`, or whose external id it is."""
    q = unicodedata.normalize("NFC", q.strip())
    escaped = q.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found, last = BitMap(), 0
    while ids := await fetch_value(statements.SEARCH, f"%{escaped}%", q, FOUND_AT_ONCE, last):
        found |= BitMap(ids)
        last = ids[-1]
        if len(ids) < FOUND_AT_ONCE:
            break
    return found


async def _page(people: BitMap, limit: int, cursor: str | None) -> tuple[list[int], str | None]:
    """Ids of one page and the cursor of the next."""
    after = decode_cursor(cursor, tuple[str, str, int]) or None
    # A list goes on in the order in which it began.
    by_id = len(people) > BY_NAME_MOST if after is None else after[0] == BY_ID
    if by_id:
        ids = page(people, 0 if after is None else after[2], limit + 1)
        return ids[:limit], encode_cursor((BY_ID, "", ids[limit - 1])) if len(ids) > limit else None
    rows = await fetch(statements.MEMBERS_BY_NAME, list(people), *(after or (None, None, None)), limit + 1)
    return [row["id"] for row in rows[:limit]], _name_cursor(rows, limit)


def _name_cursor(rows: Sequence[Any], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return encode_cursor((last["last"], last["first"], last["id"]))
