"""Who manages people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.facts.structure import Structure
from backend.index.facts.teams import reports_below
from backend.index.filters.base import FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.steps import Steps
from backend.rules import Facet, ManagerFilter, Problem

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex

# So many teams are gathered in one step.
TEAMS_AT_ONCE = 256
# What a rule follows that asks who manages anybody: the manager before and after a change, and not who has one.
IS_MANAGER = Facet("manager.is_manager")


@evaluates(ManagerFilter)
class ManagerEvaluation(FilterEvaluation[ManagerFilter]):
    """Those who report to the people named; with `indirect`, at any height. Who manages others decides about these, too.

    `is_manager`: those to whom somebody reports, whatever the status of who does.
    """

    rests_on_others = True

    def people_steps(self, found: ManagerFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        managers = evaluator.facts.manager
        if found.op == "is_manager":
            return (yield from evaluator.union_steps([BitMap(managers.bitmaps)]))
        if not found.indirect:
            return (yield from evaluator.union_steps(managers.having(found.managers)))
        teams = []
        for team in reports_below(managers.bitmaps, found.managers):
            teams.append(team)
            if len(teams) % TEAMS_AT_ONCE == 0:
                yield
        return (yield from evaluator.union_steps(teams))

    def problems(self, found: ManagerFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        return check.known(found.managers, check.learners, f"{path}.managers", "learner")

    def followed_facets(self, found: ManagerFilter, structure: Structure) -> Iterator[Facet]:
        yield from found.facets()
        if found.indirect:
            yield Facet("manager.indirect")
        if found.op == "is_manager":
            yield IS_MANAGER

    def decided_by_others(self, found: ManagerFilter) -> bool:
        return found.op == "is_manager"

    def actual(self, found: ManagerFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.manages(person.id) if found.op == "is_manager" else reader.manager_of(person.id)

    def listed(self, found: ManagerFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        if found.op == "is_manager":
            return bool(index.team(person.row["id"]))
        return person.row["manager_id"]
