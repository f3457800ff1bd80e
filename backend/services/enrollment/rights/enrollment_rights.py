"""What somebody may do to whom in a session: a write is allowed when everything it touches is within their rights.

That is the method as it is stored, the method as it is to become, and everybody who enters, leaves, or gains or loses a source.
"""

from collections.abc import Iterator

import msgspec
from pyroaring import BitMap

from backend.database import Row
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import BrokenRule, FacetIndex
from backend.rules import Block, PersonFilter, Rule, leaves, resolve_steps
from backend.runtime import clock
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import led_groups
from backend.services.access.rights import is_published_to_team, is_session_staff
from backend.services.audiences.visibility import AudienceScope, scope_of
from backend.services.audiences.visible_names import SeenNames
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.errors import Forbidden, Invalid
from backend.tables import EnrollmentMethod
from backend.words import Message

READ_ONLY = Message(
    "This method reaches beyond your groups and your team: you may see it, but not change it. Add a method of your own."
)
OUT_OF_REACH = Message("Some of the people whom this would enroll are not in your groups or your team.")
CLOSED_DUTY = Message("This has to be taken: a mandatory method that you may not change enrolls them.")
NOT_TO_UNENROLL = Message(
    "Some of the people who would leave, or lose a reason, are not in groups that you lead."
)


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
    sight: AudienceScope
    reader: AudienceScope
    members: BitMap
    team: BitMap

    @property
    def reach(self) -> BitMap:
        """Whom they may enroll."""
        return self.members | self.team

    def opens(self, index: FacetIndex, stored: MethodDraft) -> bool:
        """Whether a stored method is within their rights as a whole; otherwise they may see it, but not change it."""
        if self.everything:
            return True
        kind = METHOD_KINDS[stored.kind]
        if kind.made_by == "leaders":
            return self.leads
        if stored.rule is None:
            # Of a method by name its people are what it holds. Another one's rule can no longer be read: nobody knows what.
            # Whoever enrolls picks into the hand-picked one; its terms, also while it is empty, belong to who leads the session's group.
            theirs = self.leads or not stored.hand_picked
            return kind.by_name and theirs and index.sources(stored.id) <= self.reach
        return next(self._beyond(stored.rule, self.reach, index), None) is None

    def reads(self, index: FacetIndex, stored: MethodDraft) -> bool:
        """Whether what the method is may be told them, unless it is sealed: to staff, and to managers what is open to them.

        How others come to be enrolled is not the managers' to know. Into the hand-picked method they pick.
        """
        return self.staff or stored.hand_picked or self.opens(index, stored)

    def require_open(self, index: FacetIndex, stored: MethodDraft) -> None:
        """Raises `Forbidden` for a stored method with any part outside their rights."""
        if not self.opens(index, stored):
            raise Forbidden(READ_ONLY)

    async def require_new(
        self, index: FacetIndex, draft: MethodDraft, stored: MethodDraft | None = None
    ) -> None:
        """Raises `Forbidden` with the place of whatever in a method as asked for lies outside their rights.

        To be asked before the method is checked: what does not exist and what is not theirs are answered alike.
        """
        if self.everything:
            return
        problems: list[Mistake] = []
        hidden: list[Mistake] = []
        kind = METHOD_KINDS[draft.kind]
        if not kind.may_be_made(is_admin=False, leads=self.leads):
            message = (
                Message("Only who leads this session's group lets people enroll themselves.")
                if kind.made_by == "leaders"
                else Message("Only platform admins make methods of kind {kind}.", kind=kind.noun)
            )
            problems.append(_mistake("kind", message))
        if (rule := kind.derived_rule(draft)) is not None:
            reach = self.reach
            names = SeenNames(index, self.reader, self.actor_id)
            resolved, unknown = await index.sliced(lambda: resolve_steps(rule, names))
            problems += self._beyond(resolved, reach, index)
            kept = set() if stored is None or stored.rule is None else set(stored.rule.exclude)
            problems += [
                _mistake(
                    f"rule.exclude[{i}]",
                    Message("You may leave out only members of your groups and your team."),
                )
                for i, learner_id in enumerate(resolved.exclude)
                if learner_id not in kept and learner_id not in reach
            ]
            hidden = [Mistake(path=p.path, code=p.code, message=p.message) for p in unknown]
        if problems:
            raise Forbidden.about(problems, told=1)
        if hidden:
            raise Invalid.about(hidden, told=1)

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
            if not self.sight.opens(block, index) or not _people_named(block) <= reach:
                yield _mistake(
                    f"rule.blocks[{i}]",
                    Message("You may enroll only members of groups you are admin or coach of."),
                )
        for i, learner_id in enumerate(rule.include):
            if learner_id not in reach:
                yield _mistake(
                    f"rule.include[{i}]", Message("You may enroll only members of your groups and your team.")
                )


async def permit_for(actor: Actor, index: FacetIndex, session: Row) -> Permit:
    """The actor's rights in a session in which they may enroll at all (`session_for(…, "enroll")`)."""
    if actor.is_admin:
        everybody = index.learners
        return Permit(
            actor.id, True, True, True, AudienceScope(None), AudienceScope(None), everybody, BitMap()
        )
    staff = await is_session_staff(actor, session)
    sight = reader = await scope_of(actor)
    published = await is_published_to_team(actor, session)
    if not staff:
        # Groups one leads elsewhere do not count here.
        sight = AudienceScope(frozenset(), sight.named, manager=sight.manager)
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


async def require_no_closed_duty(permit: Permit, index: FacetIndex, session_id: int, people: BitMap) -> None:
    """Raises `Forbidden` where a mandatory method that the actor may not edit holds or wants one of them: it is not theirs to lift."""
    if permit.everything:
        return
    method = EnrollmentMethod
    rows = await method.select().where(
        method.session_id == session_id,
        method.mandatory.eq(True),
        method.state != "draft",
        method.deleted_at.is_null(),
    )
    for stored in map(stored_draft, rows):
        if not permit.opens(index, stored) and people & await _concerned(index, stored, people):
            raise Forbidden(CLOSED_DUTY)


async def _concerned(index: FacetIndex, stored: MethodDraft, among: BitMap) -> BitMap:
    """Those of some people whom a method holds, has waiting or, where it follows changes, wants now."""
    found = (index.source_holders(stored.id) | index.blocked_people(stored.id)) & among
    if not (stored.dynamic and stored.active and stored.rule is not None):
        return found
    rule, day = stored.rule, clock.today(index.timezone)
    try:
        return found | await index.sliced(lambda: index.evaluate_steps(rule, day, only=among))
    except BrokenRule:
        # Nobody can tell whom it wants; it has enrolled whom it holds.
        return found


def _people_named(block: Block) -> BitMap:
    """Whom its filters ask about by name."""
    asked = (leaf for leaf in leaves(block.filters) if isinstance(leaf, PersonFilter))
    return BitMap(learner for leaf in asked for learner in leaf.learners)


def _mistake(path: str, message: Message) -> Mistake:
    return Mistake(path=path, code="forbidden", message=message)
