"""Who manages people."""

from collections.abc import Iterator
from typing import Literal

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Id
from backend.words import Message
from backend.words.nouns import there_is_no

_SENTENCES = {
    ("in", False): Message("whose manager is {any}"),
    ("not_in", False): Message("whose manager is not {any}"),
    ("in", True): Message("who report, directly or not, to {any}"),
    ("not_in", True): Message("who do not report, directly or not, to {any}"),
    ("is_manager", False): Message("who are a manager of somebody"),
}


@register
class ManagerFilter(Filter, frozen=True, tag="manager"):
    """Who manages the person, directly or at any height; `is_manager` asks whether somebody reports to the person."""

    managers: list[Id] = []
    op: Literal["in", "not_in", "is_manager"] = "in"
    indirect: bool = False

    def resolved(self, checks: FilterChecks, path: str) -> "ManagerFilter":
        if self.op == "is_manager":
            self._check_alone(checks, path)
            return self
        checks.count(self.managers, f"{path}.managers")
        for i, learner_id in enumerate(self.managers[: limits.VALUES]):
            if not checks.names.knows_learner(learner_id):
                checks.add(
                    f"{path}.managers[{i}]",
                    "unknown",
                    there_is_no("learner", learner_id),
                )
        return replace(self, managers=list(dict.fromkeys(self.managers)))

    def _check_alone(self, checks: FilterChecks, path: str) -> None:
        """Who manages anybody at all is asked of nobody by name, and at no height."""
        for name, given in (("managers", self.managers), ("indirect", self.indirect)):
            if given:
                message = Message("“{op}” takes no values.", op=self.op)
                checks.add(f"{path}.{name}", "not_allowed", message)

    def references(self) -> Iterator[References]:
        yield References("learner", self.managers)

    def facets(self) -> Iterator[Facet]:
        return iter([Facet("manager")])

    def sentence(self, say: Sentence) -> Parts:
        return say.filled(
            _SENTENCES[self.op, self.indirect and self.op != "is_manager"],
            any=say.named(say.person, self.managers, OR),
        )

    def in_one_order(self) -> "ManagerFilter":
        return replace(self, managers=in_order(self.managers))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"

    @property
    def needs_no_values(self) -> bool:
        return self.op == "is_manager"
