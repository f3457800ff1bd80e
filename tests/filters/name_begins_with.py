# ruff: noqa: ARG002 - what is asked of every filter type is given whatever one of them may need
"""A filter type of these tests alone, all of it: its rule, its evaluation, and what plain loops say about it.

A pytest plugin (`-p`), so that it is known before the first rule is read.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.values import EMPTY, Values
from backend.index.filters.base import FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.registry import evaluates
from backend.index.steps import Steps
from backend.rules import Facet, Filter, Part, Problem
from backend.rules.facets import References
from backend.rules.field_types import parse_day
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import facets_of_each, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Membership, Reference
from backend.words import Message
from tests.naive import asking, evaluator
from tests.naive.world import World

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex

_SENTENCES = {
    "in": Message("whose {field} begins with {any}"),
    "not_in": Message("whose {field} does not begin with {any}"),
}


@register
class NameBeginsWith(Filter, frozen=True, tag="name_begins_with"):
    """The beginning of a name, which stands in a text field; `until` a day after which nobody's does."""

    field: Reference
    beginnings: list[str]
    op: Membership = "in"
    until: str | None = None

    def resolved(self, checks: FilterChecks, path: str) -> "NameBeginsWith":
        field = checks.names.find_field(self.field)
        checks.count(self.beginnings, f"{path}.beginnings")
        checks.texts(self.beginnings, f"{path}.beginnings")
        if self.until is not None and parse_day(self.until) is None:
            checks.add(f"{path}.until", "type", Message("Give a date as YYYY-MM-DD."))
        if field is None or field.type != "text":
            checks.add(
                f"{path}.field", "unknown", Message("There is no text field {name!r}.", name=self.field)
            )
            return self
        return replace(self, field=field.id)

    def references(self) -> Iterator[References]:
        yield References("field", [self.field])

    def facets(self) -> Iterator[Facet]:
        return facets_of_each("field", [self.field])

    def sentence(self, say: Sentence) -> Parts:
        return say.filled(
            _SENTENCES[self.op],
            field=[say.field(say.names.find_field(self.field))],
            any=say.named(Part, self.beginnings, OR),
        )

    def in_one_order(self) -> "NameBeginsWith":
        return replace(self, beginnings=in_order(self.beginnings))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"

    @property
    def asks_the_day(self) -> bool:
        return self.until is not None


@evaluates(NameBeginsWith)
class NameBeginsWithEvaluation(FilterEvaluation[NameBeginsWith]):
    """Bitmaps of the values that begin so."""

    def people_steps(self, found: NameBeginsWith, evaluator: "Evaluator") -> Steps[BitMap]:
        if found.until is not None and evaluator.day > date.fromisoformat(found.until):
            return EMPTY
        return (yield from evaluator.union_steps(_parts(found, evaluator.facts)))

    def problems(self, found: NameBeginsWith, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        return check.known([found.field], check.structure.fields, f"{path}.field", "field")

    def actual(self, found: NameBeginsWith, reader: "FactReader", person: PersonAsked) -> str:
        return reader.field(person.id, found.field)

    def listed(self, found: NameBeginsWith, person: ListedPerson, index: "FacetIndex") -> Any:
        field = index.find_field(found.field)
        return None if field is None else person.row["fields"].get(field.key)

    def turned(self, found: NameBeginsWith, facts: Facts, day: date) -> list[BitMap]:
        return _parts(found, facts) if day == _over(found) else []

    def turning_days(
        self, found: NameBeginsWith, facts: Facts, learner_id: int, after: date
    ) -> Iterable[date]:
        return [_over(found)]

    def column(self, found: NameBeginsWith) -> Facet | None:
        return next(found.facets())

    def reads_every_value(self, found: NameBeginsWith) -> bool:
        return True


def _parts(found: NameBeginsWith, facts: Facts) -> list[BitMap]:
    values: Values[Any] | None = facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
    beginnings = tuple(found.beginnings)
    return [] if values is None else values.where(lambda value: value.startswith(beginnings))


def _over(found: NameBeginsWith) -> date:
    return date.fromisoformat(str(found.until)) + timedelta(days=1)


# ── the same by loops, and questions at random ───────────────────────────────────────────────────────────────────────


def _holds(world: World, found: NameBeginsWith, learner: int, day: date) -> bool:
    name = world.fact("field", learner, found.field) or ""  # type: ignore[arg-type]  # resolved
    over = found.until is not None and str(day) > found.until
    begins = not over and any(name.startswith(beginning) for beginning in found.beginnings)
    return begins is (found.op == "in")


evaluator.OTHERS[NameBeginsWith] = _holds
asking.OTHER_LEAVES.append(
    st.builds(
        NameBeginsWith,
        st.just(2),
        asking.some(["A", "an", "S", "z", "x"]),
        asking.memberships,
        st.none() | asking.days,
    )
)
