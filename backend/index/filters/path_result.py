"""Where people stand on activities."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.enrollment.events import LIVE
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.facts.values import Values
from backend.index.filters.base import Asked, CacheDependencies, FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.days import later
from backend.index.filters.registry import evaluates
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps
from backend.rules import Facet, PathResultFilter, Problem

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex
    from backend.index.vectors.questions import Questions


@evaluates(PathResultFilter)
class PathResultEvaluation(FilterEvaluation[PathResultFilter]):
    """Those who completed (…) the activities; or who are enrolled in any of their sessions."""

    def people_steps(self, found: PathResultFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        if found.of_days:
            sets = [_parts_then(found, path, evaluator.facts, evaluator.day) for path in found.paths]
        else:
            sets = [standing_parts(found, path, evaluator.facts, evaluator.structure) for path in found.paths]
        return (yield from evaluator.matching_steps(sets, every=asks_every(found)))

    def problems(self, found: PathResultFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        yield from check.known(found.paths, check.structure.activities, f"{path}.paths", "activity")
        yield from check.known(found.sessions or [], check.structure.sessions, f"{path}.sessions", "session")

    def rests_on(self, found: PathResultFilter, rested_on: RestedOn) -> None:
        rested_on.add("activity", found.paths)
        if found.of_enrollments:
            rested_on.add_enrollments(found.paths)
        else:
            rested_on.add("result", found.paths)

    def cache_dependencies(self, found: PathResultFilter, structure: Structure) -> CacheDependencies:
        activities = BitMap(found.paths)  # type: ignore[arg-type]  # resolved
        if not found.of_enrollments:
            return {"activity": activities, "result": activities}
        sessions = BitMap.union(BitMap(), *(BitMap(structure.sessions_of(one)) for one in activities))
        return {"activity": activities, "session": None, "enrollment": sessions}

    def followed_facets(self, found: PathResultFilter, structure: Structure) -> Iterator[Facet]:
        if not found.of_enrollments:
            yield from found.facets()
            return
        # Which sessions it has is told by these alone, as long as it has none.
        yield from (Facet("activity", path) for path in found.paths if isinstance(path, int))
        yield from (Facet("enrollment", session) for of in self.shape(found, structure) for session in of)

    def shape(self, found: PathResultFilter, structure: Structure) -> Iterator[frozenset[int]]:
        if found.of_enrollments:
            for path in found.paths:
                if isinstance(path, int):
                    yield _sessions(found, path, structure)

    def actual(self, found: PathResultFilter, reader: "FactReader", person: PersonAsked) -> str:
        def tell(path: int) -> str:
            if found.of_enrollments:
                return reader.enrolled(person.id, path)
            values = _days_of(found, path, reader.facts) if found.of_days else None
            day = None if values is None else values.of(person.id)
            if day is None:
                return reader.standing(person.id, path)
            return reader.reached(day, later(day, found.days_ago or 0), found.since)

        return reader.each(found.paths, reader.structure.activities, tell)

    def turned(self, found: PathResultFilter, facts: Facts, day: date) -> list[BitMap]:
        parts: list[BitMap] = []
        for path in found.paths:
            values = _days_of(found, path, facts)
            parts += [] if values is None else values.having([later(day, -(found.days_ago or 0))])
        return parts

    def turning_days(
        self, found: PathResultFilter, facts: Facts, learner_id: int, after: date
    ) -> Iterable[date]:
        for path in found.paths:
            values = _days_of(found, path, facts)
            day = None if values is None else values.of(learner_id)
            if day is not None:
                yield later(day, found.days_ago or 0)

    def listed(self, found: PathResultFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        learner_id = person.row["id"]
        return {str(path): index.standing(path, learner_id) for path in found.paths}  # type: ignore[arg-type]  # resolved

    def asks_one(self, found: PathResultFilter, questions: "Questions") -> Asked | None:
        if found.of_enrollments or found.of_days:
            return None
        every = all if asks_every(found) else any
        facts, structure = questions.facts, questions.structure

        def asked(learner: int) -> bool:
            stands = (
                any(learner in part for part in standing_parts(found, path, facts, structure))
                for path in found.paths
            )
            return every(stands) is not found.negated

        return asked


def _sessions(found: PathResultFilter, path: int, structure: Structure) -> frozenset[int]:
    """The sessions of the activity that count."""
    of_it = structure.sessions_of(path)
    return of_it if found.sessions is None else of_it.intersection(found.sessions)


def standing_parts(found: PathResultFilter, path: Any, facts: Facts, structure: Structure) -> list[BitMap]:
    """Bitmaps of those who completed (…) the activity, whichever way round the filter asks."""
    status = found.status.removeprefix("not_")
    if status == "enrolled":
        return [
            part
            for session in _sessions(found, path, structure)
            if session in facts.enrollments
            for part in facts.enrollments[session].states.having(LIVE)
        ]
    results = facts.results.get(path)
    if results is None:
        return []
    if status == "started":
        return [results.statuses.present]
    return [results.successful] if status == "successful" else results.statuses.having(["completed"])


def _days_of(found: PathResultFilter, path: Any, facts: Facts) -> Values[date] | None:
    """The days on which people completed the activity, or succeeded in it."""
    results = facts.results.get(path)
    if results is None:
        return None
    return results.completed_on if found.status == "completed" else results.succeeded_on


def _parts_then(found: PathResultFilter, path: Any, facts: Facts, day: date) -> list[BitMap]:
    """Bitmaps of those who did so early enough and not too early; of whom the day is not known it cannot be said."""
    values = _days_of(found, path, facts)
    latest = later(day, -found.days_ago) if found.days_ago else None
    return [] if values is None else values.between(found.since, latest)


def asks_every(found: PathResultFilter) -> bool:
    """Whether the filter, its negation left out, holds where every path stands so.

    The status is asked of each: who lacks at least one are those, turned round, who have every one.
    """
    return (found.match == "all") is not found.negated
