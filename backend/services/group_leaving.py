"""Who leaves a group stays in what it enrolled them in, or leaves that in the same act."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pyroaring import BitMap

from backend import clock
from backend.database import fetch
from backend.index import BrokenRule, FacetIndex
from backend.index.supposing import supposing_members
from backend.schemas.people import Unlink, UnlinkedSession
from backend.services.actor import Actor
from backend.services.deciding import is_followed
from backend.services.enrolling_rights import CLOSED_DUTY, permit_for
from backend.services.enrollment_writer import Write, Written, lock_sessions, write
from backend.services.erasing import Erasure
from backend.services.errors import Forbidden, NotFound
from backend.services.method_drafts import stored_draft
from backend.services.rights import session_for

# Methods that enroll through the group: of its own, of a rule with a block of it, or of a session that is the group's.
_LINKED = """
SELECT m.id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.deleted_at IS NULL AND (
    m.group_id = $1 OR s.group_id = $1
    OR EXISTS (SELECT FROM jsonb_array_elements(coalesce(m.rule->'blocks', '[]')) b
               WHERE coalesce(b->'groups', '[]') @> to_jsonb($1::integer)))
"""
_HELD = """
SELECT method_id, session_id, kept_from, array_agg(learner_id ORDER BY learner_id) AS learners
FROM source WHERE learner_id = ANY($1::integer[]) AND until IS NULL
GROUP BY method_id, session_id, kept_from ORDER BY method_id
"""
_DUTIES = f"""
SELECT m.* FROM enrollment_method m WHERE m.mandatory AND m.id IN ({_LINKED})
    AND EXISTS (SELECT FROM source o WHERE o.method_id = m.id AND o.learner_id = ANY($2::integer[]) AND o.until IS NULL)
"""
_NAMES = """
SELECT s.id, s.name, a.title FROM session s JOIN activity a ON a.id = s.activity_id WHERE s.id = ANY($1::integer[])
"""


class Leaving:
    """People who leave a group, perhaps for another one; `index` is as of before that.

    Without an index what rules would take from them is left to the rules. `former` left it before: what they were kept from it can
    end, and nothing else of theirs.
    """

    def __init__(
        self,
        index: FacetIndex | None,
        group_id: int,
        learner_ids: Sequence[int],
        to_group_id: int | None = None,
        former: Sequence[int] = (),
    ) -> None:
        self.former = BitMap(former)
        self.group_id = group_id
        self.learners = BitMap(learner_ids)
        self.to_group_id = to_group_id
        self._index = index

    async def losing(self, held: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """Of each method's people, those whom a method that follows changes would no longer want."""
        index = self._index
        if index is None:
            return {}
        found: dict[int, list[int]] = {}
        # The log waits, and others have their turn between the methods.
        async with index.still:
            supposed = supposing_members(index, self.learners, left=self.group_id, joined=self.to_group_id)
            for method_id, people in held.items():
                found[method_id] = _losing(index, supposed, method_id, BitMap(people))
                await asyncio.sleep(0)
        return found


def _losing(index: FacetIndex, supposed: FacetIndex, method_id: int, only: BitMap) -> list[int]:
    method = index.structure.methods.get(method_id)
    if method is None or not method.dynamic or method.rule is None:
        return []
    now = clock.now()
    if not is_followed(index, method, now):
        return []
    day = clock.day_of(now, index.timezone)
    try:
        wanted = index.evaluate(method.rule, day, only=only)
        return list(wanted - supposed.evaluate(method.rule, day, only=only))
    except BrokenRule:
        # Frozen: nobody leaves by it.
        return []


async def refuse_closed_duties(
    actor: Actor, index: FacetIndex | None, group_id: int, learner_ids: Sequence[int]
) -> None:
    """Raises `Forbidden` where ending the group's enrollments would lift a duty that the actor may not change."""
    if actor.is_admin or index is None:
        return
    for row in await fetch(_DUTIES, group_id, list(learner_ids)):
        try:
            session = await session_for(actor, row["session_id"], "enroll")
            (await permit_for(actor, index, session)).require_open(index, stored_draft(row))
        except (Forbidden, NotFound):
            raise Forbidden(CLOSED_DUTY) from None


async def leave_sessions(
    actor: Actor, leaving: Leaving, unlink: Unlink, erasure: Erasure
) -> list[tuple[int, Written]]:
    """Do, in the caller's transaction, what follows for the people's enrollments: (session, what was done there).

    `group_only`: where a rule would take them out now, they are kept. Otherwise what the group's methods gave them ends, with
    what they were kept from, and so does what they would lose anyway; access ends, and progress is kept or erased.
    """
    held = await fetch(_HELD, list(leaving.learners | leaving.former))
    linked = (
        {row["id"] for row in await fetch(_LINKED, leaving.group_id)} if unlink != "group_only" else set()
    )
    going: dict[int, set[int]] = defaultdict(set)
    others: dict[int, list[int]] = defaultdict(list)
    for row in held:
        if row["kept_from"] in linked:
            going[row["method_id"]].update(row["learners"])
            continue
        present = leaving.learners & BitMap(row["learners"])
        if row["method_id"] in linked:
            going[row["method_id"]].update(present)
        else:
            others[row["method_id"]] += present
    for method_id, people in (await leaving.losing(others)).items():
        going[method_id].update(people)
    sessions = {row["method_id"]: row["session_id"] for row in held}
    return await _write(actor, {m: sorted(p) for m, p in going.items() if p}, sessions, unlink, erasure)


async def _write(
    actor: Actor,
    going: Mapping[int, list[int]],
    sessions: Mapping[int, int],
    unlink: Unlink,
    erasure: Erasure,
) -> list[tuple[int, Written]]:
    if not going:
        return []
    await lock_sessions(sessions[method_id] for method_id in going)
    writes = [
        Write(
            method_id=method_id,
            session_id=sessions[method_id],
            cause="act",
            actor_id=actor.id,
            leaving=people,
            confirmed=True,
            on_leave="keep" if unlink == "group_only" else unlink,
            erasure=erasure if unlink == "erase" else None,
            drop_empty=True,
        )
        for method_id, people in sorted(going.items())
    ]
    done = await write(writes)
    return [(one.session_id, written) for one, written in zip(writes, done, strict=True)]


async def told(actor: Actor, done: Sequence[tuple[int, Written]]) -> list[UnlinkedSession]:
    """What happened in each session; those that the actor may not know of together, without a name."""
    found: dict[int | None, UnlinkedSession] = {}
    names = {row["id"]: row for row in await fetch(_NAMES, sorted({session for session, _ in done}))}
    for session_id, written in done:
        key = session_id if await _sees(actor, session_id) else None
        one = found.get(key)
        if one is None:
            row = None if key is None else names[key]
            one = found[key] = UnlinkedSession(
                session_id=key,
                session_name=None if row is None else row["name"],
                activity_title=None if row is None else row["title"],
            )
        one.ended += written.ended
        one.kept += written.kept
        one.held += written.held
    return list(found.values())


async def _sees(actor: Actor, session_id: int) -> bool:
    try:
        await session_for(actor, session_id, "see")
    except (Forbidden, NotFound):
        return False
    return True
