"""From a rule to the set of its people on a day, with bitmaps.

Every filter becomes a `Signed` set; nothing here reads a clock. The rule has been checked (`rule_check.broken_parts_steps`).
What may take long is made of steps, between which others can have their turn (`steps`).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pyroaring import BitMap

from backend.index.evaluating.cache import Cache
from backend.index.evaluating.predicates import cache_dependencies_of, may_ask_the_day
from backend.index.facts.learner_facts import Facts
from backend.index.facts.signed_sets import Signed
from backend.index.facts.structure import Structure
from backend.index.facts.values import union
from backend.index.filters.nested import combined_steps
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps, each_of, finish
from backend.rules import Block, Combination, Filter, Rule
from backend.rules.dependencies import spelled

# Up to so many people it is cheaper to ask about them alone than about everybody.
FEW = 256
# Fewer bitmaps than this are united faster than remembered.
WORTH_REMEMBERING = 8
# A set this much smaller than the groups together is narrowed by each group, instead of uniting the groups first.
FAR_FEWER = 2
# So many bitmaps are united in one step, and of so many people together: two milliseconds where each holds a few percent of a
# million, which takes longer than dense ones.
UNITED_AT_ONCE = 128
PEOPLE_AT_ONCE = 2_000_000


def portions_of(parts: list[BitMap]) -> list[list[BitMap]]:
    """The bitmaps, in portions that are united in a step each; at least one, which may be empty."""
    portions: list[list[BitMap]] = [[]]
    people = 0
    for part in parts:
        people += len(part)
        if portions[-1] and (people > PEOPLE_AT_ONCE or len(portions[-1]) == UNITED_AT_ONCE):
            portions.append([])
            people = len(part)
        portions[-1].append(part)
    return portions


class Evaluator:
    """Evaluates rules over `facts` and `structure` on one day.

    `only` asks about some learners alone. About a few, sets are computed just for them and nothing is remembered; about
    many, sets of everybody are computed, and shared with whoever asks next. `rule_steps` and `block_steps` can be
    interrupted between steps, as long as the facts stand still; `rule` and the others do the same in one go.
    """

    def __init__(
        self,
        facts: Facts,
        structure: Structure,
        day: date,
        cache: Cache | None = None,
        only: BitMap | None = None,
    ) -> None:
        self.facts = facts
        self.structure = structure
        self.day = day
        few = only is not None and (cache is None or len(only) <= FEW)
        self.cache = None if few else cache
        self.only = only if few else None
        self.countable = facts.countable if only is None else facts.countable & only
        # Segments are people too: what is remembered must not be narrowed to `only`. Not itself: a circle would have to
        # be collected after every question.
        self.whole = None if few or only is None else Evaluator(facts, structure, day, cache)

    # ── in one go ────────────────────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule) -> BitMap:
        """The people of the rule; a new bitmap."""
        return finish(self.rule_steps(rule))

    def filter(self, found: Filter) -> Signed:
        """The people for whom the filter holds, countable or not."""
        return finish(self.filter_steps(found))

    def groups(self, groups: Sequence[Any], *, subgroups: bool) -> BitMap:
        """Members of any of the groups; not to be changed by the caller."""
        return finish(self.group_steps(groups, subgroups=subgroups))

    def segment(self, segment_id: int) -> BitMap:
        """The people of the segment."""
        return finish(self.segment_steps(segment_id))

    # ── rules and blocks ─────────────────────────────────────────────────────────────────────────────────────────

    def rule_steps(self, rule: Rule) -> Steps[BitMap]:
        """The people of the rule; a new bitmap."""
        found = BitMap()
        for block in rule.blocks:
            found |= yield from self.block_steps(block)
        if rule.include:
            found |= self.countable & BitMap(rule.include)
        if rule.exclude:
            found -= BitMap(rule.exclude)
        return found

    def block_steps(self, block: Block) -> Steps[BitMap]:
        """The people of the block; not to be changed by the caller.

        The smallest set comes first: all others only have to narrow what is left.
        """
        groups = [self.countable] if block.everyone else (yield from self.group_parts_steps(block))
        if not groups:
            return BitMap()
        sets = yield from each_of(map(self.filter_steps, block.filters))
        positive = sorted((one.bits for one in sets if not one.negated), key=len)
        if self.only is not None:
            positive.insert(0, self.countable)
        if positive and len(positive[0]) * FAR_FEWER < sum(map(len, groups)):
            found = positive[0]
            for bits in positive[1:]:
                found = found & bits
            found = union([found & group for group in groups])
        else:
            found = union(groups)
            for bits in positive:
                found = found & bits
        yield
        for one in sets:
            if one.negated:
                found = found - one.bits
        return self.countable & found

    def group_parts_steps(self, block: Block) -> Steps[list[BitMap]]:
        """Bitmaps whose union are the members of the block's groups."""
        wanted = self._wanted(block.groups, subgroups=block.subgroups)
        if len(wanted) < WORTH_REMEMBERING:
            return self._members(wanted)
        return [(yield from self.group_steps(block.groups, subgroups=block.subgroups))]

    def base_steps(self, block: Block) -> Steps[BitMap]:
        """The countable people of the block's groups; not to be changed by the caller."""
        if block.everyone:
            return self.countable
        return self.countable & (yield from self.group_steps(block.groups, subgroups=block.subgroups))

    def shared_base_steps(self, block: Block) -> Steps[BitMap]:
        """The same, where thousands of blocks name the same groups: each group with many subgroups is united once."""
        if block.everyone or not block.subgroups or len(block.groups) > UNITED_AT_ONCE:
            return (yield from self.base_steps(block))
        parts = yield from each_of(self.group_steps([group], subgroups=True) for group in block.groups)
        return self.countable & self.union(parts)

    def group_steps(self, groups: Sequence[Any], *, subgroups: bool) -> Steps[BitMap]:
        """Members of any of the groups; not to be changed by the caller."""
        wanted = self._wanted(groups, subgroups=subgroups)
        if self.cache is None or len(wanted) < WORTH_REMEMBERING:
            return (yield from self.union_steps(self._members(wanted)))
        key = ("groups", tuple(groups), subgroups)
        held = self.cache.get(key)
        if held is None:
            held = yield from self.union_steps(self._members(wanted))
            self.cache.keep(key, held, {"membership": BitMap(wanted)})
        return held

    def _wanted(self, groups: Sequence[Any], *, subgroups: bool) -> set[Any]:
        wanted = set(groups)
        if subgroups:
            for group in groups:
                if (below := self.structure.descendants(group)) != (group,):
                    wanted.update(below)
        return wanted

    def _members(self, groups: Iterable[int]) -> list[BitMap]:
        """Direct members of each group that has any."""
        held = self.facts.groups
        return [held[group] for group in groups if group in held]

    def union_steps(self, parts: list[BitMap]) -> Steps[BitMap]:
        """The union, of those of interest only; not to be changed by the caller."""
        first, *more = portions_of(parts)
        if not more:
            return self.union(parts)
        # Uniting many at once is fast for the first ones; adding to what is dense already is faster still.
        found = BitMap() | self.union(first)
        for portion in more:
            yield
            if self.only is not None:
                found |= self.union(portion)
                continue
            for part in portion:
                found |= part
        return found

    def union(self, parts: list[BitMap]) -> BitMap:
        if self.only is None:
            return union(parts)
        if len(parts) < 4:
            return union(parts) & self.only
        return union([part & self.only for part in parts if part.intersect(self.only)])

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filter_steps(self, found: Filter) -> Steps[Signed]:
        """The people for whom the filter holds, countable or not."""
        if isinstance(found, Combination):
            inner = yield from each_of(map(self.filter_steps, found.of))
            return (yield from combined_steps(found, inner))
        return Signed((yield from self.positive_steps(found)), found.negated)

    def positive_steps(self, found: Filter) -> Steps[BitMap]:
        """The people for whom the filter without its negation holds, remembered until one of its facts changes."""
        evaluation = evaluation_of(found)
        if self.cache is None:
            return (yield from evaluation.people_steps(found, self))
        key = (spelled(found), self.day if may_ask_the_day(found) else None)
        held = self.cache.get(key)
        if held is None:
            held = yield from evaluation.people_steps(found, self.whole or self)
            self.cache.keep(key, held, cache_dependencies_of(found, self.structure))
        return held

    def matching_steps(self, asked: list[list[BitMap]], *, every: bool) -> Steps[BitMap]:
        """Those in any (or in every) of the sets, each of which is the union of its bitmaps; not to be changed."""
        sets = yield from each_of(map(self.union_steps, asked))
        if not every:
            return (yield from self.union_steps(sets))
        found = sets[0] if len(sets) == 1 else BitMap.intersection(*sets)
        return found if self.only is None else found & self.only

    def segment_steps(self, segment_id: int) -> Steps[BitMap]:
        segment = self.structure.segments[segment_id]
        assert segment.rule is not None  # noqa: S101 - the rule's check has refused it
        return (yield from self.rule_steps(segment.rule))
