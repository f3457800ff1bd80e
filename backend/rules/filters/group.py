"""Membership of groups, besides those of the block."""

from collections.abc import Iterator

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, facets_of_each, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import OR, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Membership, Reference
from backend.words import Message

_SENTENCES = {
    ("in", True): Message("who are also in {any}"),
    ("in", False): Message("who are also directly in {any}"),
    ("not_in", True): Message("who are not in {any}"),
    ("not_in", False): Message("who are not directly in {any}"),
}


@register
class GroupFilter(Filter, frozen=True, tag="group"):
    """Membership of any of the groups, besides those of the block."""

    groups: list[Reference]
    op: Membership = "in"
    subgroups: bool = True

    def resolved(self, checks: FilterChecks, path: str) -> "GroupFilter":
        find = checks.names.find_group
        groups = checks.some(self.groups, f"{path}.groups", "group", find, limits.GROUPS)
        checks.groups_used += len(groups)
        return replace(self, groups=groups)

    def references(self) -> Iterator[References]:
        yield References("group", self.groups)

    def facets(self) -> Iterator[Facet]:
        return iter([Facet("membership")]) if self.subgroups else facets_of_each("membership", self.groups)

    def sentence(self, say: Sentence) -> Parts:
        return say.filled(_SENTENCES[self.op, self.subgroups], any=say.named(say.group, self.groups, OR))

    def in_one_order(self) -> "GroupFilter":
        return replace(self, groups=in_order(self.groups))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"
