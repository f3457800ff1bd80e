"""Particular people."""

from collections.abc import Iterator

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Id, Membership
from backend.words import Message
from backend.words.nouns import there_is_no

_SENTENCES = {
    "in": Message("who are {any}"),
    "not_in": Message("who are not {any}"),
}


@register
class PersonFilter(Filter, frozen=True, tag="person"):
    """Whether the person is one of some people: unlike those picked by hand, they have to meet the other filters, too."""

    learners: list[Id]
    op: Membership = "in"

    def resolved(self, checks: FilterChecks, path: str) -> "PersonFilter":
        checks.count(self.learners, f"{path}.learners")
        for i, learner_id in enumerate(self.learners[: limits.VALUES]):
            if not checks.names.knows_learner(learner_id):
                checks.add(f"{path}.learners[{i}]", "unknown", there_is_no("learner", learner_id))
        return replace(self, learners=list(dict.fromkeys(self.learners)))

    def references(self) -> Iterator[References]:
        yield References("learner", self.learners)

    def facets(self) -> Iterator[Facet]:
        # That somebody is who they are does not change.
        return iter(())

    def sentence(self, say: Sentence) -> Parts:
        return say.filled(_SENTENCES[self.op], any=say.named(say.person, self.learners, OR))

    def in_one_order(self) -> "PersonFilter":
        return replace(self, learners=in_order(self.learners))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"
