"""A segment: a named audience that is the same on the whole site."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from backend.enrollment.method_kinds.audience import audience_reason
from backend.enrollment.method_kinds.group import left_out_by, parts_beyond
from backend.enrollment.method_kinds.kind import (
    Definition,
    KindName,
    MethodKind,
    OwnFields,
    ReasonNames,
    UnusedPart,
)
from backend.rules import Block, Rule, SegmentFilter, leaves_of
from backend.words import Message


class Segment(MethodKind):
    """Holds whoever is in one segment."""

    name: ClassVar[KindName] = "segment"
    noun = Message.in_context("a kind of method", "segment")
    is_dynamic = True
    needs = "segment_id"
    own_fields: ClassVar[OwnFields | None] = OwnFields(
        ("segment_id",),
        Message("Only a method of kind segment names a segment: an audience has a filter for it."),
    )

    def derived_rule(self, method: Definition) -> Rule | None:
        """The segment; a given rule adds who is left out."""
        if method.segment_id is None:
            return method.rule
        return Rule([_block(method.segment_id)], exclude=(method.rule or Rule()).exclude)

    def restored_by(self, rule: Rule) -> Mapping[str, Any]:
        named = [one for one in leaves_of(rule) if isinstance(one, SegmentFilter)]
        if len(named) != 1 or len(named[0].segments) != 1:
            return {}
        return {"segment_id": named[0].segments[0], "rule": left_out_by(rule)}

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        differs = bool(rule.blocks) and rule.blocks[0] != _block(method.segment_id or 0)
        yield from parts_beyond(self, rule, "rule.blocks" if differs else None)

    def reason(self, names: ReasonNames) -> Message:
        return audience_reason(names)


def _block(segment_id: int) -> Block:
    return Block(everyone=True, filters=[SegmentFilter(segments=[segment_id])])
