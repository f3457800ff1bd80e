"""What a rule depends on: things that cannot be deleted silently, facets that can change its people, time."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, assert_never

import msgspec

from backend.rules.stepping import Steps, finish
from backend.rules.tree import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
    Value,
)

DependencyKind = Literal["group", "field", "activity", "certificate", "segment", "learner"]


class Dependency(NamedTuple):
    """Something a rule refers to, by the name of its table (`group` for a learner group)."""

    kind: DependencyKind
    id: int


class Facet(NamedTuple):
    """A kind of fact in the change log, of one thing (`ref`) or of every kind of it (None)."""

    name: str
    ref: int | None = None


def leaves(filters: Iterable[Filter]) -> Iterator[Filter]:
    """The filters that ask something themselves, at any depth."""
    for found in filters:
        if isinstance(found, AllFilter | AnyFilter | NoneFilter):
            yield from leaves(found.of)
        else:
            yield found


def depends_on(rule: Rule) -> frozenset[Dependency]:
    """What would break the rule if it were deleted. The rule must be resolved: ids only.

    People picked by hand are not among them: one who is gone is simply no longer in the audience.
    """
    found: set[Dependency] = set()
    for block in rule.blocks:
        found.update(Dependency("group", group) for group in block.groups)  # type: ignore[arg-type]  # resolved
        for leaf in leaves(block.filters):
            found.update(_dependencies(leaf))
    return frozenset(found)


def _dependencies(leaf: Filter) -> Iterator[Dependency]:
    kind: DependencyKind
    match leaf:
        case FieldFilter():
            kind, ids = "field", [leaf.field]
        case GroupFilter():
            kind, ids = "group", leaf.groups
        case PathResultFilter():
            kind, ids = "activity", leaf.paths
        case CertificateFilter():
            kind, ids = "certificate", leaf.certificates
        case ManagerFilter():
            kind, ids = "learner", list(leaf.managers)
        case SegmentFilter():
            kind, ids = "segment", list(leaf.segments)
        case _:
            return
    for reference in ids:
        yield Dependency(kind, reference)  # type: ignore[arg-type]  # resolved


def values_of(rule: Rule, field_id: int) -> frozenset[Value]:
    """The values of a field that the rule names."""
    return frozenset(
        value
        for block in rule.blocks
        for leaf in leaves(block.filters)
        if isinstance(leaf, FieldFilter) and leaf.field == field_id
        for value in leaf.values
    )


def segments_of(rule: Rule) -> frozenset[int]:
    """The segments that the rule names itself."""
    return frozenset(
        segment
        for block in rule.blocks
        for leaf in leaves(block.filters)
        if isinstance(leaf, SegmentFilter)
        for segment in leaf.segments
    )


def facets_of(rule: Rule) -> frozenset[Facet]:
    """The facts whose changes can change the rule's people.

    What needs the structure to be told is left whole: a group with its subgroups is `membership` of any group,
    `enrolled` is `enrollment` in any session; a segment is its own rule's facets, which the index adds.
    """
    found = {Facet("status")}
    for block in rule.blocks:
        if block.subgroups and block.groups:
            found.add(Facet("membership"))
        else:
            found.update(Facet("membership", group) for group in block.groups)  # type: ignore[arg-type]  # resolved
        for leaf in leaves(block.filters):
            found.update(facets_of_leaf(leaf))
    return frozenset(found)


def facets_of_leaf(leaf: Filter) -> Iterator[Facet]:  # noqa: C901, PLR0912 - one short answer a case
    """The facts that one filter, not a nested one, asks for; see `facets_of`."""
    match leaf:
        case FieldFilter():
            yield Facet("field", leaf.field)  # type: ignore[arg-type]  # resolved
        case GroupFilter():
            if leaf.subgroups:
                yield Facet("membership")
            else:
                for group in leaf.groups:
                    yield Facet("membership", group)  # type: ignore[arg-type]  # resolved
        case PathResultFilter(status="enrolled" | "not_enrolled"):
            yield Facet("enrollment")
        case PathResultFilter():
            for path in leaf.paths:
                yield Facet("result", path)  # type: ignore[arg-type]  # resolved
        case CertificateFilter():
            for certificate in leaf.certificates:
                yield Facet("award", certificate)  # type: ignore[arg-type]  # resolved
        case LanguageFilter():
            yield Facet("language")
        case AddedFilter():
            yield Facet("added")
        case ManagerFilter():
            yield Facet("manager")
        case SegmentFilter():
            return
        case AllFilter() | AnyFilter() | NoneFilter():  # pragma: no cover - leaves() opened them
            raise AssertionError(leaf)
        case _ as never:  # pragma: no cover - every filter type is above
            assert_never(never)


def is_time_dependent(rule: Rule) -> bool:
    """Whether the people can change by time alone; segments are asked separately (`segments_of`)."""
    return any(asks_the_day(leaf) for block in rule.blocks for leaf in leaves(block.filters))


def asks_the_day(leaf: Filter) -> bool:
    """Whether the people of the filter, not a nested one or a segment, can change by time alone."""
    if isinstance(leaf, CertificateFilter):
        return leaf.status != "not_obtained"
    return isinstance(leaf, AddedFilter) and leaf.op == "last_days"


def uses_everyone(rule: Rule) -> bool:
    """Whether a block is about everyone, which only admins may ask."""
    return any(block.everyone for block in rule.blocks)


def canonical(rule: Rule) -> bytes:
    """The rule's one spelling: equal bytes mean the same questions in the same order."""
    return finish(canonical_steps(rule))


def canonical_steps(rule: Rule) -> Steps[bytes]:
    """`canonical` in steps of a filter."""
    blocks = []
    for block in rule.blocks:
        filters = []
        for found in block.filters:
            filters.append(canonical_filter(found))
            yield
        blocks.append(msgspec.structs.replace(block, groups=_sorted(block.groups), filters=filters))
    yield
    return msgspec.json.encode(
        Rule(
            blocks,
            sorted(set(rule.include)),
            sorted(set(rule.exclude)),
            rule.nobody,
        )
    )


def canonical_filter(found: Filter) -> Filter:  # noqa: PLR0911 - one answer a case
    """The filter with references and values in one order."""
    replace = msgspec.structs.replace
    match found:
        case FieldFilter(op="between") | AddedFilter():
            return found
        case FieldFilter():
            return replace(found, values=_sorted([_plain(value) for value in found.values]))
        case GroupFilter():
            return replace(found, groups=_sorted(found.groups))
        case PathResultFilter():
            return replace(found, paths=_sorted(found.paths))
        case CertificateFilter():
            return replace(found, certificates=_sorted(found.certificates))
        case LanguageFilter():
            return replace(found, values=_sorted(found.values))
        case ManagerFilter():
            return replace(found, managers=_sorted(found.managers))
        case SegmentFilter():
            return replace(found, segments=_sorted(found.segments))
        case AllFilter() | AnyFilter() | NoneFilter():
            return replace(found, of=[canonical_filter(inner) for inner in found.of])
        case _ as never:  # pragma: no cover - every filter type is above
            assert_never(never)


@lru_cache(maxsize=1)
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder()


def spelled(found: Filter) -> bytes:
    """The canonical bytes of one filter: the key under which its people are remembered."""
    return _encoder().encode(canonical_filter(found))


def _plain(value: Value) -> Value:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _sorted(values: Iterable[Value]) -> list[Value]:
    values = list(values)
    if all(type(value) is str for value in values):
        # Thousands of choices: as below, ten times as fast.
        return sorted(set(values))
    # True and 1 are equal to Python and different in a rule.
    unique = {(type(value).__name__, value): value for value in values}
    return [unique[key] for key in sorted(unique)]
