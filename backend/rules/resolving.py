"""Checks a rule against what exists and puts ids where external ids or keys stood; finds every problem at once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Protocol, TypeVar, assert_never

import msgspec

from backend.rules import limits
from backend.rules.names import FieldName, Names
from backend.rules.problems import Problem
from backend.rules.tree import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    Block,
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

_ORDERED = frozenset({"lt", "lte", "gt", "gte", "between"})
_SEARCHES = frozenset({"contains", "starts_with"})
_WITHOUT_VALUES = frozenset({"is_set", "is_empty"})
_ONE_VALUE = frozenset({"lt", "lte", "gt", "gte"})


R = TypeVar("R", int, int | str)


class _Named(Protocol):
    @property
    def id(self) -> int: ...


def resolve(
    rule: Rule, names: Names, *, path: str = "rule", inside_segment: int | None = None
) -> tuple[Rule, list[Problem]]:
    """The rule with ids for external ids and without repetitions, and all its problems (the first `limits.PROBLEMS`).

    `inside_segment` is the segment that the rule is going to define: using it, even through others, is a problem.
    The rule is to be used only when there are no problems.
    """
    resolver = _Resolver(names, inside_segment)
    return resolver.rule(rule, path), resolver.problems


def accepts(field_type: str, op: str) -> bool:
    """Whether a field of this type can be asked with this operator."""
    if op in _ORDERED:
        return field_type in {"number", "date"}
    if op in _SEARCHES:
        return field_type == "text"
    return True


def fits(field_type: str, value: Value) -> bool:
    """Whether `value` is one that a field of this type can hold."""
    if field_type == "boolean":
        return isinstance(value, bool)
    if field_type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if field_type == "date":
        return isinstance(value, str) and parse_day(value) is not None
    return isinstance(value, str)


def parse_day(text: object) -> date | None:
    """The date written as `YYYY-MM-DD`, exactly; None for anything else."""
    if not isinstance(text, str) or len(text) != 10:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


class _Resolver:
    def __init__(self, names: Names, inside_segment: int | None) -> None:
        self.names = names
        self.inside_segment = inside_segment
        self.problems: list[Problem] = []
        self.groups_used = 0
        self.filters_used = 0

    def complain(self, path: str, code: str, message: str) -> None:
        if len(self.problems) < limits.PROBLEMS:
            self.problems.append(Problem(path, code, message))

    # ── the rule and its blocks ──────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule, path: str) -> Rule:
        if len(rule.blocks) > limits.BLOCKS:
            self.complain(f"{path}.blocks", "too_many", f"A rule holds at most {limits.BLOCKS} blocks.")
            return rule
        blocks = [self.block(block, f"{path}.blocks[{i}]") for i, block in enumerate(rule.blocks)]
        if self.groups_used > limits.GROUPS:
            self.complain(f"{path}.blocks", "too_many", f"A rule holds at most {limits.GROUPS:,} groups.")
        return Rule(
            blocks, self.people(rule.include, f"{path}.include"), self.people(rule.exclude, f"{path}.exclude")
        )

    def people(self, ids: Sequence[int], path: str) -> list[int]:
        if len(ids) > limits.HAND_PICKED:
            self.complain(path, "too_many", f"At most {limits.HAND_PICKED:,} people can be picked by hand.")
            return list(ids)
        for i, learner_id in enumerate(ids):
            if not self.names.knows_learner(learner_id):
                self.complain(f"{path}[{i}]", "unknown", f"There is no learner {learner_id}.")
        return list(dict.fromkeys(ids))

    def block(self, block: Block, path: str) -> Block:
        if block.everyone and block.groups:
            self.complain(
                f"{path}.groups",
                "everyone_with_groups",
                "A block is about everyone or about groups, not both.",
            )
        elif not block.groups and not block.everyone:
            self.complain(f"{path}.groups", "empty", "A block needs at least one group.")
        if len(block.groups) > limits.GROUPS:
            self.complain(f"{path}.groups", "too_many", f"A rule holds at most {limits.GROUPS:,} groups.")
        groups = self.references(
            block.groups, f"{path}.groups", "group", self.names.find_group, limits.GROUPS
        )
        self.groups_used += len(groups)
        self.filters_used = 0
        filters = self.filters(block.filters, f"{path}.filters", 1)
        if self.filters_used > limits.FILTERS:
            self.complain(f"{path}.filters", "too_many", f"A block holds at most {limits.FILTERS} filters.")
        return msgspec.structs.replace(block, groups=groups, filters=filters)

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filters(self, filters: Sequence[Filter], path: str, depth: int) -> list[Filter]:
        return [self.filter(found, f"{path}[{i}]", depth) for i, found in enumerate(filters)]

    def filter(self, found: Filter, path: str, depth: int) -> Filter:  # noqa: PLR0911 - one answer a case
        self.filters_used += 1
        match found:
            case FieldFilter():
                return self.field(found, path)
            case GroupFilter():
                groups = self.some(
                    found.groups, f"{path}.groups", "group", self.names.find_group, limits.GROUPS
                )
                self.groups_used += len(groups)
                return msgspec.structs.replace(found, groups=groups)
            case PathResultFilter():
                paths = self.some(found.paths, f"{path}.paths", "activity", self.names.find_activity)
                return msgspec.structs.replace(found, paths=paths)
            case CertificateFilter():
                return self.certificate(found, path)
            case LanguageFilter():
                self.count(found.values, f"{path}.values")
                self.texts(found.values, f"{path}.values")
                return msgspec.structs.replace(found, values=list(dict.fromkeys(found.values)))
            case AddedFilter():
                self.added(found, path)
                return found
            case ManagerFilter():
                return self.manager(found, path)
            case SegmentFilter():
                return self.segment(found, path)
            case AllFilter() | AnyFilter() | NoneFilter():
                return self.nested(found, path, depth)
            case _ as never:  # pragma: no cover - every filter type is above
                assert_never(never)

    def nested(self, found: AllFilter | AnyFilter | NoneFilter, path: str, depth: int) -> Filter:
        if depth >= limits.DEPTH:
            self.complain(f"{path}.of", "too_deep", f"Filters can be nested {limits.DEPTH} deep.")
            return found
        if not found.of:
            self.complain(f"{path}.of", "empty", "A group of filters needs at least one filter.")
        return msgspec.structs.replace(found, of=self.filters(found.of, f"{path}.of", depth + 1))

    def certificate(self, found: CertificateFilter, path: str) -> CertificateFilter:
        certificates = self.some(
            found.certificates, f"{path}.certificates", "certificate", self.names.find_certificate
        )
        if found.days is not None:
            if found.status != "expiring":
                self.complain(f"{path}.days", "not_allowed", "Only “expiring” takes a number of days.")
            elif not 0 <= found.days <= limits.EXPIRING_DAYS:
                self.complain(f"{path}.days", "out_of_range", f"Give 0 to {limits.EXPIRING_DAYS:,} days.")
        return msgspec.structs.replace(found, certificates=certificates)

    def manager(self, found: ManagerFilter, path: str) -> ManagerFilter:
        self.count(found.managers, f"{path}.managers")
        for i, learner_id in enumerate(found.managers[: limits.VALUES]):
            if not self.names.knows_learner(learner_id):
                self.complain(f"{path}.managers[{i}]", "unknown", f"There is no learner {learner_id}.")
        return msgspec.structs.replace(found, managers=list(dict.fromkeys(found.managers)))

    def segment(self, found: SegmentFilter, path: str) -> SegmentFilter:
        segments = self.some(found.segments, f"{path}.segments", "segment", self.names.find_segment)
        if self.inside_segment is not None:
            for i, segment_id in enumerate(found.segments[: limits.VALUES]):
                if self.inside_segment in self.names.segments_inside(segment_id):
                    self.complain(
                        f"{path}.segments[{i}]", "cycle", "A segment cannot contain itself through others."
                    )
        return msgspec.structs.replace(found, segments=segments)

    def added(self, found: AddedFilter, path: str) -> None:
        path = f"{path}.values"
        if found.op == "last_days":
            if len(found.values) != 1:
                self.complain(path, "one_value", "“last_days” takes one number of days.")
            for i, value in enumerate(found.values[:1]):
                if not isinstance(value, int) or not 1 <= value <= limits.LAST_DAYS:
                    self.complain(f"{path}[{i}]", "out_of_range", f"Give 1 to {limits.LAST_DAYS:,} days.")
            return
        self.arity(found.values, path, 2 if found.op == "between" else 1, found.op)
        days = [parse_day(value) for value in found.values[: limits.VALUES]]
        for i, day in enumerate(days):
            if day is None:
                self.complain(f"{path}[{i}]", "type", "Give a date as YYYY-MM-DD.")
        if found.op == "between":
            self.order(days, path)

    # ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, found: FieldFilter, path: str) -> FieldFilter:
        field = self.names.find_field(found.field)
        if field is None:
            self.complain(f"{path}.field", "unknown", f"There is no field {found.field!r}.")
            return found
        if not accepts(field.type, found.op):
            self.complain(
                f"{path}.op", "not_allowed", f"A {field.type} field cannot be asked with “{found.op}”."
            )
            return msgspec.structs.replace(found, field=field.id)
        if found.op in _WITHOUT_VALUES:
            if found.values:
                self.complain(f"{path}.values", "not_allowed", f"“{found.op}” takes no values.")
        else:
            self.field_values(found, field, f"{path}.values")
        return msgspec.structs.replace(found, field=field.id, values=_unique(found.values, found.op))

    def field_values(self, found: FieldFilter, field: FieldName, path: str) -> None:
        if found.op == "between":
            self.arity(found.values, path, 2, found.op)
        elif found.op in _ONE_VALUE:
            self.arity(found.values, path, 1, found.op)
        else:
            self.count(found.values, path)
        good = True
        for i, value in enumerate(found.values[: limits.VALUES]):
            if not fits(field.type, value):
                good = False
                self.complain(f"{path}[{i}]", "type", f"“{field.name}” holds {_EXPECTED[field.type]}.")
            elif (
                field.type == "choice"
                and found.op in {"in", "not_in"}
                and field.options
                and value not in field.options
            ):
                self.complain(f"{path}[{i}]", "unknown", f"“{field.name}” has no option {value!r}.")
            elif isinstance(value, str):
                self.texts([value], path, first=i)
        if good and found.op == "between":
            self.order(found.values, path)

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────

    def count(self, values: Sequence[object], path: str, most: int = limits.VALUES) -> None:
        if not values:
            self.complain(path, "empty", "Give at least one value.")
        elif len(values) > most:
            self.complain(path, "too_many", f"Give at most {most:,} values.")

    def arity(self, values: Sequence[object], path: str, wanted: int, op: str) -> None:
        if not values:
            self.complain(path, "empty", "Give at least one value.")
        elif len(values) != wanted:
            code = "one_value" if wanted == 1 else "two_values"
            self.complain(path, code, f"“{op}” takes {'one value' if wanted == 1 else 'two values'}.")

    def order(self, values: Sequence[object], path: str) -> None:
        if len(values) == 2 and None not in values and values[0] > values[1]:  # type: ignore[operator]  # same type
            self.complain(path, "order", "The first value must not be after the second.")

    def texts(self, values: Iterable[str], path: str, first: int = 0) -> None:
        for i, value in enumerate(values, first):
            if not value:
                self.complain(f"{path}[{i}]", "empty", "A value cannot be empty; ask for “is empty” instead.")
            elif len(value) > limits.TEXT:
                self.complain(f"{path}[{i}]", "too_long", f"A value has at most {limits.TEXT:,} characters.")
            elif "\x00" in value:
                self.complain(f"{path}[{i}]", "character", "A value cannot hold the character U+0000.")

    def some(
        self,
        references: Sequence[R],
        path: str,
        kind: str,
        find: Callable[[R], _Named | None],
        most: int = limits.VALUES,
    ) -> list[int]:
        self.count(references, path, most)
        return self.references(references, path, kind, find, most)

    def references(
        self, references: Sequence[R], path: str, kind: str, find: Callable[[R], _Named | None], most: int
    ) -> list[int]:
        if len(references) > most:
            return []  # said by the caller; looking up thousands more would only be slow
        ids: dict[int, None] = {}
        for i, reference in enumerate(references):
            named = find(reference)
            if named is None:
                self.complain(f"{path}[{i}]", "unknown", f"There is no {kind} {reference!r}.")
            else:
                ids[named.id] = None
        return list(ids)


def _unique(values: list[Value], op: str) -> list[Value]:
    """Without repetitions; True and 1 are different values, and a range keeps both its ends."""
    if op == "between":
        return values
    return list({(isinstance(value, bool), value): value for value in values}.values())


_EXPECTED = {
    "choice": "text: one of its options",
    "text": "text",
    "number": "numbers",
    "date": "dates, written YYYY-MM-DD",
    "boolean": "true or false",
}
