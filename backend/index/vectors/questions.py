"""Questions about one column of the rows: a filter as a table from the column's codes to yes and no.

What a question means is not said again here: the evaluator is asked about the codes in the place of learners.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.facts.arrays import NONE, Ids, Numbers, bitmap_of, ids_of
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.facts.values import Values
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps
from backend.index.vectors.columns import Column
from backend.rules import Facet, Filter, Nested, Rule, leaves_of
from backend.rules.dependencies import spelled

# Values of a column beyond which its questions are asked person by person: a table of each would take too much memory.
MOST_CODES = 20_000
# People whose answers are looked up in one step, about a millisecond.
LOOKED_UP_AT_ONCE = 65_536
_LEAST_ROOM = 16
# Of a column's values one in so many may be new before its questions' answers are put elsewhere.
ROOM_FOR_MORE = 8
# Bytes that all answers grow by: what they grew out of is given back, but leaves gaps in memory if it happens often.
ROOM_AT_ONCE = 4 << 20


class Question(msgspec.Struct):
    """One filter about one column: its answers by code stand in `Questions.answers` from `offset` on."""

    leaf: Filter
    facet: Facet
    slot: int
    offset: int
    room: int


class Questions:
    """All questions that rules ask, each once, with their answers for every code of their column."""

    def __init__(self, facts: Facts, structure: Structure, day: date) -> None:
        self.facts = facts
        self.structure = structure
        self.day = day
        self.columns: dict[Facet, Column] = {}
        self.slots: dict[Facet, int] = {}
        self.all: list[Question] = []
        self.by_facet: dict[Facet, list[int]] = {}
        self.answers: npt.NDArray[np.uint8] = np.zeros(1024, np.uint8)
        # Counts where answers were put: what is remembered of places is outdated when it moves.
        self.placed = 0
        self._places: tuple[int, Numbers, Numbers] = (-1, NONE, NONE)
        self._used = 0
        self._known: dict[bytes, int] = {}

    def column(self, facet: Facet) -> Column:
        """The column of a facet, made when first asked for."""
        found = self.columns.get(facet)
        if found is None:
            found = self.columns[facet] = Column(column_values(self.facts, facet))
            self.slots[facet] = len(self.slots)
        return found

    @staticmethod
    def facets_asked(rule: Rule) -> Iterator[Facet]:
        """The columns that the rule's filters ask about."""
        for leaf in leaves_of(rule):
            facet = evaluation_of(leaf).column(leaf)
            if facet is not None:
                yield facet

    def number(self, leaf: Filter) -> int | None:
        """The number of the filter's question; None when it is not one."""
        facet = None if isinstance(leaf, Nested) else evaluation_of(leaf).column(leaf)
        if facet is None or self.column(facet).count > MOST_CODES:
            return None
        key = spelled(leaf)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.all)
            self.all.append(Question(leaf, facet, self.slots[facet], 0, 0))
            self.by_facet.setdefault(facet, []).append(found)
            self._answer(self.all[found])
        return found

    def places(self) -> tuple[Numbers, Numbers]:
        """Slot and offset of every question."""
        if self._places[0] != self.placed:
            slots = np.array([question.slot for question in self.all], np.intp)
            offsets = np.array([question.offset for question in self.all], np.intp)
            self._places = (self.placed, slots, offsets)
        return self._places[1:]

    def codes(self, learners: Ids) -> Numbers:
        """The codes of learners (columns) by slot."""
        found = np.zeros((len(self.slots), len(learners)), np.intp)
        places = learners.astype(np.intp)
        for facet, slot in self.slots.items():
            found[slot] = self.columns[facet].of(places)
        return found

    def answering_steps(self, people: BitMap, asked: Sequence[Question]) -> Steps[BitMap]:
        """Those of `people` for whom every question is answered with yes; a new bitmap."""
        everybody = ids_of(people)
        found = BitMap()
        for start in range(0, len(everybody), LOOKED_UP_AT_ONCE):
            learners = everybody[start : start + LOOKED_UP_AT_ONCE]
            for question in asked:
                answers = self.answers[question.offset : question.offset + question.room]
                learners = learners[answers[self.columns[question.facet].of(learners)] != 0]
            found |= bitmap_of(learners)
            yield
        return found

    def turn(self, day: date) -> None:
        """It is another day: what depends on it is asked again."""
        self.day = day
        for question in self.all:
            if question.leaf.asks_the_day:
                self._answer(question)

    def code(self, facet: Facet, value: object) -> int:
        """The code of a value; questions are asked about a new one."""
        column = self.columns[facet]
        known = column.count
        code = column.code(value)
        if code < known:
            return code
        for number in self.by_facet.get(facet, ()):
            question = self.all[number]
            if code >= question.room:
                self._answer(question)
            else:
                one = Column(Values(), numbered=[value])
                self.answers[question.offset + code] = self._holds(question, one)[1]
        return code

    def _answer(self, question: Question) -> None:
        column = self.columns[question.facet]
        if column.count > question.room:
            question.room = column.count + max(_LEAST_ROOM, column.count // ROOM_FOR_MORE)
            question.offset = self._room_for(question.room)
        found = self._holds(question, column)
        self.answers[question.offset : question.offset + len(found)] = found

    def _room_for(self, room: int) -> int:
        start, self._used = self._used, self._used + room
        self.placed += 1
        if self._used > len(self.answers):
            grown = np.zeros(self._used + ROOM_AT_ONCE, np.uint8)
            grown[:start] = self.answers[:start]
            self.answers = grown
        return start

    def _holds(self, question: Question, column: Column) -> npt.NDArray[np.uint8]:
        coded = Facts(self.facts.timezone)
        put_values(coded, question.facet, column)
        bits, negated = Evaluator(coded, self.structure, self.day).filter(question.leaf)
        found = np.full(column.count, negated, np.uint8)
        found[ids_of(bits)] = not negated
        return found


def column_values(facts: Facts, facet: Facet) -> Values[Any]:
    """The values that a column holds. Raises `KeyError` for facets that are no columns."""
    if facet.name in _TABLES:
        return _TABLES[facet.name](facts).get(facet.ref or 0) or Values()
    return _SCALARS[facet.name](facts)


def put_values(facts: Facts, facet: Facet, column: Column) -> None:
    """Let `facts` say of each code what the column says of the people with it."""
    if facet.name in _TABLES:
        _TABLES[facet.name](facts)[facet.ref or 0] = column.coded
    else:
        setattr(facts, facet.name, column.coded)


# What can be a column: of facts of one value a person, and of one a person and reference.
_SCALARS: dict[str, Callable[[Facts], Values[Any]]] = {
    "language": lambda facts: facts.language,
    "added": lambda facts: facts.added,
}
_TABLES: dict[str, Callable[[Facts], dict[int, Values[Any]]]] = {
    "field": lambda facts: facts.fields,
    "award": lambda facts: facts.awards,
}
