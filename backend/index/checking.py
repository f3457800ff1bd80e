"""Whether all that a rule refers to is still there: asked before every evaluation, so that broken is never empty."""

from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from backend.index.steps import Steps, finish
from backend.index.structure import Structure
from backend.rules import (
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
    Problem,
    Rule,
    SegmentFilter,
)
from backend.rules.field_types import accepts, fits, parse_day


def broken_parts(rule: Rule, structure: Structure, learners: BitMap) -> list[Problem]:
    """What the rule cannot be evaluated for; `learners` is everybody there is. The rule must be resolved."""
    return finish(broken_parts_steps(rule, structure, learners))


def broken_parts_steps(rule: Rule, structure: Structure, learners: BitMap) -> Steps[list[Problem]]:
    """`broken_parts` in steps of a filter."""
    problems = []
    for found in _Checker(structure, learners).rule(rule, "rule", ()):
        if found is None:
            yield
        else:
            problems.append(found)
    return problems


class _Checker:
    def __init__(self, structure: Structure, learners: BitMap) -> None:
        self.structure = structure
        self.learners = learners
        self.sound_segments: set[int] = set()

    def rule(self, rule: Rule, path: str, inside: tuple[int, ...]) -> Iterator[Problem | None]:
        """Its problems; None after each filter, where others may have their turn."""
        for i, block in enumerate(rule.blocks):
            here = f"{path}.blocks[{i}]"
            if not block.groups and not block.everyone:
                yield Problem(f"{here}.groups", "empty", "A block needs at least one group.")
            yield from self.known(block.groups, self.structure.groups, f"{here}.groups", "group")
            yield from self.filters(block.filters, f"{here}.filters", inside)

    def filters(
        self, filters: Sequence[Filter], path: str, inside: tuple[int, ...]
    ) -> Iterator[Problem | None]:
        for i, found in enumerate(filters):
            yield from self.filter(found, f"{path}[{i}]", inside)
            yield None

    def known(
        self, references: Sequence[int | str], table: object, path: str, kind: str
    ) -> Iterator[Problem]:
        for i, reference in enumerate(references):
            if reference not in table:  # type: ignore[operator]  # a dict or a bitmap of ids
                yield Problem(f"{path}[{i}]", "gone", f"The {kind} {reference} does not exist any more.")

    def filter(self, found: Filter, path: str, inside: tuple[int, ...]) -> Iterator[Problem | None]:
        structure = self.structure
        match found:
            case FieldFilter():
                yield from self.field(found, path)
            case GroupFilter():
                yield from self.known(found.groups, structure.groups, f"{path}.groups", "group")
            case PathResultFilter():
                yield from self.known(found.paths, structure.activities, f"{path}.paths", "activity")
            case CertificateFilter():
                yield from self.known(
                    found.certificates, structure.certificates, f"{path}.certificates", "certificate"
                )
            case ManagerFilter():
                yield from self.known(found.managers, self.learners, f"{path}.managers", "learner")
            case SegmentFilter():
                yield from self.segments(found, path, inside)
            case AddedFilter():
                yield from self.added(found, path)
            case AllFilter() | AnyFilter() | NoneFilter():
                yield from self.filters(found.of, f"{path}.of", inside)
            case LanguageFilter():
                pass
        yield from self.not_empty(found, path)

    def not_empty(self, found: Filter, path: str) -> Iterator[Problem]:
        for name in ("groups", "paths", "certificates", "managers", "segments", "of", "values"):
            if getattr(found, name, None) == [] and not _needs_no_values(found):
                yield Problem(f"{path}.{name}", "empty", "Give at least one value.")

    def field(self, found: FieldFilter, path: str) -> Iterator[Problem]:
        field = self.structure.fields.get(found.field) if isinstance(found.field, int) else None
        if field is None:
            yield Problem(f"{path}.field", "gone", f"The field {found.field} does not exist any more.")
        elif not accepts(field.type, found.op):
            yield Problem(
                f"{path}.op", "not_allowed", f"A {field.type} field cannot be asked with “{found.op}”."
            )
        else:
            for i, value in enumerate(found.values):
                if not fits(field.type, value):
                    yield Problem(f"{path}.values[{i}]", "type", f"“{field.name}” is a {field.type} field.")
            if found.op == "between" and len(found.values) != 2:
                yield Problem(f"{path}.values", "two_values", "“between” takes two values.")

    def added(self, found: AddedFilter, path: str) -> Iterator[Problem]:
        wanted = 2 if found.op == "between" else 1
        good = (
            isinstance(value, int) if found.op == "last_days" else parse_day(value) for value in found.values
        )
        if len(found.values) != wanted or not all(good):
            yield Problem(f"{path}.values", "type", "The days are not valid.")

    def segments(self, found: SegmentFilter, path: str, inside: tuple[int, ...]) -> Iterator[Problem | None]:
        for i, segment_id in enumerate(found.segments):
            here = f"{path}.segments[{i}]"
            segment = self.structure.segments.get(segment_id)
            if segment_id in self.sound_segments:
                continue
            if segment_id in inside:
                yield Problem(here, "cycle", "A segment contains itself through others.")
            elif segment is None:
                yield Problem(here, "gone", f"The segment {segment_id} does not exist any more.")
            elif segment.rule is None:
                yield Problem(here, "broken", f"The segment “{segment.name}” is broken.")
            else:
                inner = []
                for problem in self.rule(segment.rule, "rule", (*inside, segment_id)):
                    if problem is None:
                        yield None
                    else:
                        inner.append(problem)
                for problem in inner[:1]:
                    yield Problem(
                        here, problem.code, f"The segment “{segment.name}” is broken: {problem.message}"
                    )
                if not inner:
                    self.sound_segments.add(segment_id)


def _needs_no_values(found: Filter) -> bool:
    return isinstance(found, FieldFilter) and found.op in {"is_set", "is_empty"}
