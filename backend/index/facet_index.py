"""The facet index: all facts and structure at one position of the change log, and the questions it answers."""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from pyroaring import BitMap

from backend.index.aside import SetAside
from backend.index.breathing import Breath
from backend.index.cache import Cache
from backend.index.changes import Batch, Change
from backend.index.checking import broken_parts_steps
from backend.index.counting import SessionCounts, blocked_elsewhere, session_counts
from backend.index.errors import BrokenRule, TooLong
from backend.index.evaluating import Evaluator
from backend.index.explaining import Explainer, Explanation
from backend.index.facts import Facts
from backend.index.forecasting import FORECAST_DAYS, DayTotal, forecast_steps
from backend.index.funnel import nearly_steps
from backend.index.history import end_of_day, latest_changes
from backend.index.leaves import reports_below
from backend.index.naming import Named
from backend.index.past import as_of
from backend.index.predicates import PredicateIndex, depends_on_time, opened_facets
from backend.index.previewing import Preview, preview_steps
from backend.index.reading import Reader
from backend.index.selecting import Tab, page, select_steps
from backend.index.steps import Steps, finish, go_on
from backend.index.structure import STRUCTURE, Structure
from backend.index.values import union
from backend.rules import Facet, Problem, Rule

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
# Structure that can change what a filter means; the rest (methods, sessions' names) cannot.
_MEANING = frozenset(
    {"learner_group", "field", "activity", "certificate", "session", "segment", "organisation"}
)


class FacetIndex(Named):
    """Bitmaps of everything, kept current by `apply`; implements `rules.Names` (as `Named`).

    Raises `BrokenRule` wherever a rule refers to something that is gone. Rules given to it must be resolved.

    Questions that may take long are also made of steps (`…_steps`); `sliced` asks them so that the event loop serves
    others meanwhile. `still` is held between slices: whoever changes the index holds it too.
    """

    def __init__(self, timezone: str = "UTC") -> None:
        self.position = 0
        self.structure = Structure()
        self.structure.organisation = msgspec.structs.replace(self.structure.organisation, timezone=timezone)
        self.facts = Facts(timezone)
        self.facts.kinds = self.structure.kinds
        self.cache = Cache()
        self.still = asyncio.Lock()
        # Set where facts are of another day: whether somebody exists is asked of today.
        self.everybody: BitMap | None = None

    @property
    def timezone(self) -> str:
        """The organisation's time zone, in which days are told."""
        return self.structure.organisation.timezone

    @property
    def language(self) -> str:
        """The organisation's language."""
        return self.structure.organisation.language

    @property
    def countable(self) -> BitMap:
        """Everybody who can be in an audience; not to be changed."""
        return self.facts.countable

    @property
    def learners(self) -> BitMap:
        """Everybody there is, countable or not; not to be changed."""
        return self.facts.status.present if self.everybody is None else self.everybody

    @property
    def stale(self) -> bool:
        """Whether days are told in an outdated time zone: the index must be loaded again."""
        return self.facts.timezone != self.timezone

    # ── following the log ────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, changes: Iterable[Change]) -> Batch:
        """Apply changes in order. Those already seen are skipped; a gap raises `ValueError`."""
        batch = Batch(self.position)
        for change in changes:
            if change.seq <= self.position:
                continue
            if change.seq != self.position + 1:
                raise ValueError(f"the log jumps from {self.position} to {change.seq}")
            self._apply(change, batch)
            self.position = change.seq
        batch.position = self.position
        self.cache.touch(batch.facets)
        if any(facet.name in _MEANING for facet in batch.structure):
            self.cache.clear()
        return batch

    def adopt(self, other: "FacetIndex") -> None:
        """Become what `other` is: whoever holds this index sees the new one."""
        self.__dict__.update({**other.__dict__, "still": self.still})

    def _apply(self, change: Change, batch: Batch) -> None:
        facet = Facet(change.facet, change.ref_id)
        if change.learners is not None:
            self.facts.take_many(change.facet, change.learners, change.ref_id, change.old, change.new)
            batch.learners |= change.learners
            batch.facets.add(facet)
            batch.changes.append(self.readable(change))
        elif change.learner_id is None:
            if change.facet in STRUCTURE:
                self.structure.put(change.facet, change.ref_id or 0, change.new)
                batch.structure.add(facet)
            batch.changes.append(self.readable(change))
        else:
            old, new = self.facts.take(change.facet, change.learner_id, change.ref_id, change.old, change.new)
            batch.learners.add(change.learner_id)
            batch.facets.add(facet)
            batch.changes.append(_saying(change, old, new))

    def readable(self, change: Change) -> Change:
        """The change without values that cannot be read: whoever looks at it finds none there."""
        old, new = (
            self.facts.readable(change.facet, change.ref_id, value)
            if change.is_fact
            else value
            if isinstance(value, Mapping)
            else None
            for value in (change.old, change.new)
        )
        return _saying(change, old, new)

    # ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def sliced(self, question: Callable[[], Steps[T]], breath: Breath | None = None) -> T:
        """The answer to a question of this index, all of it at one position, without holding the event loop.

        Most are answered within the first slice; the log waits for the others. Whoever asks many questions in a row gives
        their own `breath`, so that together they are cut into slices.
        """
        steps, stood = question(), (self.position, self.facts)
        breath = breath or Breath()
        ended, found = go_on(steps, breath)
        if not ended:
            async with self.still:
                if stood != (self.position, self.facts):
                    steps = question()
                while not ended:
                    await asyncio.sleep(0)
                    ended, found = go_on(steps, breath)
        return found  # type: ignore[return-value]  # it has ended

    def at_once(self, question: Callable[[], Steps[T]]) -> T:
        """The answer if one slice is enough for it. Raises `TooLong`."""
        ended, found = go_on(question(), Breath())
        if not ended:
            raise TooLong
        return found  # type: ignore[return-value]  # it has ended

    def check(self, rule: Rule) -> list[Problem]:
        """Why the rule cannot be evaluated; empty when it can."""
        return finish(self.check_steps(rule))

    def check_steps(self, rule: Rule) -> Steps[list[Problem]]:
        """`check` in steps."""
        problems = yield from broken_parts_steps(rule, self.structure, self.learners)
        if not problems and (self.facts.aside or self.structure.aside):
            facets = self.facets(rule)
            problems = [*self.facts.aside.problems(facets), *self.structure.aside.problems(facets)]
        return problems

    def set_aside(self) -> list[SetAside]:
        """Everything stored that cannot be read."""
        return [*self.structure.aside, *self.facts.aside]

    def evaluate(self, rule: Rule, day: date, *, only: BitMap | None = None) -> BitMap:
        """The people of the rule on `day`; with `only`, those among them. A bitmap of the caller's own."""
        return finish(self.evaluate_steps(rule, day, only=only))

    def evaluate_steps(self, rule: Rule, day: date, *, only: BitMap | None = None) -> Steps[BitMap]:
        """`evaluate` in steps."""
        return (yield from (yield from self._evaluator_steps(rule, day, only)).rule_steps(rule))

    def _evaluator(self, rule: Rule, day: date, only: BitMap | None = None) -> Evaluator:
        return finish(self._evaluator_steps(rule, day, only))

    def _evaluator_steps(self, rule: Rule, day: date, only: BitMap | None = None) -> Steps[Evaluator]:
        problems = yield from self.check_steps(rule)
        if problems:
            raise BrokenRule(problems)
        return Evaluator(self.facts, self.structure, day, self.cache, only)

    def preview(self, rule: Rule, day: date, session_id: int | None = None, sample: int = 0) -> Preview:
        """Counts of the whole rule, of each block and filter, and with a session of the people enrolled elsewhere."""
        return finish(self.preview_steps(rule, day, session_id, sample))

    def preview_steps(
        self, rule: Rule, day: date, session_id: int | None = None, sample: int = 0
    ) -> Steps[Preview]:
        """`preview` in steps."""
        evaluator = yield from self._evaluator_steps(rule, day)
        return (yield from preview_steps(evaluator, rule, self.position, session_id, sample))

    def member_counts_steps(
        self, groups: Iterable[int], apart: Callable[[Iterable[int]], frozenset[int]] | None = None
    ) -> Steps[dict[int, tuple[int, int]]]:
        """Of each group, how many are in it, and in it or its subgroups: whoever is approved, countable or not.

        `apart` tells which groups the reader may not see into: their numbers are added, not counted once with the others', for
        the difference would tell who is in several.
        """
        evaluator = Evaluator(self.facts, self.structure, date.min, self.cache)
        waiting = union(self.facts.status.having(("pending",)))
        found = {}
        for group in groups:
            direct = self.facts.members(group).difference_cardinality(waiting)
            tree = self.structure.descendants(group)
            hidden = frozenset() if apart is None else apart(tree)
            if hidden:
                everybody = yield from evaluator.group_steps(sorted({*tree} - hidden), subgroups=False)
            else:
                everybody = yield from evaluator.group_steps([group], subgroups=True)
            alone = sum(self.facts.members(one).difference_cardinality(waiting) for one in hidden)
            found[group] = direct, everybody.difference_cardinality(waiting) + alone
            yield
        return found

    def matches_for(
        self, learners: BitMap, rules: Mapping[K, Rule], day: date
    ) -> dict[K, BitMap | BrokenRule]:
        """For each rule, those of `learners` who are its people on `day`; or why it cannot be told."""
        found: dict[K, BitMap | BrokenRule] = {}
        for key, rule in rules.items():
            try:
                found[key] = self.evaluate(rule, day, only=learners)
            except BrokenRule as broken:
                found[key] = broken
        return found

    def select(  # noqa: PLR0913 - the place on the screen, and the page
        self,
        rule: Rule,
        day: date,
        tab: Tab = "members",
        *,
        block: int = 0,
        filter_: int = 0,
        after: int = 0,
        limit: int = 50,
    ) -> tuple[list[int], int]:
        """A page of the ids above `after` behind a number of the preview, in order, and how many there are in all.

        Raises `IndexError` when the rule has no such block or filter.
        """
        people = finish(select_steps(self._evaluator(rule, day), rule, tab, block, filter_))
        return page(people, after, limit), len(people)

    def nearly(self, rule: Rule, day: date) -> BitMap:
        """Those who fail exactly one filter of a block, and nothing else keeps out; a bitmap of the caller's own."""
        return finish(self.nearly_steps(rule, day))

    def nearly_steps(self, rule: Rule, day: date) -> Steps[BitMap]:
        """`nearly` in steps."""
        return (yield from nearly_steps((yield from self._evaluator_steps(rule, day)), rule))

    async def forecast(self, rule: Rule, first: date, last: date) -> list[DayTotal]:
        """The rule's total on each day from `first` to `last`, both included, if only time goes on.

        Raises `ValueError` when the days are in the wrong order or too far apart.
        """
        if not first <= last or (last - first).days >= FORECAST_DAYS:
            raise ValueError(f"a forecast covers 1 to {FORECAST_DAYS} days")

        def steps() -> Steps[list[DayTotal]]:
            return (yield from forecast_steps((yield from self._evaluator_steps(rule, first)), rule, last))

        return await self.sliced(steps)

    async def as_of(self, rules: Iterable[Rule], day: date) -> "FacetIndex":
        """An index that answers these rules, and only these, as things stood at the end of `day` (from the change log)."""
        return await as_of(self, rules, day)

    async def past(self, rule: Rule, day: date) -> BitMap:
        """The people of the rule at the end of `day`, from the change log; the live index is not touched."""
        problems = self.check(rule)
        if problems:
            raise BrokenRule(problems)
        return (await self.as_of([rule], day)).evaluate(rule, day)

    async def explain(  # noqa: PLR0913 - the question, and how it is to be told
        self,
        rule: Rule,
        learner_id: int,
        day: date,
        *,
        language: str = "en",
        people: Mapping[int, str] | None = None,
        sealed: Collection[int] = (),
    ) -> Explanation:
        """Why the learner is, or is not, among the rule's people on `day`.

        `people` are names of managers by id (`manager_of`); `sealed` are groups whose names are not for the reader.
        """

        def steps() -> Steps[tuple[Explainer, Explanation]]:
            evaluator = yield from self._evaluator_steps(rule, day)
            reader = Reader(self.facts, self.structure, language, people=people, sealed=sealed)
            explainer = Explainer(evaluator, learner_id, reader)
            return explainer, (yield from explainer.explain_steps(rule))

        explainer, explanation = await self.sliced(steps)
        asked = {facet for _, facets in explainer.rests for facet in facets}
        latest = await latest_changes(learner_id, asked, self.position, end_of_day(day, self.timezone))
        explainer.fill_since(latest)
        return explanation

    def manager_of(self, learner_id: int) -> int | None:
        """The learner's manager."""
        return self.facts.manager.of(learner_id)

    def reports_of(self, manager: int) -> BitMap:
        """Everybody below this person: direct reports, and theirs; countable or not."""
        return BitMap() | union(list(reports_below(self.facts.manager.bitmaps, [manager])))

    # ── enrollment ───────────────────────────────────────────────────────────────────────────────────────────────

    def counts(self, session_id: int, now: datetime) -> SessionCounts:
        """The session's board at the instant `now`."""
        return session_counts(self.facts, self.structure, session_id, now)

    def blocked(self, session_id: int, people: BitMap) -> BitMap:
        """Those of `people` whose live enrollment in another session of the activity keeps them out of this one."""
        return blocked_elsewhere(self.facts, self.structure, session_id, people)

    def enrolled(self, session_id: int) -> BitMap:
        """Everybody, countable or not, whose enrollment in the session is live; a bitmap of the caller's own."""
        enrollments = self.facts.enrollments.get(session_id)
        return BitMap() if enrollments is None else enrollments.live().copy()

    def sources(self, method_id: int) -> BitMap:
        """Everybody, countable or not, who holds a live source of the method; a bitmap of the caller's own."""
        held = self.facts.sources.get(method_id)
        return BitMap() if held is None else held.copy()

    def blocked_for(self, method_id: int) -> BitMap:
        """Everybody recorded as blocked for the method; a bitmap of the caller's own."""
        held = self.facts.blocked.get(method_id)
        return BitMap() if held is None else held.present.copy()

    # ── what rests on what ───────────────────────────────────────────────────────────────────────────────────────

    def facets(self, rule: Rule) -> frozenset[Facet]:
        """The facts whose changes can change the rule's people, segments inside it opened."""
        return opened_facets(rule, self.structure)

    def depends_on_time(self, rule: Rule) -> bool:
        """Whether time alone can change the rule's people, segments inside it opened."""
        return depends_on_time(rule, self.structure)

    def affected(self, batch: Batch, predicates: PredicateIndex[K]) -> set[K]:
        """The rules whose people the batch can have changed; all of them when the index was loaded afresh.

        Where the batch changed structure, put the rules affected into `predicates` again: their facets may differ.
        """
        return predicates.keys() if batch.reloaded else predicates.affected(batch.meaning())

    def predicates(self, rules: Mapping[Any, Rule]) -> PredicateIndex[Any]:
        """An index from facts to these rules."""
        made: PredicateIndex[Any] = PredicateIndex()
        for key, rule in rules.items():
            made.put(key, self.facets(rule))
        return made


def _saying(change: Change, old: Any, new: Any) -> Change:
    if old is change.old and new is change.new:
        return change
    return msgspec.structs.replace(change, old=old, new=new)
