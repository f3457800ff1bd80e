"""Whether all that a rule refers to is still there: asked before every evaluation, so that broken is never empty."""

from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from backend.index.facts.structure import Structure
from backend.index.facts.structure_rows import Segment
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps
from backend.rules import Filter, Nested, Problem, Rule
from backend.words import Message
from backend.words.nouns import thing


def broken_parts_steps(rule: Rule, structure: Structure, learners: BitMap) -> Steps[list[Problem]]:
    """What the rule cannot be evaluated for, in steps of a filter; `learners` is everybody there is. The rule must be resolved."""
    problems = []
    for found in RuleCheck(structure, learners).rule(rule, "rule"):
        if found is None:
            yield
        else:
            problems.append(found)
    return problems


class RuleCheck:
    """One check of one rule against what is there; `learners` is everybody there is."""

    def __init__(self, structure: Structure, learners: BitMap) -> None:
        self.structure = structure
        self.learners = learners
        self._inside: tuple[int, ...] = ()
        self._sound_segments: set[int] = set()

    def rule(self, rule: Rule, path: str) -> Iterator[Problem | None]:
        """Its problems; None after each filter, where others may have their turn."""
        for i, block in enumerate(rule.blocks):
            here = f"{path}.blocks[{i}]"
            if not block.groups and not block.everyone:
                yield Problem(f"{here}.groups", "empty", Message("A block needs at least one group."))
            yield from self.groups(block.groups, f"{here}.groups")
            yield from self._filters(block.filters, f"{here}.filters")

    def _filters(self, filters: Sequence[Filter], path: str) -> Iterator[Problem | None]:
        for i, found in enumerate(filters):
            here = f"{path}[{i}]"
            if isinstance(found, Nested):
                yield from self._filters(found.of, f"{here}.of")
            else:
                yield from evaluation_of(found).problems(found, self, here)
            yield from self._not_empty(found, here)
            yield None

    def _not_empty(self, found: Filter, path: str) -> Iterator[Problem]:
        for name in () if found.needs_no_values else found.__struct_fields__:
            if getattr(found, name) == []:
                yield Problem(f"{path}.{name}", "empty", Message("Give at least one value."))

    def groups(self, references: Sequence[int | str], path: str) -> Iterator[Problem]:
        """Which of the groups are gone, or have ended and say that nobody enters or leaves by them any more."""
        yield from self.known(references, self.structure.groups, path, "group")
        for i, reference in enumerate(references):
            group = self.structure.groups.get(reference) if isinstance(reference, int) else None
            if group is not None and group.freezes:
                message = Message(
                    "The group “{name}” has ended: give it a later end, let rules that use it go on, or take it out.",
                    name=group.name,
                )
                yield Problem(f"{path}[{i}]", "ended", message)

    def known(
        self, references: Sequence[int | str], table: object, path: str, kind: str
    ) -> Iterator[Problem]:
        """Which of the references are in no row of the table (or in no bitmap of ids)."""
        for i, reference in enumerate(references):
            if reference not in table:  # type: ignore[operator]  # a dict or a bitmap of ids
                yield Problem(
                    f"{path}[{i}]",
                    "gone",
                    Message(
                        "The {kind} {reference} does not exist any more.",
                        kind=thing(kind),
                        reference=reference,
                    ),
                )

    def segments(self, segments: Sequence[int], path: str) -> Iterator[Problem | None]:
        """Which of the segments are gone, broken, or go round in a circle."""
        for i, segment_id in enumerate(segments):
            here = f"{path}[{i}]"
            segment = self.structure.segments.get(segment_id)
            if segment_id in self._sound_segments:
                continue
            if segment_id in self._inside:
                yield Problem(here, "cycle", Message("A segment contains itself through others."))
            elif segment is None:
                yield Problem(
                    here,
                    "gone",
                    Message(
                        "The {kind} {reference} does not exist any more.",
                        kind=thing("segment"),
                        reference=segment_id,
                    ),
                )
            elif segment.rule is None:
                yield Problem(here, "broken", Message("The segment “{name}” is broken.", name=segment.name))
            else:
                yield from self._segment(segment, segment.rule, here)

    def _segment(self, segment: Segment, rule: Rule, here: str) -> Iterator[Problem | None]:
        inner = []
        outside, self._inside = self._inside, (*self._inside, segment.id)
        for problem in self.rule(rule, "rule"):
            if problem is None:
                yield None
            else:
                inner.append(problem)
        self._inside = outside
        for problem in inner[:1]:
            message = Message(
                "The segment “{name}” is broken: {message}", name=segment.name, message=problem.message
            )
            yield Problem(here, problem.code, message)
        if not inner:
            self._sound_segments.add(segment.id)
