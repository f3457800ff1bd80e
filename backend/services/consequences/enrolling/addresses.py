"""Pasted addresses: who has them, and who is new."""

from collections import Counter

from msgspec import Struct
from pyroaring import BitMap

from backend.database import fetch
from backend.enrollment.addresses import MOST_ADDRESSES, Sorted, addresses_in, names_in, sort_addresses
from backend.index import FacetIndex
from backend.schemas.enrollment.emails import SortedEmail
from backend.schemas.enrollment.enrollment_requests import Addresses, EnrollmentRequest
from backend.services.access import throttling
from backend.services.access.actor import Actor
from backend.services.access.rights import group_for, session_for
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.errors import Invalid
from backend.services.people.learner_rows import Writing, reserve_ids, write_learners
from backend.text import address_key
from backend.words import Message, translate


class NewPerson(Struct, frozen=True):
    """Somebody without an account, with the name that stood beside the address."""

    email: str
    first_name: str
    last_name: str


class Pasted(Struct, frozen=True):
    """What addresses are to the one who pasted them."""

    lines: list[Sorted]
    known: list[int]
    new: list[NewPerson]
    group_id: int | None

    def to_wire(self, actor: Actor) -> Addresses:
        """Their numbers, and each line."""
        kinds = Counter(line.kind for line in self.lines)
        return Addresses(
            known=kinds["known"],
            new=kinds["new"],
            duplicate=kinds["duplicate"],
            invalid=kinds["invalid"],
            excluded=kinds["excluded"],
            ask=kinds["ask"],
            items=[
                SortedEmail(
                    email=line.email,
                    kind=line.kind,
                    learner_id=line.learner_id,
                    problem=None if line.problem is None else translate(line.problem, actor.reads),
                    pasted=line.pasted,
                )
                for line in self.lines
            ],
        )


async def read_addresses(
    actor: Actor, index: FacetIndex, request: EnrollmentRequest, session_ids: list[int]
) -> Pasted:
    """Who is meant. People whom the actor may not enroll in one of the sessions are `ask`. Raises `Invalid`, `Forbidden`, `NotFound`."""
    text = request.emails if isinstance(request.emails, str) else "\n".join(request.emails or ())
    pasted = addresses_in(text)
    if len(pasted) > MOST_ADDRESSES:
        message = Message("At most {most:,} addresses at once: import a sheet instead.", most=MOST_ADDRESSES)
        raise Invalid.at("emails", "too_many", message)
    if not actor.is_admin:
        # Counted for itself: what is refused below counts, too.
        await throttling.count(f"pasted:{actor.id}", attempts=len(set(map(address_key, pasted))))
    group_id = request.group_id if isinstance(request.group_id, int) else None
    if group_id is not None:
        # Who coaches a group brings people into it who have no account yet.
        await group_for(actor, group_id, "members")
    rows = await fetch(act_statements.ACCOUNTS, sorted({address_key(one) for one in pasted}))
    accounts = {row["email"]: row["id"] for row in rows}
    known = BitMap(accounts.values())
    reach = known
    for session_id in session_ids:
        permit = await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
        reach = reach & permit.reach
    lines = sort_addresses(
        pasted,
        accounts=accounts,
        uncountable=frozenset(known - index.countable),
        unreachable=frozenset(known - reach),
        elsewhere=frozenset(),
    )
    names = names_in(text)
    new = [
        _new_person(line.email, names.get(address_key(line.email), ""))
        for line in lines
        if line.kind == "new"
    ]
    if new and group_id is None and not actor.is_admin:
        # Who has no account is nobody's: they become people of the one who enrolls them by joining a group.
        raise Invalid.at("group_id", "required", Message("Choose the group that new people join."))
    found = [line.learner_id for line in lines if line.kind == "known" and line.learner_id is not None]
    return Pasted(lines, found, new, group_id)


def _new_person(email: str, name: str) -> NewPerson:
    first_name, _, last_name = name.rpartition(" ")
    return NewPerson(email, first_name or last_name, last_name if first_name else "")


async def create_people(pasted: Pasted) -> list[int]:
    """Accounts of those who have none, invited, in the group that was chosen."""
    if not pasted.new:
        return []
    ids = await reserve_ids(len(pasted.new))
    groups = {} if pasted.group_id is None else {pasted.group_id: "member"}
    await write_learners(
        [
            Writing(
                new_id,
                is_new=True,
                core={
                    "email": one.email,
                    "first_name": one.first_name,
                    "last_name": one.last_name,
                    "status": "invited",
                },
                groups=dict(groups),
            )
            for new_id, one in zip(ids, pasted.new, strict=True)
        ]
    )
    return ids
