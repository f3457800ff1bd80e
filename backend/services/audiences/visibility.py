"""What an actor may ask about an audience: nobody learns of people they may not see by playing with counts.

To all but platform admins a block that holds a group outside their rights is sealed: it is neither evaluated nor edited,
and each of its groups shows its own number only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyroaring import BitMap

from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.index.steps import Steps
from backend.rules import (
    Block,
    Filter,
    InvalidRule,
    Rule,
    convert,
    enrollments_asked,
    leaves,
    named_by,
)
from backend.schemas.audiences import SealedGroup
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import (
    instructed_sessions,
    joined_groups,
    led_groups,
    organises,
    team_groups,
)
from backend.services.errors import Forbidden
from backend.words import Message


class Place(Protocol):
    """A session, as far as it decides who sees its participants."""

    @property
    def group_id(self) -> int | None: ...


class Places(Protocol):
    """Where sessions belong: the index's structure, or what was read of it (`method_seals`)."""

    @property
    def sessions(self) -> Mapping[int, Place]: ...
    def sessions_of(self, activity_id: int) -> frozenset[int]: ...


@dataclass(frozen=True)
class AudienceScope:
    """Which groups an actor may evaluate (`groups`; None: all), and whose names they may read besides.

    `manager`: the actor, where they enroll their direct and indirect reports by name. `sessions` are those they instruct.
    """

    groups: frozenset[int] | None
    named: frozenset[int] = field(default_factory=frozenset)
    manager: int | None = None
    sessions: frozenset[int] = field(default_factory=frozenset)

    def opens(self, block: Block, places: Places) -> bool:
        """Whether the block may be evaluated for the actor."""
        if self.groups is None:
            return True
        used: set[object] = set(block.groups)
        for leaf in leaves(block.filters):
            used |= named_by(leaf, "group")
            if not self._opens_leaf(leaf, places):
                return False
        return not block.everyone and used <= self.groups

    def _opens_leaf(self, leaf: Filter, places: Places) -> bool:
        if named_by(leaf, "segment"):
            # A segment is site-wide: what it holds cannot be told apart from its number.
            return False
        # Who is enrolled is told only of sessions whose participants the actor may see.
        return all(
            self.views(session, places)
            for activity in enrollments_asked(leaf)
            for session in places.sessions_of(activity)
        )

    def seals(self, rule: Rule, places: Places) -> bool:
        """Whether any part of the rule is outside the actor's rights."""
        return any(not self.opens(block, places) for block in rule.blocks)

    def seals_method(self, kind: str, rule: object, places: Places) -> bool:
        """Whether a method with this stored rule is sealed: what cannot be read as a rule cannot be shown to be open."""
        if self.groups is None or (rule is None and METHOD_KINDS[kind].by_name):
            return False
        try:
            return self.seals(convert(rule), places)
        except InvalidRule:
            return True

    def seals_index_method(self, method: Method, places: Places) -> bool:
        """The same of a method as the index knows it."""
        if self.groups is None:
            return False
        if method.rule is None:
            return method.rule_broken or not METHOD_KINDS[method.kind].by_name
        return self.seals(method.rule, places)

    def views(self, session_id: int, places: Places) -> bool:
        """Whether the actor may see who is enrolled in the session."""
        if self.groups is None or session_id in self.sessions:
            return True
        session = places.sessions.get(session_id)
        return session is not None and session.group_id in self.groups

    def opened(self, rule: Rule, index: FacetIndex) -> Rule:
        """The part of the rule that may be evaluated for the actor."""
        if self.groups is None:
            return rule
        # Uniting all their groups takes time, and most rules name nobody.
        people = self.people(index) if rule.include or rule.exclude else BitMap()
        return Rule(
            [block for block in rule.blocks if self.opens(block, index)],
            [learner for learner in rule.include if learner in people],
            [learner for learner in rule.exclude if learner in people],
        )

    def people(self, index: FacetIndex) -> BitMap:
        """Everybody the actor may see through their groups and, as a manager, below them."""
        if self.groups is None:
            return index.countable
        return self.members(index) | self.team(index)

    def members(self, index: FacetIndex) -> BitMap:
        """Who is in the actor's groups, countable or not."""
        members = [index.members(group) for group in self.groups or ()]
        return BitMap.union(*members) if members else BitMap()

    def team(self, index: FacetIndex) -> BitMap:
        """The actor's direct and indirect reports, if managers enroll."""
        return BitMap() if self.manager is None else index.reports_of(self.manager)

    def hidden(self, index: FacetIndex, groups: Iterable[int]) -> frozenset[int]:
        """Those of `groups` that are private and not the actor's: they have no name."""
        if self.groups is None:
            return frozenset()
        private = (
            group for group in groups if (found := index.find_group(group)) is not None and found.private
        )
        return frozenset(private) - self.groups - self.named

    def sealed_steps(self, block: Block, index: FacetIndex) -> Steps[list[SealedGroup]]:
        """The groups of a sealed block, each with its own number of people; in steps, because they may be thousands."""
        found = []
        hidden = self.hidden(index, [group for group in block.groups if isinstance(group, int)])
        for group in block.groups:
            named = index.find_group(group)
            count = 0 if named is None else self._own_number(index, named.id, subgroups=block.subgroups)
            secret = group in hidden or named is None
            found.append(
                SealedGroup(
                    id=None if secret or named is None else named.id,
                    name=None if secret or named is None else named.name,
                    count=count,
                )
            )
            yield
        return found

    def _own_number(self, index: FacetIndex, group: int, *, subgroups: bool) -> int:
        """How many of a group count; the numbers of private groups below it are added, not counted once with the others'."""
        tree = index.descendants(group) if subgroups else (group,)
        hidden = self.hidden(index, tree)
        members = [index.members(one) for one in tree if one not in hidden]
        together = BitMap.union(*members) if members else BitMap()
        alone = sum(index.countable.intersection_cardinality(index.members(one)) for one in hidden)
        return index.countable.intersection_cardinality(together) + alone


async def scope_of(actor: Actor) -> AudienceScope:
    """What `actor` may ask. Raises `Forbidden` for those who organise nothing."""
    if actor.is_admin:
        return AudienceScope(None)
    if not await organises(actor):
        raise Forbidden(Message("Audiences are for those who enroll others."))
    return await reading_scope(actor)


async def reading_scope(actor: Actor) -> AudienceScope:
    """How much of what is shown to `actor` anyway they may read: those who organise nothing see no group's people."""
    if actor.is_admin:
        return AudienceScope(None)
    manager = actor.id if await team_groups(actor) else None
    return AudienceScope(
        await led_groups(actor), await joined_groups(actor), manager, await instructed_sessions(actor)
    )
