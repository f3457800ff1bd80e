"""The day on which people were added."""

from collections.abc import Iterator
from typing import Literal

from backend.rules import limits
from backend.rules.calendar import SAID, in_calendar
from backend.rules.facets import Facet, References
from backend.rules.field_types import parse_day
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import LISTED, Sentence
from backend.rules.sentence_parts import Parts
from backend.words import Message

AddedOperator = Literal["before", "after", "between", "last_days"]
_SENTENCES: dict[AddedOperator, Message] = {
    "before": Message("who were added before {day}"),
    "after": Message("who were added after {day}"),
    "between": Message("who were added between {days}"),
    "last_days": Message("who were added in the last {count} days"),
}


@register
class AddedFilter(Filter, frozen=True, tag="added"):
    """The day the person was added: dates `YYYY-MM-DD`, or a number of days for `last_days`."""

    op: AddedOperator
    values: list[str | int]

    def resolved(self, checks: FilterChecks, path: str) -> "AddedFilter":
        path = f"{path}.values"
        if self.op == "last_days":
            checks.days(self.values, path, self.op, least=1, most=limits.LAST_DAYS)
            return self
        checks.arity(self.values, path, 2 if self.op == "between" else 1, self.op)
        days = [parse_day(value) for value in self.values[: limits.VALUES]]
        for i, day in enumerate(days):
            if day is None:
                checks.add(f"{path}[{i}]", "type", Message("Give a date as YYYY-MM-DD."))
            elif not in_calendar(day):
                checks.add(f"{path}[{i}]", "out_of_range", SAID)
        if self.op == "between":
            checks.order(days, path)
        return self

    def references(self) -> Iterator[References]:
        return iter(())

    def facets(self) -> Iterator[Facet]:
        return iter([Facet("added")])

    def sentence(self, say: Sentence) -> Parts:
        told = [say.value(value, "date") for value in self.values[:LISTED]]
        return say.filled(_SENTENCES[self.op], day=told, count=told, days=say.span(told, dated=True))

    def in_one_order(self) -> "AddedFilter":
        return self

    @property
    def asks_the_day(self) -> bool:
        return self.op == "last_days"
