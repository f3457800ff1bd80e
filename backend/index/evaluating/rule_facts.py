"""What facts decide about a rule's people, told one by one for following the log, and whether that has to be told anew."""

from collections.abc import Iterator
from functools import lru_cache

from backend.index.evaluating.predicates import all_segments, opened
from backend.index.facts.structure import Structure
from backend.index.filters.group import closures
from backend.index.filters.registry import evaluation_of
from backend.rules import Facet, Rule, leaves_of

MOST_SHARED = 65_536


def rule_facts(rule: Rule, structure: Structure) -> Iterator[Facet]:
    """The facts that decide about the rule's people, groups with subgroups and sessions told one by one.

    A change of one membership then touches only the rules about that group or one above it.
    """
    for segment_id in all_segments(rule, structure):
        yield Facet("segment", segment_id)
    for one in opened(rule, structure):
        yield Facet("status")
        yield from (Facet("membership", group) for groups in _closures(one, structure) for group in groups)
        for leaf in leaves_of(one):
            yield from evaluation_of(leaf).followed_facets(leaf, structure)


@lru_cache(maxsize=MOST_SHARED)
def shared(facet: Facet) -> Facet:
    """One object for all that are equal: thousands of rules rest on the same facts."""
    return facet


def shape_of(rule: Rule, structure: Structure) -> int:
    """Changes whenever a group of the rule gets or loses a subgroup, or an activity of it a session.

    The facts behind a rule do not tell: a group that moves from one of its groups to another leaves them as they were.
    """
    return hash(
        tuple(
            (
                tuple(_closures(one, structure)),
                tuple(part for leaf in leaves_of(one) for part in evaluation_of(leaf).shape(leaf, structure)),
            )
            for one in opened(rule, structure)
        )
    )


def _closures(rule: Rule, structure: Structure) -> Iterator[frozenset[int]]:
    """For each group that a block names, that group with the subgroups that count."""
    for block in rule.blocks:
        yield from closures(block.groups, structure, subgroups=block.subgroups)
