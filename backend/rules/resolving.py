"""Checks a rule against what exists and puts ids where external ids or keys stood; finds every problem at once."""

from collections.abc import Sequence
from datetime import date
from typing import assert_never

import msgspec

from backend.rules import limits
from backend.rules.calendar import SAID, in_calendar
from backend.rules.complaints import Complaints
from backend.rules.dependencies import leaves
from backend.rules.field_types import EXPECTED, ONE_VALUE, WITHOUT_VALUES, accepts, as_double, fits, parse_day
from backend.rules.names import FieldName, Names
from backend.rules.problems import Problem
from backend.rules.stepping import Steps, finish
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
from backend.text import TextError, clean_lines

# What filters list.
_LISTS = ("values", "groups", "paths", "certificates", "managers", "segments")


def resolve(
    rule: Rule, names: Names, *, path: str = "rule", inside_segment: int | None = None
) -> tuple[Rule, list[Problem]]:
    """The rule with ids for external ids and without repetitions, and all its problems (the first `limits.PROBLEMS`).

    `inside_segment` is the segment that the rule is going to define: using it, even through others, is a problem.
    The rule is to be used only when there are no problems.
    """
    return finish(resolve_steps(rule, names, path=path, inside_segment=inside_segment))


def resolve_steps(
    rule: Rule, names: Names, *, path: str = "rule", inside_segment: int | None = None
) -> Steps[tuple[Rule, list[Problem]]]:
    """`resolve` in steps of a filter, or of as many people."""
    resolver = _Resolver(names, inside_segment)
    resolved = yield from resolver.rule(rule, path)
    return resolved, resolver.problems


def count_values(rule: Rule) -> int:
    """How many values, paths, certificates, managers, segments and groups the rule's filters hold."""
    return sum(
        len(listed)
        for block in rule.blocks
        for leaf in leaves(block.filters)
        for name in _LISTS
        if (listed := getattr(leaf, name, None))
    )


def nobody_unsaid(rule: Rule, path: str = "rule") -> Problem | None:
    """What is wrong with a rule that is to be kept, names nobody, and does not say that it means to."""
    if rule.blocks or rule.include or rule.nobody:
        return None
    message = "An audience needs at least one block or one person. If it is to hold nobody, say so with “nobody”: true."
    return Problem(path, "empty", message)


class _Resolver(Complaints):
    def __init__(self, names: Names, inside_segment: int | None) -> None:
        super().__init__()
        self.names = names
        self.inside_segment = inside_segment
        self.groups_used = 0
        self.filters_used = 0
        # The options of each field, which many filters may ask for.
        self.options: dict[int, frozenset[Value]] = {}

    # ── the rule and its blocks ──────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule, path: str) -> Steps[Rule]:
        if len(rule.blocks) > limits.BLOCKS:
            self.complain(f"{path}.blocks", "too_many", f"A rule holds at most {limits.BLOCKS} blocks.")
            return rule
        if count_values(rule) > limits.RULE_VALUES:
            # Looking all of them up to say more about each would only be slow.
            message = f"The filters of a rule hold at most {limits.RULE_VALUES:,} values in all."
            self.complain(f"{path}.blocks", "too_many", message)
            return rule
        blocks = []
        for i, block in enumerate(rule.blocks):
            blocks.append((yield from self.block(block, f"{path}.blocks[{i}]")))
        if self.groups_used > limits.GROUPS:
            self.complain(f"{path}.blocks", "too_many", f"A rule holds at most {limits.GROUPS:,} groups.")
        if rule.nobody and (rule.blocks or rule.include):
            self.complain(
                f"{path}.nobody", "contradiction", "An audience of nobody holds no blocks and no people."
            )
        return Rule(
            blocks,
            (yield from self.people(rule.include, f"{path}.include")),
            (yield from self.people(rule.exclude, f"{path}.exclude")),
            rule.nobody,
        )

    def people(self, ids: Sequence[int], path: str) -> Steps[list[int]]:
        if len(ids) > limits.HAND_PICKED:
            self.complain(path, "too_many", f"At most {limits.HAND_PICKED:,} people can be picked by hand.")
            return list(ids)
        for i, learner_id in enumerate(ids):
            if not self.names.knows_learner(learner_id):
                self.complain(f"{path}[{i}]", "unknown", f"There is no learner {learner_id}.")
            if i % limits.VALUES == 0:
                yield
        return list(dict.fromkeys(ids))

    def block(self, block: Block, path: str) -> Steps[Block]:
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
        yield
        self.groups_used += len(groups)
        self.filters_used = 0
        filters = yield from self.filters(block.filters, f"{path}.filters", 1)
        if self.filters_used > limits.FILTERS:
            self.complain(f"{path}.filters", "too_many", f"A block holds at most {limits.FILTERS} filters.")
        return msgspec.structs.replace(block, groups=groups, filters=filters)

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filters(self, filters: Sequence[Filter], path: str, depth: int) -> Steps[list[Filter]]:
        checked: list[Filter] = []
        for i, found in enumerate(filters):
            place = f"{path}[{i}]"
            self.filters_used += 1
            if isinstance(found, AllFilter | AnyFilter | NoneFilter):
                checked.append((yield from self.nested(found, place, depth)))
            else:
                checked.append(self.filter(found, place))
            yield
        return checked

    def filter(self, found: Filter, path: str) -> Filter:  # noqa: PLR0911 - one answer a case
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
            case AllFilter() | AnyFilter() | NoneFilter():  # pragma: no cover - `filters` opens them
                raise AssertionError(found)
            case _ as never:  # pragma: no cover - every filter type is above
                assert_never(never)

    def nested(self, found: AllFilter | AnyFilter | NoneFilter, path: str, depth: int) -> Steps[Filter]:
        if depth >= limits.DEPTH:
            self.complain(f"{path}.of", "too_deep", f"Filters can be nested {limits.DEPTH} deep.")
            return found
        if not found.of:
            self.complain(f"{path}.of", "empty", "A group of filters needs at least one filter.")
        return msgspec.structs.replace(found, of=(yield from self.filters(found.of, f"{path}.of", depth + 1)))

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
            elif not in_calendar(day):
                self.complain(f"{path}[{i}]", "out_of_range", SAID)
        if found.op == "between":
            self.order(days, path)

    # ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────

    def field(self, found: FieldFilter, path: str) -> FieldFilter:
        field = self.names.find_field(found.field)
        if field is None:
            self.complain(f"{path}.field", "unknown", f"There is no field {found.field!r}.")
            return found
        found = msgspec.structs.replace(found, values=[_clean(value) for value in found.values])
        if not accepts(field.type, found.op):
            self.complain(
                f"{path}.op", "not_allowed", f"A {field.type} field cannot be asked with “{found.op}”."
            )
            return msgspec.structs.replace(found, field=field.id)
        if found.op in WITHOUT_VALUES:
            if found.values:
                self.complain(f"{path}.values", "not_allowed", f"“{found.op}” takes no values.")
        else:
            self.field_values(found, field, f"{path}.values")
        values = [_held(value) for value in found.values]
        return msgspec.structs.replace(found, field=field.id, values=_unique(values, found.op))

    def field_values(self, found: FieldFilter, field: FieldName, path: str) -> None:
        if found.op == "between":
            self.arity(found.values, path, 2, found.op)
        elif found.op in ONE_VALUE:
            self.arity(found.values, path, 1, found.op)
        else:
            self.count(found.values, path)
        options: frozenset[Value] = frozenset()
        if field.type == "choice" and found.op in {"in", "not_in"}:
            if field.id not in self.options:
                self.options[field.id] = frozenset(field.options)
            options = self.options[field.id]
        wrong = False
        for i, value in enumerate(found.values[: limits.VALUES]):
            problem = _problem_of(value, field, options)
            if problem is not None:
                wrong = True
                self.complain(f"{path}[{i}]", *problem)
            elif isinstance(value, str):
                self.texts([value], path, first=i)
        if not wrong and found.op == "between":
            self.order(found.values, path)


def _problem_of(value: Value, field: FieldName, options: frozenset[Value]) -> tuple[str, str] | None:
    """Why nobody can have this value of the field: code and message."""
    if not fits(field.type, value):
        return "type", f"“{field.name}” holds {EXPECTED[field.type]}."
    if options and value not in options:
        return "unknown", f"“{field.name}” has no option {value!r}."
    if field.type == "date" and not in_calendar(date.fromisoformat(str(value))):
        return "out_of_range", SAID
    if field.type == "number" and isinstance(value, int | float) and as_double(value) is None:
        return "out_of_range", "The number is too large."
    return None


def _clean(value: Value) -> Value:
    """A text as values are stored; one that cannot be stored is nobody's value, and stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return clean_lines(value)
    except TextError:
        return value


def _held(value: Value) -> Value:
    """A number as the database holds it: a double, and one zero. What is too large has been complained of."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = as_double(value)
    return value if number is None or number == value else number


def _unique(values: list[Value], op: str) -> list[Value]:
    """Without repetitions; True and 1 are different values, and a range keeps both its ends."""
    if op == "between":
        return values
    return list({(isinstance(value, bool), value): value for value in values}.values())
