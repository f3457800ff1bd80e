"""Everybody in one audience, where thousands of audiences are asked one after the other.

What many of them share is remembered as bitmaps: the people of a group with its subgroups, and of a filter. Once few people
are left, what their columns answer is looked up instead: that needs no set of everybody.
"""

from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps
from backend.index.vectors.compiled_rules import Clause, Compiled
from backend.index.vectors.questions import Questions
from backend.rules import Block

# Up to so many people a question is answered faster from their columns than from the bitmaps of its values.
FEW = 8_192


def full_evaluation_steps(compiled: Compiled, evaluator: Evaluator, questions: Questions) -> Steps[BitMap]:
    """The rule's people, as `evaluator` says them; a bitmap of the caller's own."""
    found = BitMap()
    for block, clause in zip(compiled.rule.blocks, compiled.clauses, strict=True):
        found |= yield from _clause_steps(block, clause, evaluator, questions)
    if compiled.include:
        found |= evaluator.countable & BitMap(compiled.include)
    if compiled.exclude:
        found -= BitMap(compiled.exclude)
    return found


def _clause_steps(block: Block, clause: Clause, evaluator: Evaluator, questions: Questions) -> Steps[BitMap]:
    """Filters that are no questions come first: most of them are one bitmap of the facts, and few people remain."""
    people = yield from evaluator.shared_base_steps(block)
    for other in clause.filters:
        people = (yield from evaluator.filter_steps(other)).within(people)
    looked_up = []
    for question in (questions.all[number] for number in clause.questions):
        if len(people) <= FEW or evaluation_of(question.leaf).reads_every_value(question.leaf):
            looked_up.append(question)
        else:
            people = (yield from evaluator.filter_steps(question.leaf)).within(people)
    if looked_up and people:
        people = yield from questions.answering_steps(people, looked_up)
    return people
