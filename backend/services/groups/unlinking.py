"""Who leaves a group stays in what it enrolled them in, or leaves that in the same act."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyroaring import BitMap

from backend.database import fetch
from backend.index import BrokenRule, FacetIndex
from backend.index.supposing import SupposedIndex
from backend.runtime import clock
from backend.schemas.groups import Unlink, UnlinkedSession
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.reconciler.decisions import decide_method, is_followed
from backend.services.enrollment.reconciler.method_checks import MethodCheck
from backend.services.enrollment.rights.enrollment_rights import CLOSED_DUTY, permit_for
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.erase_progress import Erasure
from backend.services.enrollment.writing.writes import Write, Written
from backend.services.errors import Forbidden, NotFound
from backend.services.groups import statements


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
        # Methods that lose nobody.
        self.untouched = BitMap()
        # (learner, group) that the same writing adds.
        self.joining: Sequence[tuple[int, int]] = ()

    async def losing(self, held: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
        """Of each method's people, those whom a method that follows changes would no longer want."""
        index = self._index
        if index is None:
            return {}
        found: dict[int, list[int]] = {}
        # The log waits, and others have their turn between the methods.
        async with index.still:
            supposed = self._supposed(index)
            for method_id, people in held.items():
                if method_id in self.untouched:
                    continue
                found[method_id] = _losing(index, supposed, method_id, BitMap(people))
                await asyncio.sleep(0)
        return found

    async def switching(self) -> dict[int, BitMap]:
        """By method of the group whose source rules may let go of as another one begins, in one decision: they stay enrolled by that."""
        found: dict[int, BitMap] = defaultdict(BitMap)
        if self.joining:
            learners, groups = zip(*self.joining, strict=True)
            for row in await fetch(statements.SWITCHING, self.group_id, list(learners), list(groups)):
                found[row["method_id"]].add(row["learner_id"])
        return found

    async def wanted(
        self, ending: Mapping[int, Sequence[int]], sessions: Mapping[int, int]
    ) -> dict[tuple[int, int], "Wanted"]:
        """By session and method that follows changes whom it wants where these people move to; of nobody who moves nowhere.

        `ending`: whom which methods would let go of; `sessions`: of each of these.
        """
        index = self._index
        if index is None or self.to_group_id is None:
            return {}
        by_session: dict[int, BitMap] = defaultdict(BitMap)
        for method_id, people in ending.items():
            by_session[sessions[method_id]] |= BitMap(people)
        found: dict[tuple[int, int], Wanted] = {}
        async with index.still:
            supposed = self._supposed(index)
            for session_id, moving in sorted(by_session.items()):
                for method_id in supposed.enrolling_methods_of(session_id):
                    found[session_id, method_id] = _wanted(supposed, method_id, moving)
                    await asyncio.sleep(0)
        return found

    def _supposed(self, index: FacetIndex) -> SupposedIndex:
        """The index once they have left. The caller holds its `still`."""
        supposed = SupposedIndex(index, clock.now())
        supposed.suppose_many("membership", self.learners, self.group_id, None)
        if self.to_group_id is not None:
            supposed.suppose_many("membership", self.learners, self.to_group_id, "member")
        return supposed


class Wanted(NamedTuple):
    """Of the people of a method's audience: who has its source already, and who would get it."""

    staying: BitMap
    entering: BitMap


class SourceChanges(NamedTuple):
    """By method whose people they cease to be, and whose they become instead; the sessions of these methods."""

    ending: dict[int, list[int]]
    beginning: dict[int, list[int]]
    sessions: dict[int, int]


def _wanted(supposed: FacetIndex, method_id: int, people: BitMap) -> Wanted:
    method, now = supposed.methods.get(method_id), clock.now()
    nobody = Wanted(BitMap(), BitMap())
    if method is None or method.rule is None or not method.dynamic or method.state != "live":
        return nobody
    if not is_followed(supposed, method, now):
        return nobody
    # Who is enrolled elsewhere may be so no longer once this is done.
    if any(facet.name == "enrollment" for facet in supposed.rule_facts(method.rule)):
        return nobody
    decision = decide_method(supposed, MethodCheck(people, BitMap()), method, now)
    if decision is not None and decision.problem is not None:
        return nobody
    staying = people & supposed.source_holders(method_id) & supposed.countable
    if decision is not None:
        staying -= decision.leaving
    if staying:
        # A method that only enters holds people whom its audience does not.
        staying &= supposed.evaluate(method.rule, clock.day_of(now, supposed.timezone), only=staying)
    return Wanted(staying, BitMap() if decision is None else decision.entering)


def _losing(index: FacetIndex, supposed: FacetIndex, method_id: int, only: BitMap) -> list[int]:
    method = index.methods.get(method_id)
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
    for row in await fetch(statements.DUTIES, group_id, list(learner_ids)):
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
    what they were kept from, and so does what they would lose anyway; access ends, and progress is kept or erased. Where access
    expires and the group that they move to gives it as well, they are enrolled all along.
    """
    return await _write(actor, await source_changes(leaving, unlink), unlink, erasure)


async def source_changes(leaving: Leaving, unlink: Unlink) -> SourceChanges:
    """What becomes of their sources in the act itself; methods in order."""
    ending, sessions = await _ending(leaving, unlink)
    beginning: dict[int, list[int]] = {}
    wanted = await leaving.wanted(ending, sessions) if unlink == "expire" else {}
    for (session_id, method_id), (staying, entering) in wanted.items():
        if method_id in ending:
            ending[method_id] = list(BitMap(ending[method_id]) - staying)
        if entering:
            beginning[method_id], sessions[method_id] = list(entering), session_id
    ending = {method_id: people for method_id, people in ending.items() if people}
    return SourceChanges(ending, beginning, {one: sessions[one] for one in ending.keys() | beginning.keys()})


async def _ending(leaving: Leaving, unlink: Unlink) -> tuple[dict[int, list[int]], dict[int, int]]:
    """Of which methods' people they cease to be, in order, and the sessions of the methods."""
    held = await fetch(statements.HELD, list(leaving.learners | leaving.former))
    linked = (
        {row["id"] for row in await fetch(statements.LINKED, leaving.group_id)}
        if unlink != "group_only"
        else set()
    )
    kept_from = {row["kept_from"] for row in held if row["kept_from"] is not None}
    once_linked = linked & kept_from
    if unlink != "group_only" and kept_from - linked:
        gone = await fetch(statements.ONCE_LINKED, leaving.group_id, list(kept_from - linked))
        once_linked |= {row["method_id"] for row in gone}
    switching = await leaving.switching()
    going: dict[int, set[int]] = defaultdict(set)
    others: dict[int, list[int]] = defaultdict(list)
    for row in held:
        if row["kept_from"] in once_linked:
            going[row["method_id"]].update(row["learners"])
            continue
        present = leaving.learners & BitMap(row["learners"])
        if row["method_id"] in linked:
            going[row["method_id"]].update(present - switching.get(row["method_id"], BitMap()))
        else:
            others[row["method_id"]] += present
    for method_id, people in (await leaving.losing(others)).items():
        going[method_id].update(people)
    sessions = {row["method_id"]: row["session_id"] for row in held}
    return {method_id: sorted(people) for method_id, people in going.items() if people}, sessions


async def _write(
    actor: Actor, changes: SourceChanges, unlink: Unlink, erasure: Erasure
) -> list[tuple[int, Written]]:
    if not (changes.ending or changes.beginning):
        return []
    await lock_sessions(changes.sessions.values())
    # Whose they become first: an undo, which begins with the last run, finds them as each run left them.
    phases = [("entering", changes.beginning), ("leaving", changes.ending)]
    writes = [
        Write(
            method_id=method_id,
            session_id=changes.sessions[method_id],
            cause="act",
            actor_id=actor.id,
            confirmed=True,
            on_leave="keep" if unlink == "group_only" else unlink,
            erasure=erasure if unlink == "erase" else None,
            drop_empty=True,
            entering=people if phase == "entering" else (),
            leaving=people if phase == "leaving" else (),
        )
        for phase, methods in phases
        for method_id, people in sorted(methods.items())
    ]
    done = await write(writes)
    return [(one.session_id, written) for one, written in zip(writes, done, strict=True)]


async def told(actor: Actor, done: Sequence[tuple[int, Written]]) -> list[UnlinkedSession]:
    """What happened in each session; those that the actor may not know of together, without a name."""
    found: dict[int | None, UnlinkedSession] = {}
    names = {
        row["id"]: row for row in await fetch(statements.NAMES, sorted({session for session, _ in done}))
    }
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
