"""The language that people read."""

from collections.abc import Iterator

from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Membership
from backend.words import Message

_SENTENCES = {
    "in": Message("whose language is {any}"),
    "not_in": Message("whose language is not {any}"),
}


@register
class LanguageFilter(Filter, frozen=True, tag="language"):
    """The person's language."""

    values: list[str]
    op: Membership = "in"

    def resolved(self, checks: FilterChecks, path: str) -> "LanguageFilter":
        checks.count(self.values, f"{path}.values")
        checks.texts(self.values, f"{path}.values")
        return replace(self, values=list(dict.fromkeys(self.values)))

    def references(self) -> Iterator[References]:
        return iter(())

    def facets(self) -> Iterator[Facet]:
        return iter([Facet("language")])

    def sentence(self, say: Sentence) -> Parts:
        return say.filled(_SENTENCES[self.op], any=say.named(say.language_name, self.values, OR))

    def in_one_order(self) -> "LanguageFilter":
        return replace(self, values=in_order(self.values))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"
