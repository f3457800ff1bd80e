"""Proposals: what a coach asks to be enrolled beyond their rights, and who may do it decides, seeing its consequences."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from backend.database import Row, as_json, fetch, row_by_id, transaction
from backend.index import Follower
from backend.runtime import clock
from backend.schemas.base import LARGEST_ID, Page
from backend.schemas.consequence_acts import EnrollPeople
from backend.schemas.enrollment.enrollment_requests import (
    EnrollmentRequest,
    Proposal,
    ProposalInput,
    ProposalState,
    Target,
)
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import activity_for, session_for
from backend.services.audiences.visibility import scope_of
from backend.services.consequences.acts.enroll import EnrollAct
from backend.services.consequences.consequences import ConsequenceEngine, confirmed
from backend.services.consequences.enrolling import statements
from backend.services.consequences.enrolling.audiences import who_of
from backend.services.consequences.enrolling.enrollment import act_of
from backend.services.enrollment.rights.deciders import staff_of_all
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.mail.alerts import file_proposal
from backend.services.paging import decode_cursor, page_of
from backend.services.people.person_names import people
from backend.tables import Learner
from backend.tables import Proposal as ProposalRow
from backend.words import Message

# Of one person at once: who proposes more is not waiting for answers.
MOST_OPEN = 100
# What is looked at for one page: of each it is asked whether it is the reader's to decide.
MOST_LOOKED_AT = 1_000
# Of each of the sessions' staff it is asked whether they may do it, which makes a plan; others find it among the proposals.
MOST_ASKED = 50


async def propose(actor: Actor, follower: Follower, request: ProposalInput) -> Proposal:
    """Ask for it, in a session that one sees; nothing is told of whom it is about. For those who organise learning for others."""
    await scope_of(actor)
    refuse_legacy(await session_for(actor, request.session_id, "see"))
    who_of(request.body)
    await _require_targets(actor, request.body.targets)
    deciding = await _staff_who_may(actor, follower, request)
    async with transaction():
        waiting = await ProposalRow.count().where(ProposalRow.by_id == actor.id, ProposalRow.state == "open")
        if waiting >= MOST_OPEN:
            raise Conflict(
                Message(
                    "{most} of your proposals wait for an answer: more at once are not taken.", most=MOST_OPEN
                )
            )
        made = await ProposalRow.insert(
            ProposalRow(
                session_id=request.session_id,
                body=as_json(request.body),
                by_id=actor.id,
                message=request.message,
                at=clock.now(),
            )
        ).returning(ProposalRow.id)
        proposal_id: int = made[0]["id"]
        admins = await Learner.select(Learner.id).where(
            Learner.is_admin.eq(True), Learner.status == "active", Learner.id != actor.id
        )
        told = [*(one["id"] for one in admins), *deciding]
        await file_proposal(told, "proposed", request.session_id, proposal_id)
        await audit.record(actor, "proposal.make", "proposal", proposal_id, session_id=request.session_id)
    return await get_proposal(actor, follower, proposal_id)


async def _staff_who_may(actor: Actor, follower: Follower, request: ProposalInput) -> list[int]:
    """Those of the sessions' staff, besides platform admins and who proposes it, who may do all of it and so decide."""
    named = {target.session_id for target in request.body.targets if target.session_id is not None}
    staff = await staff_of_all(sorted(named | {request.session_id}), MOST_ASKED)
    change = act_of(request.body)
    return [one for one in staff if one != actor.id and await _may_do(Actor(one), follower, change)]


async def _require_targets(actor: Actor, targets: Sequence[Target]) -> None:
    """What one may not see one does not propose."""
    for number, target in enumerate(targets):
        if (target.session_id is None) == (target.activity_id is None):
            path = f"body.targets[{number}]"
            raise Invalid.at(path, "either_or", Message("Name a session or an activity, one of the two."))
        if target.session_id is not None:
            refuse_legacy(await session_for(actor, target.session_id, "see"))
        else:
            await activity_for(actor, target.activity_id or 0)


async def list_proposals(
    actor: Actor, follower: Follower, *, state: ProposalState | None, limit: int, cursor: str | None
) -> Page[Proposal]:
    """One's own, and those that are one's to decide, the latest first."""
    (before,) = decode_cursor(cursor, tuple[int]) or (LARGEST_ID,)
    rows = await fetch(
        statements.PROPOSALS, before, state, None if actor.is_admin else actor.id, MOST_LOOKED_AT
    )
    shown: list[tuple[Any, bool]] = []
    for row in rows:
        decides = await _may_decide(actor, follower, row)
        if decides or row["by_id"] == actor.id:
            shown.append((row, decides))
        if len(shown) > limit:
            break
    items = {row["id"]: one for (row, _), one in zip(shown, await _wire(shown), strict=True)}
    return page_of(
        [row for row, _ in shown],
        limit,
        len(items),
        item=lambda row: items[row["id"]],
        key=lambda row: [row["id"]],
    )


async def get_proposal(actor: Actor, follower: Follower, proposal_id: int) -> Proposal:
    """One proposal. Raises `NotFound` unless it is the actor's own, or theirs to decide."""
    row, decides = await _seen(actor, follower, proposal_id)
    return (await _wire([(row, decides)]))[0]


async def approve(actor: Actor, engine: ConsequenceEngine, proposal_id: int, seen: str) -> Proposal:
    """Do it as it was shown. Raises `ConsequencesChanged` with the new ones."""
    async with transaction():
        row = await _to_decide(actor, engine.follower, proposal_id)
        change = act_of(_body(row))

        async def write(follower: Follower) -> list[int]:
            return await EnrollAct().write(actor, follower, change)

        done = await confirmed(actor, engine, [change], seen, write)
        await _decide(actor, row, "approved", "", done.run_id)
    return await _decided(proposal_id)


async def decline(actor: Actor, follower: Follower, proposal_id: int, note: str) -> Proposal:
    """It is not done; whoever proposed it reads why."""
    async with transaction():
        await _decide(actor, await _to_decide(actor, follower, proposal_id), "declined", note, None)
    return await _decided(proposal_id)


async def _decided(proposal_id: int) -> Proposal:
    """As whoever has just decided about it reads it: that they may is known, and not asked of an index again."""
    row: Any = await row_by_id(ProposalRow, proposal_id)
    (told,) = await _wire([(row, True)])
    return told


async def _decide(
    actor: Actor, row: Row, state: Literal["approved", "declined"], note: str, run_id: int | None
) -> None:
    await ProposalRow.update(
        {
            ProposalRow.state: state,
            ProposalRow.note: note,
            ProposalRow.decided_by_id: actor.id or None,
            ProposalRow.decided_at: clock.now(),
            ProposalRow.run_id: run_id,
        }
    ).where(ProposalRow.id == row["id"])
    await file_proposal([row["by_id"]], state, row["session_id"], row["id"])
    await audit.record(actor, f"proposal.{state}", "proposal", row["id"])


async def _to_decide(actor: Actor, follower: Follower, proposal_id: int) -> Row:
    row, decides = await _seen(actor, follower, proposal_id)
    locked = await row_by_id(ProposalRow, proposal_id, lock=True)
    if not decides:
        raise Forbidden(Message("Somebody has to decide about this who may do all of it."))
    if locked is None or locked["state"] != "open":
        raise Conflict(Message("It has been decided already."))
    return row


async def _seen(actor: Actor, follower: Follower, proposal_id: int) -> tuple[Row, bool]:
    row: Any = await row_by_id(ProposalRow, proposal_id)
    decides = row is not None and await _may_decide(actor, follower, row)
    if row is None or not (decides or row["by_id"] == actor.id):
        raise NotFound(Message("There is no proposal {id}.", id=proposal_id))
    return row, decides


async def _may_decide(actor: Actor, follower: Follower, row: Row) -> bool:
    """Whoever may do all of it; of what can be done no more, platform admins."""
    if actor.is_admin:
        return True
    if row["by_id"] == actor.id:
        # What one may do oneself needs no answer; and its consequences are not told to who proposes it.
        return False
    return await _may_do(actor, follower, act_of(_body(row)))


async def _may_do(actor: Actor, follower: Follower, change: EnrollPeople) -> bool:
    try:
        await EnrollAct().permit(actor, follower, change)
    except (Forbidden, NotFound, Invalid, Conflict):
        return False
    return True


def _body(row: Row) -> EnrollmentRequest:
    return msgspec.convert(row["body"], EnrollmentRequest)


async def _wire(rows: Sequence[tuple[Row, bool]]) -> list[Proposal]:
    ids = {row[name] for row, _ in rows for name in ("by_id", "decided_by_id") if row[name] is not None}
    known = {person.id: person for person in await people(sorted(ids))}
    places = {
        row["id"]: row
        for row in await fetch(statements.SESSION_NAMES, sorted({row["session_id"] for row, _ in rows}))
    }
    return [
        Proposal(
            id=row["id"],
            session_id=row["session_id"],
            session_name=places[row["session_id"]]["name"],
            activity_title=places[row["session_id"]]["title"],
            body=_body(row),
            by=known[row["by_id"]],
            state=row["state"],
            message=row["message"],
            note=row["note"],
            at=row["at"],
            decided_by=known.get(row["decided_by_id"] or 0),
            decided_at=row["decided_at"],
            # What was done is told to who may read it.
            run_id=row["run_id"] if decides else None,
            may_decide=decides and row["state"] == "open",
        )
        for row, decides in rows
    ]
