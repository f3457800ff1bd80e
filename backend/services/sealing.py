"""What an actor may ask about an audience: nobody learns of people they may not see by playing with counts.

To all but platform admins a block that holds a group outside their rights is sealed: it is neither evaluated nor edited,
and each of its groups shows its own number only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import msgspec
from pyroaring import BitMap

from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.rules import Block, GroupFilter, Rule, SegmentFilter
from backend.rules.dependencies import leaves
from backend.schemas.audience import SealedGroup
from backend.services.actor import Actor
from backend.services.errors import Forbidden
from backend.services.reach import joined_groups, led_groups, organises, team_groups


@dataclass(frozen=True)
class Sight:
    """Which groups an actor may evaluate (`groups`; None: all), and whose names they may read besides.

    `manager`: the actor, where they enroll their direct and indirect reports by name.
    """

    groups: frozenset[int] | None
    named: frozenset[int] = field(default_factory=frozenset)
    manager: int | None = None

    def opens(self, block: Block) -> bool:
        """Whether the block may be evaluated for the actor."""
        if self.groups is None:
            return True
        used: set[object] = set(block.groups)
        for leaf in leaves(block.filters):
            if isinstance(leaf, SegmentFilter):
                # A segment is site-wide: what it holds cannot be told apart from its number.
                return False
            if isinstance(leaf, GroupFilter):
                used.update(leaf.groups)
        return not block.everyone and used <= self.groups

    def opened(self, rule: Rule, index: FacetIndex) -> Rule:
        """The part of the rule that may be evaluated for the actor."""
        if self.groups is None:
            return rule
        # Uniting all their groups takes time, and most rules name nobody.
        people = self.people(index) if rule.include or rule.exclude else BitMap()
        return Rule(
            [block for block in rule.blocks if self.opens(block)],
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
        members = [index.facts.members(group) for group in self.groups or ()]
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
            alone = Rule([msgspec.structs.replace(block, groups=[group], filters=[])])
            count = 0 if named is None else len(index.evaluate(alone, date.min))
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


async def sight_of(actor: Actor) -> Sight:
    """What `actor` may ask. Raises `Forbidden` for those who organise nothing."""
    if actor.is_admin:
        return Sight(None)
    if not await organises(actor):
        raise Forbidden("Audiences are for those who enroll others.")
    manager = actor.id if await team_groups(actor) else None
    return Sight(await led_groups(actor), await joined_groups(actor), manager)
