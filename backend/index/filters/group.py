"""Membership of groups."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.facts.structure import Structure
from backend.index.filters.base import CacheDependencies, FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps
from backend.rules import Facet, GroupFilter, Problem

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex


@evaluates(GroupFilter)
class GroupEvaluation(FilterEvaluation[GroupFilter]):
    """Members of any of the groups, subgroups with them if asked for."""

    def people_steps(self, found: GroupFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        return (yield from evaluator.group_steps(found.groups, subgroups=found.subgroups))

    def problems(self, found: GroupFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        return check.groups(found.groups, f"{path}.groups")

    def rests_on(self, found: GroupFilter, rested_on: RestedOn) -> None:
        rested_on.add_groups(found.groups, subgroups=found.subgroups)

    def followed_facets(self, found: GroupFilter, structure: Structure) -> Iterator[Facet]:
        return (Facet("membership", group) for groups in self.shape(found, structure) for group in groups)

    def shape(self, found: GroupFilter, structure: Structure) -> Iterator[frozenset[int]]:
        return closures(found.groups, structure, subgroups=found.subgroups)

    def cache_dependencies(self, found: GroupFilter, structure: Structure) -> CacheDependencies:
        inside = BitMap(groups_inside(found.groups, structure, subgroups=found.subgroups))
        # Any group may come under these.
        return {"membership": inside, "learner_group": None} if found.subgroups else {"membership": inside}

    def actual(self, found: GroupFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.groups(person.id, found.groups, subgroups=found.subgroups)

    def listed(self, found: GroupFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        own = {group for group, _ in person.row["groups"]}
        return [named.name for group in found.groups if group in own and (named := index.find_group(group))]


def groups_inside(groups: Iterable[Any], structure: Structure, *, subgroups: bool) -> set[Any]:
    """Thousands of groups have most of their subgroups in common: each once."""
    named = set(groups)
    return set(chain.from_iterable(map(structure.descendants, named))) if subgroups else named


def closures(groups: Iterable[Any], structure: Structure, *, subgroups: bool) -> Iterator[frozenset[int]]:
    """For each group that is named, that group with the subgroups that count."""
    for group in groups:
        if isinstance(group, int):
            yield frozenset(structure.descendants(group) if subgroups else (group,))
