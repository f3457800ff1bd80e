"""Rules in parts, so that many of them can be asked about one person at once (see `matching`).

A rule is a list of blocks; a block is groups, *questions* about one column each, and whatever is left as functions.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pyroaring import BitMap

from backend.index.evaluating import Evaluator
from backend.index.leaves import Leaves, asks_every, is_negation
from backend.index.questions import Questions, column_of
from backend.rules import (
    AllFilter,
    AnyFilter,
    CertificateFilter,
    Facet,
    Filter,
    GroupFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
)
from backend.rules.dependencies import leaves

Asked = Callable[[int], bool]


class Groups(NamedTuple):
    """Membership of any of the groups, or of none of them; of everybody when there are none."""

    groups: tuple[int, ...] = ()
    subgroups: bool = True
    negated: bool = False


class Clause(NamedTuple):
    """A block: its groups, every question, every other group filter, and everything in `rest`.

    `filters` are those that are no questions, as they stand in the rule.
    """

    base: Groups
    questions: tuple[int, ...]
    groups: tuple[Groups, ...]
    rest: tuple[Asked, ...]
    filters: tuple[Filter, ...]


class Compiled(NamedTuple):
    """A rule. Of `loose` facets any change may matter: it is not known beforehand which values do."""

    rule: Rule
    clauses: tuple[Clause, ...]
    include: frozenset[int]
    exclude: frozenset[int]
    loose: frozenset[Facet]


def can_compile(rule: Rule) -> bool:
    """Not where other people's facts decide about a person: managers, and segments, which may ask about managers."""
    return not any(
        isinstance(leaf, ManagerFilter | SegmentFilter)
        for block in rule.blocks
        for leaf in leaves(block.filters)
    )


def compile_rule(rule: Rule, questions: Questions) -> Compiled:
    """The rule in parts; it must be sound and one that `can_compile`."""
    clauses, loose = [], set[Facet]()
    for block in rule.blocks:
        asked: list[int] = []
        groups: list[Groups] = []
        rest: list[Asked] = []
        others: list[Filter] = []
        for found in block.filters:
            number = questions.number(found)
            if number is not None:
                asked.append(number)
                continue
            others.append(found)
            if isinstance(found, GroupFilter):
                groups.append(Groups(_ids(found.groups), found.subgroups, found.op == "not_in"))
            else:
                rest.append(_asking(found, questions))
                loose.update(facet for leaf in leaves([found]) for facet in _facets(leaf))
        base = Groups() if block.everyone else Groups(_ids(block.groups), block.subgroups)
        clauses.append(Clause(base, tuple(asked), tuple(groups), tuple(rest), tuple(others)))
    return Compiled(rule, tuple(clauses), frozenset(rule.include), frozenset(rule.exclude), frozenset(loose))


def _ids(groups: list[Any]) -> tuple[int, ...]:
    return tuple(groups)


def _facets(leaf: Filter) -> Iterator[Facet]:
    """The columns that a filter in `rest` asks about; what is no column is never refined by value anyway."""
    column = column_of(leaf)
    if column is not None:
        yield column
    elif isinstance(leaf, CertificateFilter):
        yield from (Facet("award", certificate) for certificate in leaf.certificates)  # type: ignore[arg-type]  # resolved


def _asking(found: Filter, questions: Questions) -> Asked:
    """A function that tells of one learner whether the filter holds."""
    match found:
        case AllFilter():
            inner = [_asking(one, questions) for one in found.of]
            return lambda learner: all(asked(learner) for asked in inner)
        case AnyFilter():
            inner = [_asking(one, questions) for one in found.of]
            return lambda learner: any(asked(learner) for asked in inner)
        case NoneFilter():
            inner = [_asking(one, questions) for one in found.of]
            return lambda learner: not any(asked(learner) for asked in inner)
        case PathResultFilter() if not found.status.endswith("enrolled"):
            return _standing(found, questions)
        case _:
            number = questions.number(found)
            return _looking_up(number, questions) if number is not None else _evaluating(found, questions)


def _looking_up(number: int, questions: Questions) -> Asked:
    question, column = questions.all[number], questions.columns[questions.all[number].facet]

    def asked(learner: int) -> bool:
        code = int(column.codes[learner]) if learner < len(column.codes) else 0
        return bool(questions.answers[question.offset + code])

    return asked


def _standing(found: PathResultFilter, questions: Questions) -> Asked:
    leaves_ = Leaves(questions.facts, questions.structure, questions.day)
    every = all if asks_every(found) else any
    negated = is_negation(found)

    def asked(learner: int) -> bool:
        stands = (any(learner in part for part in leaves_.standing(found, path)) for path in found.paths)
        return every(stands) is not negated

    return asked


def _evaluating(found: Filter, questions: Questions) -> Asked:
    def asked(learner: int) -> bool:
        only = BitMap([learner])
        return (
            Evaluator(questions.facts, questions.structure, questions.day, only=only)
            .filter(found)
            .holds(learner)
        )

    return asked
