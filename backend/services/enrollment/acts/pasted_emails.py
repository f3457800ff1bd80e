"""Enrolling by pasted e-mail addresses: sorted first, enrolled once the sorting has been confirmed."""

import hashlib
from collections import Counter

import msgspec
from asyncpg import Record
from msgspec import UNSET
from pyroaring import BitMap

from backend.database import fetch, transaction
from backend.enrollment.addresses import MOST_ADDRESSES, Sorted, addresses_in, sort_addresses
from backend.index import FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.enrollment import emails as wire
from backend.services.access import audit, throttling
from backend.services.access.actor import Actor
from backend.services.access.rights import group_for, session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.writes import Write
from backend.services.errors import Conflict, Invalid
from backend.services.people.learner_rows import Writing, reserve_ids, write_learners
from backend.text import address_key
from backend.words import Message, translate


class SortingChanged(Conflict):
    """The addresses no longer mean what was shown; the new sorting comes with it."""

    type, title = "plan_changed", Message("The plan has changed")

    def __init__(self, plan: wire.EmailPlan) -> None:
        super().__init__(
            Message(
                "Since you saw the sorting, some of these addresses have changed their meaning. Look at it again."
            ),
            extra={"plan": plan},
        )


async def enroll_addresses(
    actor: Actor, follower: Follower, session_id: int, request: wire.Emails
) -> wire.EmailPlan:
    """The sorting; with the hash of an earlier one, known and new people are enrolled."""
    pasted = _pasted(request)
    if not actor.is_admin:
        # Counted for itself: what is refused below counts, too.
        await throttling.count(f"pasted:{actor.id}", attempts=len(set(map(address_key, pasted))))
    async with transaction():
        session = await session_for(actor, session_id, "enroll")
        refuse_legacy(session)
        if request.group_id is not None:
            await group_for(actor, request.group_id, "manage")
        confirmed = request.hash is not UNSET
        if confirmed:
            await lock_sessions([session_id])
        index = await current_index(follower)
        lines = await _sort(actor, index, session, pasted)
        plan = _plan(actor, index, session_id, request.group_id, lines)
        if not confirmed:
            return plan
        if plan.hash != request.hash:
            raise SortingChanged(plan)
        if plan.new and request.group_id is None and not actor.is_admin:
            # Who has no account is nobody's: they become people of the one who enrolls them by joining a group.
            raise Invalid.at("group_id", "required", Message("Choose the group that new people join."))
        return await _apply(actor, session_id, request.group_id, lines, plan)


def _pasted(request: wire.Emails) -> list[str]:
    if (request.text is UNSET) == (request.emails is UNSET):
        raise Invalid.at("text", "either_or", Message("Give addresses as text or as a list, one of the two."))
    found = (
        addresses_in(request.text)
        if isinstance(request.text, str)
        else [e.strip() for e in request.emails or ()]
    )
    if len(found) > MOST_ADDRESSES:
        raise Invalid.at(
            "text",
            "too_many",
            Message(
                "At most {most:,} addresses at once: import a sheet instead.",
                most=MOST_ADDRESSES,
            ),
        )
    return found


async def _sort(actor: Actor, index: FacetIndex, session: Record, pasted: list[str]) -> list[Sorted]:
    rows = await fetch(act_statements.ACCOUNTS, sorted({address_key(text) for text in pasted}))
    known = BitMap([row["id"] for row in rows])
    left_out = {
        row["learner_id"]
        for row in await fetch(act_statements.LEFT_OUT, session["id"], clock.today(index.timezone))
    }
    unreachable = known - (await permit_for(actor, index, session)).reach
    return sort_addresses(
        pasted,
        accounts={row["email"]: row["id"] for row in rows},
        uncountable=frozenset(known - index.countable) | left_out,
        unreachable=frozenset(unreachable),
        elsewhere=frozenset(index.blocked(session["id"], known)),
    )


def _plan(
    actor: Actor, index: FacetIndex, session_id: int, group_id: int | None, lines: list[Sorted]
) -> wire.EmailPlan:
    kinds = Counter(line.kind for line in lines)
    enrolled = index.enrolled(session_id)
    digest = hashlib.sha256(msgspec.json.encode([session_id, group_id, lines], enc_hook=str)).hexdigest()
    return wire.EmailPlan(
        hash=digest,
        known=kinds["known"],
        new=kinds["new"],
        duplicate=kinds["duplicate"],
        invalid=kinds["invalid"],
        excluded=kinds["excluded"],
        other_session=kinds["other_session"],
        ask=kinds["ask"],
        already_enrolled=sum(line.kind == "known" and (line.learner_id or 0) in enrolled for line in lines),
        items=[
            wire.SortedEmail(
                email=line.email,
                kind=line.kind,
                learner_id=line.learner_id,
                problem=None if line.problem is None else translate(line.problem, actor.reads),
                pasted=line.pasted,
            )
            for line in lines
        ],
    )


async def _apply(
    actor: Actor, session_id: int, group_id: int | None, lines: list[Sorted], plan: wire.EmailPlan
) -> wire.EmailPlan:
    fresh = [line.email for line in lines if line.kind == "new"]
    ids = await reserve_ids(len(fresh)) if fresh else []
    groups = {group_id: "member"} if group_id is not None else {}
    await write_learners(
        [
            Writing(new_id, is_new=True, core={"email": email, "status": "invited"}, groups=dict(groups))
            for new_id, email in zip(ids, fresh, strict=True)
        ]
    )
    method_id = (await hand_picked_methods([session_id], actor.id))[session_id]
    known = [line.learner_id for line in lines if line.kind == "known" and line.learner_id is not None]
    (written,) = await write(
        [
            Write(
                method_id=method_id,
                session_id=session_id,
                cause="confirm",
                actor_id=actor.id,
                entering=[*known, *ids],
            )
        ]
    )
    await audit.record(
        actor, "session.emails", "session", session_id, created=len(ids), entered=written.entered
    )
    return msgspec.structs.replace(
        plan, run_id=written.run_id, method_id=method_id, entered=written.entered, created=len(ids)
    )
