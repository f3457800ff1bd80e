"""Thousands of audiences kept against a stream of changes: which of them hold people they no longer want, or want others.

Told of each applied change, `Audiences` notes which audiences it can move (by the value before and after, where one column is
asked); asked to decide, it evaluates all noted pairs of person and audience at once, as vectors. What `FacetIndex.evaluate` says
of the same people is the same: tests hold the two against each other. Only rules that `can_compile` are kept here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from backend.index.changes import Change
from backend.index.compiling import Compiled, Groups, Questions, can_compile, compile_rule
from backend.index.evaluating import Evaluator
from backend.index.facet_index import FacetIndex
from backend.index.predicates import PredicateIndex
from backend.index.rows import GroupRows, Ids, Numbers, bitmap_of, ids_of, spans
from backend.index.steps import finish
from backend.rules import Facet, Rule

# Evaluated in one go: a few milliseconds of work, and some megabytes.
MOST_LEARNERS = 512
MOST_PAIRS = 100_000
# Remembered answers to "which audiences does this change move"; then they are forgotten all at once.
MOST_REMEMBERED = 50_000

Flags = npt.NDArray[np.bool_]
T = TypeVar("T")
_NO_KEYS: Numbers = np.zeros(0, np.intp)


class Moved(NamedTuple):
    """People of one audience whose place in it is not what the rule says, and those of them whom the rule wants."""

    looked: BitMap
    wanted: BitMap


class _Note(NamedTuple):
    """A change of somebody's facts.

    `keys` are the audiences it can move (None: any), `surely` even if none of their groups hold the person; `slot` is the
    column that changed, if it was one.
    """

    learner_id: int
    keys: Numbers | None
    surely: bool
    slot: int = -1


class _Tests(NamedTuple):
    """Group tests of all clauses: whether turned round, and their spans of rows in what `_inside` tells."""

    negated: Flags
    first: Numbers
    many: Numbers
    rows: Numbers


class _Flat(NamedTuple):
    """All rules as arrays. `number` is by key; a rule's clauses, and a clause's questions and groups, are spans."""

    keys: Numbers
    number: Numbers
    rules: list[Compiled]
    clause_first: Numbers
    clause_count: Numbers
    rest: list[Any]
    has_rest: Flags
    has_lists: Flags
    base: _Tests
    others: _Tests
    others_first: Numbers
    others_count: Numbers
    asked_first: Numbers
    asked_count: Numbers
    asked: Numbers


class Audiences:
    """Audiences by key (a small number: the id of a method), over one index."""

    def __init__(self, index: FacetIndex, day: date) -> None:
        self.index = index
        self.questions = Questions(index.facts, index.structure, day)
        self.rows = GroupRows(index.facts)
        self._rules: dict[int, Compiled] = {}
        self._mentioning: PredicateIndex[int] = PredicateIndex()
        self._asking: dict[int, set[int]] = defaultdict(set)
        self._noted: list[_Note] = []
        self._remembered: dict[Any, Any] = {}
        self._flat: _Flat | None = None
        self._places: dict[int, int] = {}
        self._place_of: Numbers = _NO_KEYS
        self._above: Numbers = _NO_KEYS
        self._above_first: Numbers = _NO_KEYS
        self._above_count: Numbers = _NO_KEYS

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __contains__(self, key: int) -> bool:
        return key in self._rules

    def put(self, key: int, rule: Rule, facets: Iterable[Facet]) -> bool:
        """Keep the audience, which rests on `facets`; False when it cannot be kept here."""
        if not can_compile(rule) or self.index.check(rule):
            self.remove(key)
            return False
        self.restructure()
        kept = self._rules.get(key)
        if kept is not None and kept.rule == rule:
            self._mentioning.put(key, facets)
            return True
        self.remove(key)
        compiled = self._rules[key] = compile_rule(rule, self.questions)
        self._mentioning.put(key, facets)
        for number in (number for clause in compiled.clauses for number in clause.questions):
            self._asking[number].add(key)
        return True

    def remove(self, key: int) -> None:
        """Forget the audience."""
        compiled = self._rules.pop(key, None)
        self.restructure()
        if compiled is not None:
            self._mentioning.remove(key)
            for number in (number for clause in compiled.clauses for number in clause.questions):
                self._asking[number].discard(key)

    def restructure(self) -> None:
        """Rules have changed, or what groups stand under which."""
        self._flat = None
        self._remembered.clear()

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, change: Change) -> None:
        """The index has just applied this change of a fact; whom and what it can move is remembered until `decide`."""
        learner_id = change.learner_id or 0
        facet = Facet(change.facet, change.ref_id)
        match change.facet:
            case "status":
                self._noted.append(_Note(learner_id, None, surely=True))
                return
            case "membership":
                self.rows.move(learner_id, change.ref_id or 0, inside=change.new is not None)
                keys = self._resting_on(facet)
            case "source" | "blocked":
                key = change.ref_id or 0
                keys = np.array([key]) if key in self._rules else _NO_KEYS
            case "field" | "language" | "added" | "award":
                keys = self._moved_by(facet, learner_id, change.old, change.new)
            case _:
                keys = self._resting_on(facet)
        if len(keys):
            surely = change.facet in ("membership", "source", "blocked")
            self._noted.append(_Note(learner_id, keys, surely, self.questions.slots.get(facet, -1)))

    def _resting_on(self, facet: Facet) -> Numbers:
        found = self._remembered.get(facet)
        if found is None:
            keys = sorted(self._mentioning.affected([facet]))
            found = self._remember(facet, np.array(keys, np.intp))
        return found

    def _remember(self, what: Any, found: T) -> T:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[what] = found
        return found

    def _moved_by(self, facet: Facet, learner_id: int, old: Any, new: Any) -> Numbers:
        """The audiences that ask something of this column that the two values answer differently."""
        if facet not in self.questions.columns:
            return self._resting_on(facet)
        facts = self.index.facts
        match facet.name:
            case "added":
                old, new = facts.added_day(old), facts.added_day(new)
            case "award":
                old, new = facts.expiry_day(old), facts.expiry_day(new)
            case "field":
                # An empty text is no value.
                old, new = (None if value == "" else value for value in (old, new))
        was, now = self.questions.code(facet, old), self.questions.code(facet, new)
        self.questions.columns[facet].move(learner_id, now)
        found = self._remembered.get((facet, was, now))
        if found is None:
            places, asking, loose = self._asked_of(facet)
            answers = self.questions.answers
            keys = np.concatenate([asking[answers[places + was] != answers[places + now]], loose])
            found = self._remember((facet, was, now), keys)
        return found

    def _asked_of(self, facet: Facet) -> tuple[Numbers, ...]:
        """Where answers about a column stand, and which audience asks there; then the audiences that ask it loosely."""
        key = ("questions", facet, self.questions.placed)
        found: tuple[Numbers, ...] | None = self._remembered.get(key)
        if found is None:
            numbers = self.questions.by_facet.get(facet, [])
            pairs = [(self.questions.all[n].offset, key) for n in numbers for key in sorted(self._asking[n])]
            asked = np.array(pairs, np.intp).reshape(-1, 2)
            mentioning = self._mentioning.affected([facet])
            loose = np.array(sorted(k for k in mentioning if facet in self._rules[k].loose), np.intp)
            found = self._remember(key, (asked[:, 0].copy(), asked[:, 1].copy(), loose))
        return found

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def waiting(self) -> bool:
        """Whether something was noted since the last `decide`."""
        return bool(self._noted)

    def whole(self, key: int, day: date) -> BitMap:
        """Everybody in one audience, as `FacetIndex.evaluate` says it; a bitmap of the caller's own.

        What columns answer is looked up for the people of the block: that needs no union of thousands of values.
        """
        self._turn(day)
        compiled = self._rules[key]
        evaluator = Evaluator(self.index.facts, self.index.structure, day, self.index.cache)
        found = BitMap()
        for block, clause in zip(compiled.rule.blocks, compiled.clauses, strict=True):
            people = finish(evaluator.base_steps(block))
            if clause.questions and people:
                people = self._answering(people, clause.questions)
            for other in clause.filters:
                if not people:
                    break
                people = evaluator.filter(other).within(people)
            found |= people
        if compiled.include:
            found |= self.index.countable & BitMap(compiled.include)
        if compiled.exclude:
            found -= BitMap(compiled.exclude)
        return found

    def _answering(self, people: BitMap, asked: Iterable[int]) -> BitMap:
        learners = ids_of(people)
        for number in asked:
            question = self.questions.all[number]
            answers = self.questions.answers[question.offset : question.offset + question.room]
            learners = learners[answers[self.questions.columns[question.facet].of(learners)] != 0]
        return bitmap_of(learners)

    def _turn(self, day: date) -> None:
        if day != self.questions.day:
            self.questions.turn(day)
            self._remembered.clear()

    def decide(self, day: date) -> Iterator[dict[int, Moved]]:
        """Evaluate what was noted, in slices of bounded work; each answer is of the index as it stands then."""
        self._turn(day)
        noted, self._noted = self._noted, []
        noted.sort(key=lambda note: note.learner_id)
        slice_: list[_Note] = []
        learners = pairs = 0
        last = -1
        for note in noted:
            size = len(self._rules) if note.keys is None else len(note.keys)
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

    def _decide(self, noted: list[_Note]) -> dict[int, Moved]:
        flat = self._flat or self._flatten()
        people = BitMap([note.learner_id for note in noted]) & self.index.countable
        learners = ids_of(people)
        place = {learner_id: i for i, learner_id in enumerate(learners.tolist())}
        who, keys, must = self._pairs(flat, place, noted)
        if not len(who):
            return {}
        changed = np.zeros((len(self.questions.slots), len(learners)), np.bool_)
        # With what was noted since: the index is further than the notes that are decided about.
        for note in (*noted, *self._noted):
            if note.slot >= 0 and note.learner_id in place:
                changed[note.slot, place[note.learner_id]] = True
        wanted, near = self._evaluate(flat, learners, who, flat.number[keys], changed)
        looked = np.flatnonzero(near | must)
        return self._differing(learners[who[looked]].tolist(), keys[looked].tolist(), wanted[looked].tolist())

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

    def _pairs(
        self, flat: _Flat, place: dict[int, int], noted: list[_Note]
    ) -> tuple[Numbers, Numbers, Flags]:
        """Parallel arrays: place of the learner, key of the audience, whether to look even if no group of it holds them."""
        who: list[int] = []
        keys: list[Numbers] = []
        must: list[bool] = []
        anew = BitMap()
        for learner_id, some, surely, _ in noted:
            if learner_id not in place:
                continue
            if some is None:
                anew.add(learner_id)
                continue
            who.append(place[learner_id])
            keys.append(some)
            must.append(surely)
        for learner_id, some in self._anything(anew):
            who.append(place[learner_id])
            keys.append(some)
            must.append(True)
        if not keys:
            return _NO_KEYS, _NO_KEYS, np.zeros(0, np.bool_)
        lengths = [len(some) for some in keys]
        all_who, all_keys = np.repeat(np.array(who, np.intp), lengths), np.concatenate(keys)
        all_must = np.repeat(np.array(must, np.bool_), lengths)
        known = flat.number[np.minimum(all_keys, len(flat.number) - 1)] >= 0
        known &= all_keys < len(flat.number)
        all_who, all_keys, all_must = all_who[known], all_keys[known], all_must[known]
        if len(who) > len(place):
            # Several changes of one person: each pair once, and looked at surely if any of them says so.
            order = np.lexsort((~all_must, all_keys, all_who))
            all_who, all_keys, all_must = all_who[order], all_keys[order], all_must[order]
            fresh = np.ones(len(order), np.bool_)
            fresh[1:] = (all_who[1:] != all_who[:-1]) | (all_keys[1:] != all_keys[:-1])
            all_who, all_keys, all_must = all_who[fresh], all_keys[fresh], all_must[fresh]
        return all_who, all_keys, all_must

    def _anything(self, people: BitMap) -> Iterator[tuple[int, Numbers]]:
        """The audiences that can hold these people, who count now: by their groups, by name, or because they hold them."""
        if not people:
            return
        facts = self.index.facts
        everyone = self._everyone()
        held: dict[int, list[int]] = defaultdict(list)
        for key in self._rules:
            for learner_id in facts.sources.get(key, _NOBODY) & people:
                held[learner_id].append(key)
            if key in facts.blocked:
                for learner_id in facts.blocked[key].present & people:
                    held[learner_id].append(key)
        learners = ids_of(people)
        places, numbers = self.rows.of(learners)
        groups = list(self.rows.number_of)
        for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
            yield int(learners[place]), self._resting_on(Facet("membership", groups[number]))
        for learner_id in people:
            yield learner_id, everyone
            yield learner_id, np.array(held.get(learner_id, []), np.intp)

    def _everyone(self) -> Numbers:
        """The audiences with a block of everyone, or with people picked by hand."""
        found = self._remembered.get("everyone")
        if found is None:
            keys = [
                key
                for key, rule in self._rules.items()
                if rule.include or any(not clause.base.groups for clause in rule.clauses)
            ]
            found = self._remember("everyone", np.array(keys, np.intp))
        return found

    # ── vectors ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _evaluate(
        self, flat: _Flat, learners: Ids, who: Numbers, rules: Numbers, changed: Flags
    ) -> tuple[Flags, Flags]:
        """For each pair: whether the rule wants the person, and whether what has not `changed` leaves that open."""
        counts = flat.clause_count[rules]
        pair = np.repeat(np.arange(len(rules)), counts)
        clause = spans(flat.clause_first[rules], counts)
        inside = self._inside(learners)
        near, wanted = np.zeros(len(rules), np.bool_), np.zeros(len(rules), np.bool_)
        held = _holds(flat.base, clause, who[pair], inside)
        pair, clause = pair[held], clause[held]
        answered, left_open = self._answered(flat, learners, who[pair], clause, changed)
        near[pair[left_open]] = True
        pair, clause = pair[answered], clause[answered]
        kept = self._of_other_groups(flat, who[pair], clause, inside)
        pair, clause = pair[kept], clause[kept]
        kept = self._of_rest(flat, learners[who[pair]], clause)
        wanted[pair[kept]] = True
        listed = np.flatnonzero(flat.has_lists[rules])
        for i in listed.tolist():
            rule, learner_id = flat.rules[int(rules[i])], int(learners[who[i]])
            wanted[i] = (wanted[i] or learner_id in rule.include) and learner_id not in rule.exclude
        return wanted, near

    def _inside(self, learners: Ids) -> Flags:
        """By place in the tree (rows) and learner (columns): in that group or below it; then the same for that group itself.

        Place 0 holds everybody.
        """
        who, numbers = self.rows.of(learners)
        places = len(self._places) + 1
        found = np.zeros((2 * places, len(learners)), np.bool_)
        found[0] = True
        at = self._place_of_numbers()[numbers]
        found[places + at, who] = True
        counts = self._above_count[at]
        found[self._above[spans(self._above_first[at], counts)], np.repeat(who, counts)] = True
        return found

    def _place_of_numbers(self) -> Numbers:
        numbers = self.rows.number_of
        if len(self._place_of) != len(numbers):
            # A group that is gone holds nobody: its members go to the place that holds everybody.
            self._place_of = np.array([self._places.get(group, 0) for group in numbers], np.intp)
        return self._place_of

    def _answered(
        self, flat: _Flat, learners: Ids, who: Numbers, clause: Numbers, changed: Flags
    ) -> tuple[Numbers, Numbers]:
        """Where every question is answered with yes; and where every question about what has not changed is."""
        counts = flat.asked_count[clause]
        asked = flat.asked[spans(flat.asked_first[clause], counts)]
        place = np.repeat(np.arange(len(clause)), counts)
        questions = self.questions
        slots, offsets = questions.places()
        codes = np.zeros((len(questions.slots), len(learners)), np.intp)
        for facet, slot in questions.slots.items():
            codes[slot] = questions.columns[facet].of(learners)
        column, row = slots[asked], who[place]
        wrong = questions.answers[offsets[asked] + codes[column, row]] == 0
        kept, left_open = np.ones(len(clause), np.bool_), np.ones(len(clause), np.bool_)
        kept[place[wrong]] = False
        left_open[place[wrong & ~changed[column, row]]] = False
        return np.flatnonzero(kept), np.flatnonzero(left_open)

    def _of_other_groups(self, flat: _Flat, who: Numbers, clause: Numbers, inside: Flags) -> Numbers:
        counts = flat.others_count[clause]
        kept = np.ones(len(clause), np.bool_)
        if counts.any():
            place = np.repeat(np.arange(len(clause)), counts)
            tests = spans(flat.others_first[clause], counts)
            held = np.zeros(len(tests), np.bool_)
            held[_holds(flat.others, tests, who[place], inside)] = True
            kept[place[~held]] = False
        return np.flatnonzero(kept)

    def _of_rest(self, flat: _Flat, learners: Ids, clause: Numbers) -> Numbers:
        kept = np.ones(len(clause), np.bool_)
        for i in np.flatnonzero(flat.has_rest[clause]).tolist():
            learner_id = int(learners[i])
            kept[i] = all(asked(learner_id) for asked in flat.rest[int(clause[i])])
        return np.flatnonzero(kept)

    # ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _flatten(self) -> _Flat:
        self._plant()
        keys = np.array(sorted(self._rules), np.intp)
        rules = [self._rules[int(key)] for key in keys]
        number = np.full(int(keys[-1]) + 1 if len(keys) else 1, -1, np.intp)
        number[keys] = np.arange(len(keys))
        clauses = [clause for rule in rules for clause in rule.clauses]
        clause_count = np.array([len(rule.clauses) for rule in rules], np.intp)
        others = [test for clause in clauses for test in clause.groups]
        others_count = np.array([len(clause.groups) for clause in clauses], np.intp)
        asked_count = np.array([len(clause.questions) for clause in clauses], np.intp)
        self._flat = _Flat(
            keys,
            number,
            rules,
            _starts(clause_count),
            clause_count,
            [clause.rest for clause in clauses],
            np.array([bool(clause.rest) for clause in clauses], np.bool_),
            np.array([bool(rule.include or rule.exclude) for rule in rules], np.bool_),
            self._tests([clause.base for clause in clauses]),
            self._tests(others),
            _starts(others_count),
            others_count,
            _starts(asked_count),
            asked_count,
            np.array([number for clause in clauses for number in clause.questions], np.intp),
        )
        return self._flat

    def _tests(self, tests: list[Groups]) -> _Tests:
        direct = len(self._places) + 1
        rows: list[int] = []
        for test in tests:
            rows += [self._places[group] + (0 if test.subgroups else direct) for group in test.groups] or [0]
        many = np.array([max(len(test.groups), 1) for test in tests], np.intp)
        negated = np.array([test.negated for test in tests], np.bool_)
        return _Tests(negated, _starts(many), many, np.array(rows, np.intp))

    def _plant(self) -> None:
        """Give each group a place from 1 on, and to each place the places above it, with itself."""
        structure = self.index.structure
        self._places = {group: place for place, group in enumerate(structure.groups, 1)}
        self._place_of = _NO_KEYS
        above = [
            [0],
            *([self._places[up] for up in structure.ancestors(group)] for group in structure.groups),
        ]
        self._above_count = np.array([len(some) for some in above], np.intp)
        self._above_first = _starts(self._above_count)
        self._above = np.array([place for some in above for place in some], np.intp)


_NOBODY = BitMap()


def _holds(tests: _Tests, which: Numbers, who: Numbers, inside: Flags) -> Numbers:
    """The places in `which` (numbers of tests, each about the learner in `who`) where the test holds."""
    counts = tests.many[which]
    place = np.repeat(np.arange(len(which)), counts)
    hit = inside[tests.rows[spans(tests.first[which], counts)], who[place]]
    held = np.zeros(len(which), np.bool_)
    held[place[hit]] = True
    return np.flatnonzero(held ^ tests.negated[which])


def _starts(counts: Numbers) -> Numbers:
    return np.cumsum(counts) - counts


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
