"""What is asked about what rules rest on, as methods of the index."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeVar

from backend.index.evaluating.predicates import (
    PredicateIndex,
    depends_on_time,
    opened,
    opened_facets,
    opened_facets_steps,
)
from backend.index.evaluating.rule_facts import rule_facts, shape_of, shared
from backend.index.facts.changes import Batch
from backend.index.facts.structure import Structure
from backend.index.steps import Steps
from backend.rules import Facet, Rule

K = TypeVar("K", bound=Hashable)


class DependencyQueries:
    """Answers from the structure. They hold until it changes."""

    structure: Structure

    def facets(self, rule: Rule) -> frozenset[Facet]:
        """The facts whose changes can change the rule's people, segments inside it opened."""
        return opened_facets(rule, self.structure)

    def rule_facts(self, rule: Rule) -> frozenset[Facet]:
        """The facts that decide about the rule's people, told one by one for following the log."""
        # By way of a set, for what grows one by one keeps room to grow.
        return frozenset({shared(facet) for facet in rule_facts(rule, self.structure)})

    def rule_shape(self, rule: Rule) -> int:
        """Changes whenever `rule_facts` has to be told anew though the rule is the same."""
        return shape_of(rule, self.structure)

    def opened(self, rule: Rule) -> Iterator[Rule]:
        """The rule and those of its segments, at any depth, that have one."""
        return opened(rule, self.structure)

    def facets_steps(self, rule: Rule) -> Steps[frozenset[Facet]]:
        """`facets` in steps."""
        return opened_facets_steps(rule, self.structure)

    def depends_on_time(self, rule: Rule) -> bool:
        """Whether time alone can change the rule's people, segments inside it opened."""
        return depends_on_time(rule, self.structure)

    def affected(self, batch: Batch, predicates: PredicateIndex[K]) -> set[K]:
        """The rules whose people the batch can have changed; all of them when the index was loaded afresh.

        Where the batch changed structure, put the rules affected into `predicates` again: their facets may differ.
        """
        return predicates.keys() if batch.reloaded else predicates.affected(batch.meaning())

    def predicates(self, rules: Mapping[Any, Rule]) -> PredicateIndex[Any]:
        """An index from facts to these rules."""
        made: PredicateIndex[Any] = PredicateIndex()
        for key, rule in rules.items():
            made.put(key, self.facets(rule))
        return made
