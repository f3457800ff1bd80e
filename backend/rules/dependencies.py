"""What a rule depends on: things that cannot be deleted silently, facets that can change its people, time."""

from collections import defaultdict
from functools import lru_cache
from typing import Any

import msgspec

from backend.rules.facets import Dependency, DependencyKind
from backend.rules.filters.base import Filter, in_order
from backend.rules.filters.field import FieldFilter
from backend.rules.filters.nested import Nested
from backend.rules.filters.path_result import PathResultFilter
from backend.rules.steps import Steps, finish
from backend.rules.tree import Rule, leaves_of
from backend.rules.values import Value


def depends_on(rule: Rule) -> frozenset[Dependency]:
    """What would break the rule if it were deleted. The rule must be resolved: ids only.

    People picked by hand are not among them: one who is gone is simply no longer in the audience.
    """
    # Each once: a hundred thousand values name the same few thousand things.
    found: defaultdict[DependencyKind, set[Any]] = defaultdict(set)
    for block in rule.blocks:
        found["group"].update(block.groups)
        for asked in block.filters:
            for kind, ids in asked.references():
                found[kind].update(ids)
    return frozenset(Dependency(kind, one) for kind, ids in found.items() for one in ids)


def named_by(found: Filter, kind: DependencyKind) -> frozenset[int]:
    """The ids of the groups, activities, … that one filter names, and those inside it."""
    named: set[Any] = set()
    for one, ids in found.references():
        if one == kind:
            named.update(ids)
    return frozenset(named)


def enrollments_asked(leaf: Filter) -> frozenset[int]:
    """The activities of which one filter asks who is enrolled."""
    if any(facet.name == "enrollment" for facet in leaf.facets()):
        return named_by(leaf, "activity")
    return frozenset()


def values_of(rule: Rule, field_id: int) -> frozenset[Value]:
    """The values of a field that the rule names."""
    return frozenset(
        value
        for leaf in leaves_of(rule)
        if isinstance(leaf, FieldFilter) and leaf.field == field_id
        for value in leaf.values
    )


def sessions_of(rule: Rule) -> frozenset[int]:
    """The sessions that the rule names: those in which somebody has to be enrolled."""
    return frozenset(
        session
        for leaf in leaves_of(rule)
        if isinstance(leaf, PathResultFilter)
        for session in leaf.sessions or ()
    )


def segments_of(rule: Rule) -> frozenset[int]:
    """The segments that the rule names itself."""
    return frozenset(
        segment for block in rule.blocks for found in block.filters for segment in named_by(found, "segment")
    )


def is_time_dependent(rule: Rule) -> bool:
    """Whether the people can change by time alone; segments are asked separately (`segments_of`)."""
    return any(found.asks_the_day for block in rule.blocks for found in block.filters)


def canonical(rule: Rule) -> bytes:
    """The rule's one spelling: equal bytes mean the same questions in the same order."""
    return finish(canonical_steps(rule))


def canonical_steps(rule: Rule) -> Steps[bytes]:
    """`canonical` in steps of a filter."""
    blocks = []
    for block in rule.blocks:
        filters = []
        for found in block.filters:
            ordered = yield from _in_one_order_steps(found)
            filters.append(ordered)
        blocks.append(msgspec.structs.replace(block, groups=in_order(block.groups), filters=filters))
    include = sorted(set(rule.include))
    yield
    exclude = sorted(set(rule.exclude))
    yield
    return msgspec.json.encode(Rule(blocks, include, exclude, rule.nobody))


def _in_one_order_steps(found: Filter) -> Steps[Filter]:
    """`Filter.in_one_order` in steps of one that holds no others."""
    if not isinstance(found, Nested):
        yield
        return found.in_one_order()
    inner = []
    for one in found.of:
        ordered = yield from _in_one_order_steps(one)
        inner.append(ordered)
    return msgspec.structs.replace(found, of=inner)


@lru_cache(maxsize=1)
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder()


def spelled(found: Filter) -> bytes:
    """The canonical bytes of one filter: the key under which its people are remembered."""
    return _encoder().encode(found.in_one_order())
