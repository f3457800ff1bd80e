"""What somebody may do to whom in a session: a write is allowed when everything it touches is within their rights.

That is the method as it is stored, the method as it is to become, and everybody who enters, leaves, or gains or loses a source.
"""

from collections.abc import Iterator

import msgspec
from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.rules import Rule, resolve
from backend.schemas.problem import Mistake
from backend.services.actor import Actor
from backend.services.errors import Forbidden, Invalid
from backend.services.method_drafts import Draft, derived_rule, stored_draft
from backend.services.reach import led_groups
from backend.services.rights import is_published_to_team, is_session_staff
from backend.services.sealing import Sight, sight_of
from backend.services.seen_names import SeenNames

READ_ONLY = "This method reaches beyond your groups and your team: you may see it, but not change it. Add a method of your own."
OUT_OF_REACH = "Some of the people whom this would enroll are not in your groups or your team."
CLOSED_DUTY = "This has to be taken: a mandatory method that you may not change enrolls them."
NOT_TO_UNENROLL = "Some of the people who would leave, or lose a reason, are not in groups that you lead."

# What those who lead groups or a team make; others take in people whom nobody in particular is in charge of.
OF_STAFF = frozenset({"manual", "audience", "group", "self"})


class Permit(msgspec.Struct, frozen=True):
    """What an actor may do in one session.

    `everything`: platform admins. `staff`: they instruct it or lead its group; `leads`: they lead its group. `members`: whom
    they enroll and unenroll. `team`: whom, as a manager, they enroll, but do not unenroll.
    `sight` is what of a rule they may put to work here, `reader` what they may know of at all.
    """

    actor_id: int
    everything: bool
    staff: bool
    leads: bool
    sight: Sight
    reader: Sight
    members: BitMap
    team: BitMap

    @property
    def reach(self) -> BitMap:
        """Whom they may enroll."""
        return self.members | self.team

    def opens(self, index: FacetIndex, stored: Draft) -> bool:
        """Whether a stored method is within their rights as a whole; otherwise they may see it, but not change it."""
        if self.everything:
            return True
        if stored.kind == "self":
            return self.leads
        if stored.rule is None:
            # Of a method by name its people are what it holds. Another one's rule can no longer be read: nobody knows what.
            return stored.kind == "manual" and index.sources(stored.id) <= self.reach
        return next(self._beyond(stored.rule, self.reach, index), None) is None

    def require_open(self, index: FacetIndex, stored: Draft) -> None:
        """Raises `Forbidden` for a stored method with any part outside their rights."""
        if not self.opens(index, stored):
            raise Forbidden(READ_ONLY)

    def require_new(self, index: FacetIndex, draft: Draft, stored: Draft | None = None) -> None:
        """Raises `Forbidden` with the place of whatever in a method as asked for lies outside their rights.

        To be asked before the method is checked: what does not exist and what is not theirs are answered alike.
        """
        if self.everything:
            return
        problems: list[Mistake] = []
        hidden: list[Mistake] = []
        if draft.kind not in OF_STAFF:
            problems.append(_mistake("kind", f"Only platform admins make methods of kind {draft.kind}."))
        if draft.kind == "self" and not self.leads:
            problems.append(
                _mistake("kind", "Only who leads this session's group lets people enroll themselves.")
            )
        if (rule := derived_rule(draft)) is not None:
            reach = self.reach
            resolved, unknown = resolve(rule, SeenNames(index, self.reader, self.actor_id))
            problems += self._beyond(resolved, reach, index)
            kept = set() if stored is None or stored.rule is None else set(stored.rule.exclude)
            problems += [
                _mistake(f"rule.exclude[{i}]", "You may leave out only members of your groups and your team.")
                for i, learner_id in enumerate(resolved.exclude)
                if learner_id not in kept and learner_id not in reach
            ]
            hidden = [Mistake(path=p.path, code=p.code, message=p.message) for p in unknown]
        if problems:
            raise Forbidden(problems[0].message, errors=problems)
        if hidden:
            raise Invalid(hidden[0].message, errors=hidden)

    def require_people(self, *, entering: BitMap, leaving: BitMap) -> None:
        """Raises `Forbidden` unless everybody who enters or gains a source, leaves or loses one is theirs.

        How many are not is not said: it would be the number of people they may not see.
        """
        if self.everything:
            return
        if not entering <= self.reach:
            raise Forbidden(OUT_OF_REACH)
        if not leaving <= self.members:
            raise Forbidden(NOT_TO_UNENROLL)

    def _beyond(self, rule: Rule, reach: BitMap, index: FacetIndex) -> Iterator[Mistake]:
        for i, block in enumerate(rule.blocks):
            if not self.sight.opens(block, index.structure):
                yield _mistake(
                    f"rule.blocks[{i}]", "You may enroll only members of groups you are admin or coach of."
                )
        for i, learner_id in enumerate(rule.include):
            if learner_id not in reach:
                yield _mistake(
                    f"rule.include[{i}]", "You may enroll only members of your groups and your team."
                )


async def permit_for(actor: Actor, index: FacetIndex, session: Record) -> Permit:
    """The actor's rights in a session in which they may enroll at all (`session_for(…, "enroll")`)."""
    if actor.is_admin:
        everybody = index.facts.status.present
        return Permit(actor.id, True, True, True, Sight(None), Sight(None), everybody, BitMap())
    staff = await is_session_staff(actor, session)
    sight = reader = await sight_of(actor)
    published = await is_published_to_team(actor, session)
    if not staff:
        # Groups one leads elsewhere do not count here.
        sight = Sight(frozenset(), sight.named, manager=sight.manager)
    return Permit(
        actor.id,
        everything=False,
        staff=staff,
        leads=session["group_id"] in await led_groups(actor),
        sight=sight,
        reader=reader,
        members=sight.members(index),
        team=sight.team(index) if published else BitMap(),
    )


async def require_no_closed_duty(permit: Permit, index: FacetIndex, session_id: int, learner_id: int) -> None:
    """Raises `Forbidden` where a mandatory method that the actor may not edit holds the person: it is not theirs to lift."""
    if permit.everything:
        return
    rows = await fetch(
        "SELECT m.* FROM source o JOIN enrollment_method m ON m.id = o.method_id"
        " WHERE o.session_id = $1 AND o.learner_id = $2 AND o.until IS NULL AND m.mandatory AND m.deleted_at IS NULL",
        session_id,
        learner_id,
    )
    if any(not permit.opens(index, stored_draft(row)) for row in rows):
        raise Forbidden(CLOSED_DUTY)


def _mistake(path: str, message: str) -> Mistake:
    return Mistake(path=path, code="forbidden", message=message)
