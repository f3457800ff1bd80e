"""Whom a session leaves out, whatever its methods say: listed, put and lifted by name. Nobody is made for it, and nobody invited."""

from collections.abc import Sequence

from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch, transaction
from backend.index import FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.enrollment import acts as wire
from backend.schemas.people import Person
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.exclusion_reasons import tell_exclusions
from backend.services.audiences.index_access import current_index, loaded_index
from backend.services.enrollment.acts import act_statements, exclusion_statements
from backend.services.enrollment.acts.enrollment_rows import locked_enrollments, open_run
from backend.services.enrollment.acts.leaving_by_hand import WayOfLeaving, leave_out
from backend.services.enrollment.rights.enrollment_rights import (
    Permit,
    permit_for,
    require_no_closed_duty,
)
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.runs.run_rights import add_visible_in_session
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.enrollment.writing.exclusions import lift_exclusions
from backend.services.errors import Invalid
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.where_clauses import Conditions, chosen_sort
from backend.text import address_key
from backend.words import Message

_SORTS = {
    "name": (("lower(l.last_name)", "text"), ("lower(l.first_name)", "text"), ("l.id", "integer")),
    "id": (("l.id", "integer"),),
}


async def list_exclusions(  # noqa: PLR0913, PLR0917 - the list, and the page of it
    actor: Actor, follower: Follower, session_id: int, q: str | None, limit: int, cursor: str | None
) -> Page[wire.Exclusion]:
    """Whom the session leaves out now, as far as the actor sees them, by name."""
    await session_for(actor, session_id, "enroll")
    index = await loaded_index(follower)
    conditions = Conditions()
    conditions.add("x.session_id = {}", session_id)
    conditions.add("x.until IS NULL OR x.until > {}", clock.today(index.timezone))
    conditions.add_search(q, "l.first_name", "l.last_name", "l.email")
    await add_visible_in_session(actor, conditions, session_id)
    order = chosen_sort(None, _SORTS, "name")
    rows, total = await sorted_rows(
        exclusion_statements.COLUMNS,
        exclusion_statements.EXCLUSIONS,
        conditions,
        order,
        limit=limit,
        cursor=cursor,
    )
    shown = {item.learner_id: item for item in await _shown(actor, index, rows[:limit])}
    return page_of(rows, limit, total, item=lambda row: shown[row["learner_id"]], key=order.key)


async def exclude(actor: Actor, follower: Follower, session_id: int, request: wire.Exclude) -> wire.Excluded:
    """Leave people out from now on, for good or until a day; whoever is enrolled leaves, but who has completed stays so.

    Raises `Forbidden` for people outside the actor's groups, and where a mandatory method that is not theirs holds or wants
    one of them; `Invalid` for an address that nobody has.
    """
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        refuse_legacy(session)
        await lock_sessions([session_id])
        index = await current_index(follower)
        _check_until(index, request)
        permit = await permit_for(actor, index, session)
        learner_ids = await _named(permit, index, request)
        permit.require_people(entering=BitMap(), leaving=BitMap(learner_ids))
        await require_no_closed_duty(permit, index, session_id, BitMap(learner_ids))
        ids = [row["id"] for row in await fetch(exclusion_statements.LIVE_OF, session_id, learner_ids)]
        rows = (await locked_enrollments(actor, ids))[session_id] if ids else []
        how = WayOfLeaving(act="exclude", reason=request.reason, until=request.until)
        run_id = await leave_out(actor, session_id, learner_ids, rows, how)
        put = await fetch(exclusion_statements.THESE, session_id, learner_ids)
    return wire.Excluded(
        run_id=run_id,
        learner_id=learner_ids[0] if len(learner_ids) == 1 else None,
        reason=request.reason,
        until=request.until,
        items=await _shown(actor, index, put),
    )


def _check_until(index: FacetIndex, request: wire.Exclude) -> None:
    if request.until is not None and request.until <= clock.today(index.timezone):
        raise Invalid.at("until", "past", Message("This day has come: give one that is still to come."))


async def _named(permit: Permit, index: FacetIndex, request: wire.Exclude) -> list[int]:
    """The people who are named, each once. What does not exist and what is not the actor's are answered alike."""
    given = [
        *([("learner_id", request.learner_id)] if request.learner_id is not None else []),
        *((f"learner_ids[{i}]", one) for i, one in enumerate(request.learner_ids)),
    ]
    problems = [
        Mistake(path=path, code="unknown", message=Message("There is no such person."))
        for path, one in given
        if permit.everything and one not in index.learners
    ]
    keys = [address_key(text) for text in request.emails]
    known = {row["email"]: row["id"] for row in await fetch(act_statements.ACCOUNTS, sorted(set(keys)))}
    for i, key in enumerate(keys):
        if key in known and known[key] in permit.members:
            given.append((f"emails[{i}]", known[key]))
        else:
            problems.append(Mistake(path=f"emails[{i}]", code="unknown", message=_NOBODY))
    if problems:
        raise Invalid.about(problems, told=1)
    if not given:
        raise Invalid.at("learner_id", "required", Message("Name somebody."))
    return sorted({one for _, one in given})


_NOBODY = Message(
    "None of your people has this address. Excluding makes nobody an account, and invites nobody."
)


async def lift(actor: Actor, follower: Follower, session_id: int, request: wire.Lift) -> wire.Lifted:
    """The session's methods decide about these people again; of who is not left out there is nothing to do."""
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        await lock_sessions([session_id])
        index = await current_index(follower)
        permit = await permit_for(actor, index, session)
        people = sorted(set(request.learner_ids))
        permit.require_people(entering=BitMap(), leaving=BitMap(people))
        if not await fetch(exclusion_statements.THESE, session_id, people):
            return wire.Lifted(run_id=None, done=0)
        run_id = await open_run(actor, session_id, "lift", {"text": request.reason})
        lifted = await lift_exclusions(run_id, session_id, people)
    return wire.Lifted(run_id=run_id, done=lifted)


async def _shown(actor: Actor, index: FacetIndex, rows: Sequence[Record]) -> list[wire.Exclusion]:
    return [
        wire.Exclusion(
            learner_id=row["learner_id"],
            learner=Person(
                id=row["learner_id"],
                email=row["email"],
                first_name=row["first_name"],
                last_name=row["last_name"],
            ),
            reason=told.reason,
            until=row["until"],
            moved_to_id=told.moved_to_id,
            by=told.by,
            at=row["at"],
            run_id=row["run_id"],
            sentence=told.sentence,
        )
        for row, told in zip(rows, await tell_exclusions(actor, index, rows), strict=True)
    ]
