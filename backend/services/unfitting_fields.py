"""What was asked of a method that its kind has no use for: refused, for accepted and ignored it would enroll others than meant."""

from collections.abc import Iterator

import msgspec

from backend.rules import Block, Rule, SegmentFilter
from backend.schemas.enrolling import MethodKind
from backend.schemas.enrolling.methods import Policy
from backend.schemas.problem import Mistake

# Which kind each of these fields belongs to.
_BELONGS: dict[str, tuple[MethodKind, str]] = {
    "group_id": (
        "group",
        "Only a method of kind group names a group: in an audience, groups stand in its rule.",
    ),
    "segment_id": (
        "segment",
        "Only a method of kind segment names a segment: an audience has a filter for it.",
    ),
    "after_activity_id": ("chain", "Only a chain follows another activity."),
    "key": ("self", "Only self enrollment asks for a key."),
}


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which fields fit: the kind, and what it derives its rule from."""

    kind: MethodKind
    group_id: int | None
    segment_id: int | None


def unfitting(policy: Policy, of: Kind) -> list[Mistake]:
    """Everything in `policy` that a method of this kind would ignore, or cannot do yet. Null asks for nothing."""
    found = [
        Mistake(path=name, code=f"not_{kind}", message=message)
        for name, (kind, message) in _BELONGS.items()
        if getattr(policy, name) not in {None, msgspec.UNSET} and of.kind != kind
    ]
    if isinstance(policy.recertify_months, int):
        found.append(
            Mistake(
                path="recertify_months",
                code="not_supported",
                message="Recertification is not available yet: leave it out.",
            )
        )
    if isinstance(policy.rule, Rule):
        found += _in_rule(policy.rule, of)
    return found


def _in_rule(rule: Rule, of: Kind) -> Iterator[Mistake]:
    if of.kind == "manual" and rule.blocks:
        message = "A manual method holds people by name: leave blocks out."
        yield Mistake(path="rule.blocks", code="by_name", message=message)
    if of.kind == "self":
        for name in ("blocks", "include", "exclude"):
            if getattr(rule, name):
                message = "People enroll themselves here: a rule would be ignored."
                yield Mistake(path=f"rule.{name}", code="derived", message=message)
    if of.kind not in {"group", "segment"}:
        return
    if rule.include:
        message = f"A method of kind {of.kind} holds nobody by name: pick people in a method of their own."
        yield Mistake(path="rule.include", code="derived", message=message)
    for i, block in enumerate(rule.blocks):
        path = "rule.blocks" if i else _difference(block, of)
        if path is not None:
            message = f"The rule follows from the {of.kind}: it can only leave people out. Use an audience for more."
            yield Mistake(path=path, code="derived", message=message)
            return


def _difference(block: Block, of: Kind) -> str | None:
    """Where a block says something else than what the kind derives, which a client may send back as it was told."""
    if of.kind == "segment":
        own = Block(everyone=True, filters=[SegmentFilter(segments=[of.segment_id or 0])])
        return None if block == own else "rule.blocks"
    if block.filters:
        return "rule.blocks[0].filters"
    if block.everyone or any(group != of.group_id for group in block.groups):
        return "rule.blocks[0].groups"
    return None
