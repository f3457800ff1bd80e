"""Thousands of audiences kept against a stream of changes: which of them hold people they no longer want, or want others.

Told of each applied change, `Audiences` notes it; asked to decide, it finds which audiences the noted changes can move (by the
value before and after, where one column is asked) and evaluates these pairs of person and audience at once, as vectors. What `FacetIndex.evaluate` says
of the same people is the same: tests hold the two against each other. Only rules that `can_compile` are kept here.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import numpy as np
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.facet_index import FacetIndex
from backend.index.facts.arrays import Flags, Ids, Numbers, ids_of
from backend.index.facts.changes import Change
from backend.index.steps import Steps
from backend.index.time_slices import SLICE_SECONDS
from backend.index.vectors.audience_registry import AudienceRegistry
from backend.index.vectors.changed_pairs import Note, pairs_of
from backend.index.vectors.flat_rules import FlatRules, flatten, groups_named
from backend.index.vectors.full_evaluation import full_evaluation_steps
from backend.index.vectors.group_columns import GroupColumns
from backend.index.vectors.learner_rows import GroupRows
from backend.index.vectors.pair_evaluation import LearnersInGroups, are_wanted
from backend.index.vectors.questions import Questions
from backend.rules import Facet, Rule

# People in one slice of deciding, for whom it takes some megabytes; fewer where `SLICE_SECONDS` are not enough. Of a view, which
# has decided about nobody yet, the first slice is of few.
MOST_LEARNERS = 256
FIRST_LEARNERS = 16


class Moved(NamedTuple):
    """People of one audience whose place in it is not what the rule says, and those of them whom the rule wants."""

    looked: BitMap
    wanted: BitMap


class Audiences:
    """Audiences by key (a small number: the id of a method), over one index."""

    def __init__(self, index: FacetIndex, day: date) -> None:
        self.index = index
        self.questions = Questions(index.facts, index.structure, day)
        self.rows = GroupRows(index.facts)
        self._registry = AudienceRegistry(index, self.questions, self.rows)
        self._places = GroupColumns(self.rows)
        self._flat: FlatRules | None = None
        self._noted: list[Note] = []
        # Those that are being decided about.
        self._in_hand: list[Note] = []
        # How many people the next slice is about.
        self._people = MOST_LEARNERS

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __contains__(self, key: int) -> bool:
        return key in self._registry.rules

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        """Keep the audience, which rests on `facets`; False when it cannot be kept here."""
        self._flat = None
        return self._registry.put(key, rule, facets)

    def remove(self, key: int) -> None:
        """Forget the audience."""
        if key in self._registry.rules:
            self._flat = None
            self._registry.remove(key)

    def regroup(self, groups: Iterable[int]) -> None:  # noqa: ARG002 - a view tells these alone anew
        """These groups stand elsewhere in the tree, are new, or gone."""
        self._flat = None

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, change: Change) -> None:
        """The index has just applied this change of a fact; if it can move anybody it is remembered until `decide`."""
        learner_id, facet = change.learner_id or 0, Facet(change.facet, change.ref_id)
        column = self.questions.columns.get(facet)
        if column is not None:
            was, now = self._codes(facet, change.old, change.new)
            column.move(learner_id, now)
            if was != now:
                self._noted.append(Note(learner_id, facet, self.questions.slots[facet], was, now))
            return
        if change.facet == "membership":
            self.rows.move(learner_id, change.ref_id or 0, inside=change.new is not None)
        if self._concerns(facet):
            self._noted.append(Note(learner_id, facet))

    def keep_current(self, changes: Iterable[Change]) -> None:
        """`note` of these changes of one person each, where nobody will decide about any of them."""
        for (name, ref), alike in groupby(changes, key=attrgetter("facet", "ref_id")):
            if name == "membership":
                for inside, moved in groupby(alike, key=lambda change: change.new is not None):
                    self.rows.move_all([change.learner_id or 0 for change in moved], ref or 0, inside=inside)
                continue
            facet = Facet(name, ref)
            column = self.questions.columns.get(facet)
            if column is None:
                continue
            for change in alike:
                now = self.questions.code(facet, self._value(facet, change.new))
                column.move(change.learner_id or 0, now)

    def concerned(self, change: Change) -> list[int]:
        """The audiences here in which a change that many people share can move somebody; the caller looks at them."""
        facet = Facet(change.facet, change.ref_id)
        if facet.name in ("source", "blocked"):
            return [facet.ref] if facet.ref is not None and facet.ref in self._registry.rules else []
        return self._registry.resting_on(facet).tolist()  # type: ignore[no-any-return]  # numbers of Python's own

    def _concerns(self, facet: Facet) -> bool:
        match facet.name:
            case "status":
                return True
            case "source" | "blocked":
                return facet.ref in self._registry.rules
            case _:
                return len(self._registry.resting_on(facet)) > 0

    def _codes(self, facet: Facet, old: Any, new: Any) -> tuple[int, int]:
        code = self.questions.code
        return code(facet, self._value(facet, old)), code(facet, self._value(facet, new))

    def _value(self, facet: Facet, told: Any) -> Any:
        """The value of a column, from what the log tells of it."""
        match facet.name:
            case "added":
                return self.index.facts.added_day(told)
            case "award":
                return self.index.facts.expiry_day(told)
            case "field":
                # An empty text is no value.
                return None if told == "" else told
            case _:
                return told

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> bool:
        """Whether something was noted since the last `decide`."""
        return bool(self._noted)

    @property
    def undecided(self) -> BitMap:
        """Whom the changes are about that were noted and are not decided about yet."""
        return BitMap([note.learner_id for note in (*self._in_hand, *self._noted)])

    def forget_noted(self) -> None:
        """Nobody will decide about what was noted."""
        self._noted = []

    def full_evaluation_steps(self, key: int, day: date) -> Steps[BitMap | None]:
        """Everybody in one audience, as `FacetIndex.evaluate` says it, in steps; None when it is not kept here any more."""
        self.turn(day)
        compiled = self._registry.rules.get(key)
        if compiled is None:
            return None
        evaluator = Evaluator(self.index.facts, self.index.structure, day, self.index.cache)
        return (yield from full_evaluation_steps(compiled, evaluator, self.questions))

    def turn(self, day: date) -> None:
        """Answer for this day from here on."""
        if day != self.questions.day:
            self.questions.turn(day)

    def decide(self, day: date) -> Iterator[dict[int, Moved]]:
        """Evaluate what was noted, in slices; each answer is of the index as it stands then.

        A slice is as many people as the one before tells that `SLICE_SECONDS` are enough for.
        """
        self.turn(day)
        noted, self._noted = self._noted, []
        self._in_hand = noted
        noted.sort(key=itemgetter(0))
        start = 0
        while start < len(noted):
            end = self._end_of_slice(noted, start)
            began = time.perf_counter()
            found = self._decide(noted[start:end])
            took = time.perf_counter() - began
            if end < len(noted) or took > SLICE_SECONDS:
                fitting = int(self._people * SLICE_SECONDS / took)
                self._people = max(1, min(MOST_LEARNERS, 2 * self._people, fitting))
            start = end
            yield found
        self._in_hand = []

    def _end_of_slice(self, noted: list[Note], start: int) -> int:
        """After the notes of as many people as the slice is about."""
        people = 0
        last = -1
        for place in range(start, len(noted)):
            if noted[place].learner_id != last:
                last = noted[place].learner_id
                people += 1
                if people > self._people:
                    return place
        return len(noted)

    def _decide(self, noted: list[Note]) -> dict[int, Moved]:
        flat = self._flattened()
        learners = ids_of(BitMap([note.learner_id for note in noted]) & self.index.countable)
        place = {learner_id: i for i, learner_id in enumerate(learners.tolist())}
        inside, changed = self._places.inside(learners), self._changed(learners, place, noted)
        people = LearnersInGroups(learners, inside, self.questions.codes(learners), changed)
        of_people = [(place[note.learner_id], note) for note in noted if note.learner_id in place]
        who, rules = self._pairs(flat, people, of_people)
        wanted = self._wanted(flat, people, who, rules)
        return self._differing(learners[who].tolist(), flat.keys[rules].tolist(), wanted.tolist())

    def _changed(self, learners: Ids, place: Mapping[int, int], noted: list[Note]) -> Flags:
        """By slot and learner, whose columns have changed."""
        changed: Flags = np.zeros((len(self.questions.slots), len(learners)), np.bool_)
        # With what was noted since: the index is further than the notes that are decided about.
        for note in (*noted, *self._noted):
            if note.slot >= 0 and note.learner_id in place:
                changed[note.slot, place[note.learner_id]] = True
        return changed

    def _pairs(
        self, flat: FlatRules, people: LearnersInGroups, noted: Iterable[tuple[int, Note]]
    ) -> tuple[Numbers, Numbers]:
        """Places of learners and numbers of rules, of the pairs that are worth a look."""
        return pairs_of(flat, self.questions, self._registry, people, noted)

    def _wanted(self, flat: FlatRules, people: LearnersInGroups, who: Numbers, rules: Numbers) -> Flags:
        """For each pair: whether the rule wants the person."""
        return are_wanted(flat, self.questions, people, who, rules)

    @property
    def prepared(self) -> bool:
        """Whether the rules are put together."""
        return self._flat is not None

    def prepare(self) -> None:
        """Put the rules together now, and not when the first change is decided about."""
        self._flattened()

    def _flattened(self) -> FlatRules:
        if self._flat is None:
            rules = self._registry.rules
            self._places.build(self.index.structure, groups_named(rules.values()))
            self._flat = flatten(rules, self._places, self.questions)
        return self._flat

    def _differing(self, learners: list[int], keys: list[int], wanted: list[bool]) -> dict[int, Moved]:
        facts = self.index.facts
        found: dict[int, Moved] = {}
        for learner_id, key, is_wanted in zip(learners, keys, wanted, strict=True):
            held = facts.sources.get(key)
            if (held is not None and learner_id in held) is is_wanted:
                waiting = facts.blocked.get(key)
                if is_wanted or waiting is None or learner_id not in waiting.present:
                    continue
            moved = found.get(key)
            if moved is None:
                moved = found[key] = Moved(BitMap(), BitMap())
            moved.looked.add(learner_id)
            if is_wanted:
                moved.wanted.add(learner_id)
        return found


def by_audience(found: Iterable[Mapping[int, Moved]]) -> dict[int, Moved]:
    """Several slices together."""
    merged: dict[int, Moved] = {}
    for part in found:
        for key, moved in part.items():
            before = merged.get(key)
            merged[key] = (
                moved if before is None else Moved(before.looked | moved.looked, before.wanted | moved.wanted)
            )
    return merged
