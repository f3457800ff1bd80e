"""The part of an audience's rule that is about one person: what covers them, or what they still lack."""

from datetime import date

import msgspec
from pyroaring import BitMap

from backend.index import BrokenRule, FacetIndex
from backend.rules import Block, Rule

# A rule of more groups, filters and blocks is told whole: each of them is asked about by itself, on the event loop.
MOST_PARTS = 30


class OwnReasons:
    """Asks an index about one person on one day."""

    def __init__(self, index: FacetIndex, learner_id: int, day: date) -> None:
        self.index = index
        self.learner_id = learner_id
        self.day = day

    def covering(self, rule: Rule) -> Rule:
        """What of the rule covers them: the blocks and groups they are in. All of it where that cannot be told apart."""
        if _too_many(rule):
            return rule
        try:
            blocks = [self._own(block) for block in rule.blocks if self._holds(block)]
        except BrokenRule:
            return rule
        include = [self.learner_id] if self.learner_id in rule.include else []
        return Rule(blocks, include) if blocks or include else rule

    def attainable(self, rule: Rule) -> Rule | None:
        """What they can do to be covered: the nearest block that lacks nothing but results and certificates; None without one."""
        if _too_many(rule) or self.learner_id in rule.exclude:
            return None
        try:
            rests = [
                rest
                for block in rule.blocks
                if (rest := self._rest(block)) is not None
                and all(one.earned for one in rest[1].filters)
                and (block.everyone or self._holds(Block(groups=block.groups, subgroups=block.subgroups)))
            ]
        except BrokenRule:
            return None
        return Rule([min(rests, key=lambda rest: rest[0])[1]]) if rests else None

    def _own(self, block: Block) -> Block:
        groups = [
            group for group in block.groups if self._holds(Block(groups=[group], subgroups=block.subgroups))
        ]
        return msgspec.structs.replace(block, groups=groups)

    def _rest(self, block: Block) -> tuple[int, Block] | None:
        """How much is lacking, and the block without the filters that hold; None when nothing is lacking."""
        filters = [found for found in block.filters if not self._holds(Block(everyone=True, filters=[found]))]
        if block.everyone or self._holds(Block(groups=block.groups, subgroups=block.subgroups)):
            own = msgspec.structs.replace(self._own(block), filters=filters)
            return (len(filters), own) if filters else None
        return len(filters) + 1, msgspec.structs.replace(block, filters=filters)

    def _holds(self, block: Block) -> bool:
        return bool(self.index.evaluate(Rule([block]), self.day, only=BitMap([self.learner_id])))


def _too_many(rule: Rule) -> bool:
    return sum(1 + len(block.groups) + len(block.filters) for block in rule.blocks) > MOST_PARTS
