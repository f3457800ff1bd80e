"""Why a person is, or is not, in an audience: a tree that mirrors the rule.

Every node says whether it holds, what is actually so, since when, and on which day time alone will turn it.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime

import msgspec
from msgspec import UNSET, UnsetType
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.forecast import Turning
from backend.index.evaluating.predicates import opened_facets
from backend.index.explaining.fact_reader import FactReader
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps, each_of
from backend.rules import Block, Facet, Filter, Nested, Rule

# A person with more turning days than this is asked about the nearest ones only.
TURNING_DAYS = 400


class NextChange(msgspec.Struct, frozen=True):
    """On `date` the answer becomes `becomes`, unless a fact changes first."""

    date: date
    becomes: bool


class Node(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One part of a rule, asked about one person.

    `actual` is what is so, in words; `since` when the facts behind it were last changed; `of` are the nested filters.
    """

    matches: bool
    type: str | UnsetType = UNSET
    actual: str | UnsetType = UNSET
    since: datetime | UnsetType = UNSET
    next_change: NextChange | UnsetType = UNSET
    of: "list[Node] | UnsetType" = UNSET


class BlockNode(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Holds when `groups` and every one of `filters` hold."""

    matches: bool
    groups: Node
    filters: list[Node]
    next_change: NextChange | UnsetType = UNSET


class RuleNode(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Holds when `status` holds, and a block or `include`, and not `exclude`."""

    matches: bool
    status: Node
    blocks: list[BlockNode]
    include: Node
    exclude: Node
    next_change: NextChange | UnsetType = UNSET


class Explanation(msgspec.Struct):
    """The answer about one person, with its reasons."""

    matches: bool
    tree: RuleNode


class Explainer:
    """Explains rules about one learner over the facts and day of `evaluator`; in the words of `reader`."""

    def __init__(self, evaluator: Evaluator, learner_id: int, reader: FactReader) -> None:
        self.learner_id = learner_id
        self.reader = reader
        self.facts = evaluator.facts
        self.structure = evaluator.structure
        self.day = evaluator.day
        self.now = self._on(evaluator.day)
        # Which facts each node rests on: `fill_since` asks the log about them.
        self.rests: list[tuple[Node, frozenset[Facet]]] = []

    def _on(self, day: date) -> Evaluator:
        return Evaluator(self.facts, self.structure, day, only=BitMap([self.learner_id]))

    # ── the tree ─────────────────────────────────────────────────────────────────────────────────────────────────

    def explain_steps(self, rule: Rule) -> Steps[Explanation]:
        """The tree, without `since` (`fill_since` puts it in), in steps of a filter. The rule has been checked."""
        status = Node(
            matches=self.learner_id in self.facts.countable, actual=self.reader.status(self.learner_id)
        )
        self.rests.append((status, frozenset({Facet("status")})))
        include, exclude = (Node(matches=self.learner_id in ids) for ids in (rule.include, rule.exclude))
        blocks = yield from each_of(map(self.block_steps, rule.blocks))
        chosen = any(block.matches for block in blocks) or include.matches
        matches = status.matches and chosen and not exclude.matches

        def ask(then: Evaluator) -> Steps[bool]:
            people = yield from then.rule_steps(rule)
            return self.learner_id in people

        turns = yield from self.turning_steps(rule, ask, matches=matches)
        tree = RuleNode(
            matches=matches, status=status, blocks=blocks, include=include, exclude=exclude, next_change=turns
        )
        return Explanation(matches, tree)

    def block_steps(self, block: Block) -> Steps[BlockNode]:
        groups = self.groups(block)
        filters = yield from each_of(map(self.filter_steps, block.filters))
        matches = groups.matches and all(node.matches for node in filters)

        def ask(then: Evaluator) -> Steps[bool]:
            for found in block.filters if groups.matches else []:
                people = yield from then.filter_steps(found)
                yield
                if not people.holds(self.learner_id):
                    return False
            return groups.matches

        turns = yield from self.turning_steps(Rule([block]), ask, matches=matches)
        return BlockNode(matches=matches, groups=groups, filters=filters, next_change=turns)

    def groups(self, block: Block) -> Node:
        if block.everyone:
            return Node(matches=True)
        held = self.now.groups(block.groups, subgroups=block.subgroups)
        actual = self.reader.groups(self.learner_id, block.groups, subgroups=block.subgroups)
        node = Node(matches=self.learner_id in held, actual=actual)
        self.rests.append(
            (node, opened_facets(Rule([Block(block.groups, block.subgroups)]), self.structure) - _STATUS)
        )
        return node

    def filter_steps(self, found: Filter) -> Steps[Node]:
        def ask(then: Evaluator) -> Steps[bool]:
            people = yield from then.filter_steps(found)
            return people.holds(self.learner_id)

        rule = Rule([Block(everyone=True, filters=[found])])
        matches = yield from ask(self.now)
        node = Node(
            matches=matches,
            type=str(found.__struct_config__.tag),
            next_change=(yield from self.turning_steps(rule, ask, matches=matches)),
        )
        if isinstance(found, Nested):
            node.of = yield from each_of(map(self.filter_steps, found.of))
            return node
        node.actual = self.reader.filter(
            found, self.learner_id, self.day, lambda segment: self.learner_id in self.now.segment(segment)
        )
        if not evaluation_of(found).decided_by_others(found):
            self.rests.append((node, opened_facets(rule, self.structure) - _STATUS))
        return node

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def turning_steps(
        self, part: Rule, ask: Callable[[Evaluator], Steps[bool]], *, matches: bool
    ) -> Steps[NextChange | UnsetType]:
        """When time alone turns the answer of a part of the rule."""
        days = Turning(part, self.structure, self.facts).next_days(self.learner_id, self.day)
        for day in days[:TURNING_DAYS]:
            becomes = yield from ask(self._on(day))
            yield
            if becomes is not matches:
                return NextChange(day, becomes)
        return UNSET

    def fill_since(self, latest: Mapping[Facet, datetime]) -> None:
        """Put in since when each node's facts are as they are; `latest` tells when each of the person's last changed."""
        for node, facets in self.rests:
            instants = [latest[facet] for facet in facets & latest.keys()]
            if instants:
                node.since = max(instants)


_STATUS = frozenset({Facet("status")})
