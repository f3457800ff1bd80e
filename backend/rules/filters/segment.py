"""Named audiences inside others."""

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

_SENTENCES = {
    "in": Message("who are in the segment {any}"),
    "not_in": Message("who are not in the segment {any}"),
}
# To those who organise nothing.
_DISCREET = {
    "in": Message("whom your organisation has chosen"),
    "not_in": Message("whom your organisation has not chosen otherwise"),
}


@register
class SegmentFilter(Filter, frozen=True, tag="segment"):
    """Whether a named audience holds the person."""

    segments: list[Id]
    op: Membership = "in"

    def resolved(self, checks: FilterChecks, path: str) -> "SegmentFilter":
        segments = checks.some(self.segments, f"{path}.segments", "segment", checks.names.find_segment)
        if checks.inside_segment is not None:
            for i, segment_id in enumerate(self.segments[: limits.VALUES]):
                if checks.inside_segment in checks.names.segments_inside(segment_id):
                    checks.add(
                        f"{path}.segments[{i}]",
                        "cycle",
                        Message("A segment cannot contain itself through others."),
                    )
        return replace(self, segments=segments)

    def references(self) -> Iterator[References]:
        yield References("segment", self.segments)

    def facets(self) -> Iterator[Facet]:
        # A segment is its own rule's facets, which the index adds.
        return iter(())

    def sentence(self, say: Sentence) -> Parts:
        if say.discreet:
            return [say.text(_DISCREET[self.op])]
        return say.filled(_SENTENCES[self.op], any=say.named(say.segment, self.segments, OR))

    def in_one_order(self) -> "SegmentFilter":
        return replace(self, segments=in_order(self.segments))

    @property
    def negated(self) -> bool:
        return self.op == "not_in"
