"""Named audiences inside others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from backend.index.facts.values import union
from backend.index.filters.base import FilterEvaluation, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps, each_of
from backend.rules import Problem, SegmentFilter

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader


@evaluates(SegmentFilter)
class SegmentEvaluation(FilterEvaluation[SegmentFilter]):
    """The people of the segments' rules. These may ask about managers, so other people's facts may decide."""

    rests_on_others = True

    def people_steps(self, found: SegmentFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        people = yield from each_of(map(evaluator.segment_steps, found.segments))
        return union(people)

    def problems(self, found: SegmentFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        return check.segments(found.segments, f"{path}.segments")

    def rests_on(self, found: SegmentFilter, rested_on: RestedOn) -> None:
        rested_on.add("segment", found.segments)

    def actual(self, found: SegmentFilter, reader: "FactReader", person: PersonAsked) -> str:
        return reader.segments(found.segments, person.in_segment)
