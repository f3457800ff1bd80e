"""What facts decide about a rule's people, told one by one for following the log, and whether that has to be told anew."""

from collections.abc import Iterator

from backend.index.predicates import all_segments, opened
from backend.index.structure import Structure
from backend.rules import Facet, GroupFilter, ManagerFilter, PathResultFilter, Rule, facets_of
from backend.rules.dependencies import leaves


def facts_behind(rule: Rule, structure: Structure) -> Iterator[Facet]:
    """The facts that decide about the rule's people, groups with subgroups and sessions told one by one.

    A change of one membership then touches only the rules about that group or one above it.
    """
    for segment_id in all_segments(rule, structure):
        yield Facet("segment", segment_id)
    for one in opened(rule, structure):
        yield from (
            facet for facet in facets_of(one) if facet not in (Facet("membership"), Facet("enrollment"))
        )
        if any(
            isinstance(leaf, ManagerFilter) and leaf.indirect
            for block in one.blocks
            for leaf in leaves(block.filters)
        ):
            yield Facet("manager.indirect")
        yield from (Facet("membership", group) for groups in _closures(one, structure) for group in groups)
        yield from (Facet("enrollment", session) for of in _sessions(one, structure) for session in of)


def shape_of(rule: Rule, structure: Structure) -> int:
    """Changes whenever a group of the rule gets or loses a subgroup, or an activity of it a session.

    The facts behind a rule do not tell: a group that moves from one of its groups to another leaves them as they were.
    """
    return hash(
        tuple(
            (tuple(_closures(one, structure)), tuple(_sessions(one, structure)))
            for one in opened(rule, structure)
        )
    )


def _closures(rule: Rule, structure: Structure) -> Iterator[frozenset[int]]:
    """For each group that the rule names, that group with the subgroups that count."""
    for block in rule.blocks:
        named = [(block.groups, block.subgroups)]
        named += [
            (leaf.groups, leaf.subgroups) for leaf in leaves(block.filters) if isinstance(leaf, GroupFilter)
        ]
        for groups, subgroups in named:
            for group in groups:
                if isinstance(group, int):
                    yield frozenset(structure.descendants(group) if subgroups else (group,))


def _sessions(rule: Rule, structure: Structure) -> Iterator[frozenset[int]]:
    """For each activity that the rule asks enrollments of, its sessions."""
    for block in rule.blocks:
        for leaf in leaves(block.filters):
            if isinstance(leaf, PathResultFilter) and leaf.status in ("enrolled", "not_enrolled"):
                for path in leaf.paths:
                    if isinstance(path, int):
                        yield structure.sessions_of(path)
