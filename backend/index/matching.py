"""Thousands of audiences kept against a stream of changes: which of them hold people they no longer want, or want others.

Told of each applied change, `Audiences` notes which audiences it can move (by the value before and after, where one column is
asked); asked to decide, it evaluates all noted pairs of person and audience at once, as vectors. What `FacetIndex.evaluate` says
of the same people is the same: tests hold the two against each other. Only rules that `can_compile` are kept here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from backend.index.arrays import NONE, Flags, ids_of
from backend.index.audience_registry import AudienceRegistry
from backend.index.changes import Change
from backend.index.evaluating import Evaluator
from backend.index.facet_index import FacetIndex
from backend.index.flat_rules import FlatRules, flatten
from backend.index.group_places import GroupPlaces
from backend.index.pairs import Note, pairs_of
from backend.index.questions import Questions
from backend.index.rows import GroupRows
from backend.index.steps import Steps
from backend.index.vectors import People, evaluate_pairs
from backend.index.whole import whole_steps
from backend.rules import Facet, Rule

# Evaluated in one go: a few milliseconds of work, and some megabytes.
MOST_LEARNERS = 512
MOST_PAIRS = 100_000


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
        self._places = GroupPlaces(self.rows)
        self._flat: FlatRules | None = None
        self._noted: list[Note] = []

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __contains__(self, key: int) -> bool:
        return key in self._registry.rules

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        """Keep the audience, which rests on `facets`; False when it cannot be kept here."""
        self._flat = None
        return self._registry.put(key, rule, facets)

    def remove(self, key: int) -> None:
        """Forget the audience."""
        self._flat = None
        self._registry.remove(key)

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, change: Change) -> None:
        """The index has just applied this change of a fact; whom and what it can move is remembered until `decide`."""
        learner_id = change.learner_id or 0
        facet = Facet(change.facet, change.ref_id)
        registry = self._registry
        match change.facet:
            case "status":
                self._noted.append(Note(learner_id, None, surely=True))
                return
            case "membership":
                self.rows.move(learner_id, change.ref_id or 0, inside=change.new is not None)
                keys = registry.resting_on(facet)
            case "source" | "blocked":
                key = change.ref_id or 0
                keys = np.array([key]) if key in registry.rules else NONE
            case "field" | "language" | "added" | "award":
                keys = registry.moved_by(facet, learner_id, change.old, change.new)
            case _:
                keys = registry.resting_on(facet)
        if len(keys):
            surely = change.facet in ("membership", "source", "blocked")
            self._noted.append(Note(learner_id, keys, surely, self.questions.slots.get(facet, -1)))

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> bool:
        """Whether something was noted since the last `decide`."""
        return bool(self._noted)

    def whole_steps(self, key: int, day: date) -> Steps[BitMap | None]:
        """Everybody in one audience, as `FacetIndex.evaluate` says it, in steps; None when it is not kept here any more."""
        self._turn(day)
        compiled = self._registry.rules.get(key)
        if compiled is None:
            return None
        evaluator = Evaluator(self.index.facts, self.index.structure, day, self.index.cache)
        return (yield from whole_steps(compiled, evaluator, self.questions))

    def _turn(self, day: date) -> None:
        if day != self.questions.day:
            self.questions.turn(day)
            self._registry.forget()

    def decide(self, day: date) -> Iterator[dict[int, Moved]]:
        """Evaluate what was noted, in slices of bounded work; each answer is of the index as it stands then."""
        self._turn(day)
        noted, self._noted = self._noted, []
        noted.sort(key=lambda note: note.learner_id)
        slice_: list[Note] = []
        learners = pairs = 0
        last = -1
        for note in noted:
            size = len(self._registry.rules) if note.keys is None else len(note.keys)
            fresh = note.learner_id != last
            if slice_ and fresh and (pairs + size > MOST_PAIRS or learners >= MOST_LEARNERS):
                yield self._decide(slice_)
                slice_, learners, pairs = [], 0, 0
            learners += fresh
            pairs += size
            slice_.append(note)
            last = note.learner_id
        if slice_:
            yield self._decide(slice_)

    def _decide(self, noted: list[Note]) -> dict[int, Moved]:
        flat = self._flattened()
        people = BitMap([note.learner_id for note in noted]) & self.index.countable
        learners = ids_of(people)
        place = {learner_id: i for i, learner_id in enumerate(learners.tolist())}
        who, keys, must = pairs_of(noted, place, self._registry, flat.number)
        if not len(who):
            return {}
        changed: Flags = np.zeros((len(self.questions.slots), len(learners)), np.bool_)
        # With what was noted since: the index is further than the notes that are decided about.
        for note in (*noted, *self._noted):
            if note.slot >= 0 and note.learner_id in place:
                changed[note.slot, place[note.learner_id]] = True
        known = People(learners, self._places.inside(learners), self.questions.codes(learners), changed)
        wanted, near = evaluate_pairs(flat, self.questions, known, who, flat.number[keys])
        looked = np.flatnonzero(near | must)
        return self._differing(learners[who[looked]].tolist(), keys[looked].tolist(), wanted[looked].tolist())

    def _flattened(self) -> FlatRules:
        if self._flat is None:
            self._places.plant(self.index.structure)
            self._flat = flatten(self._registry.rules, self._places)
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
