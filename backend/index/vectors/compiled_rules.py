"""Rules in parts, so that many of them can be asked about one person at once (see `audiences`).

A rule is a list of blocks; a block is groups, *questions* about one column each, and whatever is left as functions.
"""

from typing import Any, NamedTuple

from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.filters.base import Asked
from backend.index.filters.nested import combined_answers
from backend.index.filters.registry import evaluation_of
from backend.index.vectors.questions import Questions
from backend.rules import Combination, Facet, Filter, GroupFilter, Rule, leaves_of


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
    """A rule. Of `loose` facets, where they are columns, any change may matter: it is not known beforehand which values do."""

    rule: Rule
    clauses: tuple[Clause, ...]
    include: frozenset[int]
    exclude: frozenset[int]
    loose: frozenset[Facet]


def can_compile(rule: Rule) -> bool:
    """Not where other people's facts decide about a person: managers, and segments, which may ask about managers."""
    return not any(evaluation_of(leaf).rests_on_others for leaf in leaves_of(rule))


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
                rest.append(asking(found, questions))
                loose.update(found.facets())
        base = Groups() if block.everyone else Groups(_ids(block.groups), block.subgroups)
        clauses.append(Clause(base, tuple(asked), tuple(groups), tuple(rest), tuple(others)))
    return Compiled(rule, tuple(clauses), frozenset(rule.include), frozenset(rule.exclude), frozenset(loose))


def _ids(groups: list[Any]) -> tuple[int, ...]:
    return tuple(groups)


def asking(found: Filter, questions: Questions) -> Asked:
    """A function that tells of one learner whether the filter holds."""
    if isinstance(found, Combination):
        return combined_answers(found, [asking(one, questions) for one in found.of])
    faster = evaluation_of(found).asks_one(found, questions)
    if faster is not None:
        return faster
    number = questions.number(found)
    return _looking_up(number, questions) if number is not None else _evaluating(found, questions)


def _looking_up(number: int, questions: Questions) -> Asked:
    question, column = questions.all[number], questions.columns[questions.all[number].facet]

    def asked(learner: int) -> bool:
        return bool(questions.answers[question.offset + column.at(learner)])

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
