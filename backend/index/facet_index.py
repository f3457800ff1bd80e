"""The facet index: all facts and structure at one position of the change log, and the questions it answers."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from pyroaring import BitMap

from backend.index.dependency_queries import DependencyQueries
from backend.index.errors import BrokenRule, TooLong
from backend.index.evaluating.cache import Cache
from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.forecast import FORECAST_DAYS, DayTotal, forecast_steps
from backend.index.evaluating.funnel import nearly_steps
from backend.index.evaluating.history import end_of_day, latest_changes
from backend.index.evaluating.past import as_of
from backend.index.evaluating.preview import Preview, preview_steps
from backend.index.evaluating.rule_check import broken_parts_steps
from backend.index.evaluating.same_people import SamePeople, same_people_steps
from backend.index.evaluating.selection import Tab, page, select_steps
from backend.index.explaining.explainer import Explainer, Explanation
from backend.index.explaining.fact_reader import FactReader
from backend.index.facts.changes import Batch, Change
from backend.index.facts.learner_facts import Facts
from backend.index.facts.set_aside import SetAside
from backend.index.facts.structure import STRUCTURE, Structure
from backend.index.facts.values import union
from backend.index.filters.base import ListedPerson
from backend.index.filters.registry import evaluation_of
from backend.index.people_queries import PeopleQueries
from backend.index.steps import Steps, finish, go_on
from backend.index.structure_queries import StructureQueries
from backend.index.time_slices import TimeSlice
from backend.rules import Facet, Filter, Problem, Rule

T = TypeVar("T")
# Told where something begins or ceases to wait for a person: it is in no bitmap, but shown to those who follow the log.
NEEDS_YOU = "needs_you"
# Likewise where who is in the classes of sessions changes, or what classes there are.
COURSE_GROUP = "course_group"
# Likewise where something is new or another that is listed, and that the log tells nothing else of: see `migrations/listed.sql`.
LISTED = "listed"
# Likewise, of a session, where others wait for a place in it: see `migrations/waiting_places.sql`.
WAITING_PLACE = "waiting_place"
_TOLD = frozenset({*STRUCTURE, NEEDS_YOU, COURSE_GROUP, LISTED, WAITING_PLACE})
# Structure that can change what a filter means; the rest (methods, sessions' names) cannot.
_MEANING = frozenset(
    {"learner_group", "field", "activity", "certificate", "session", "segment", "organisation"}
)


class FacetIndex(StructureQueries, PeopleQueries, DependencyQueries):
    """Bitmaps of everything, kept current by `apply`; implements `rules.Names` (as `StructureQueries`).

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
            if change.facet in _TOLD:
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

    async def sliced(self, question: Callable[[], Steps[T]], time_slice: TimeSlice | None = None) -> T:
        """The answer to a question of this index, all of it at one position, without holding the event loop.

        Most are answered within the first slice; the log waits for the others. Whoever asks many questions in a row gives
        their own `time_slice`, so that together they are cut into slices.
        """
        steps, stood = question(), (self.position, self.facts)
        time_slice = time_slice or TimeSlice()
        ended, found = go_on(steps, time_slice)
        if not ended:
            async with self.still:
                if stood != (self.position, self.facts):
                    steps = question()
                while not ended:
                    await asyncio.sleep(0)
                    ended, found = go_on(steps, time_slice)
        return found  # type: ignore[return-value]  # it has ended

    def at_once(self, question: Callable[[], Steps[T]]) -> T:
        """The answer if one slice is enough for it. Raises `TooLong`."""
        ended, found = go_on(question(), TimeSlice())
        if not ended:
            raise TooLong
        return found  # type: ignore[return-value]  # it has ended

    def check(self, rule: Rule) -> list[Problem]:
        """Why the rule cannot be evaluated; empty when it can."""
        return finish(self.check_steps(rule))

    def check_steps(self, rule: Rule) -> Steps[list[Problem]]:
        """`check` in steps."""
        problems = yield from broken_parts_steps(rule, self.structure, self.learners)
        if not problems and (self.facts.set_aside or self.structure.set_aside):
            facets = yield from self.facets_steps(rule)
            problems = [*self.facts.set_aside.problems(facets), *self.structure.set_aside.problems(facets)]
        return problems

    def set_aside(self) -> list[SetAside]:
        """Everything stored that cannot be read."""
        return [*self.structure.set_aside, *self.facts.set_aside]

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

    def same_people_steps(
        self, rule: Rule, day: date, methods: Iterable[int], segments: Iterable[int]
    ) -> Steps[SamePeople]:
        """Those of the live, dynamic methods and of the segments that hold exactly the people of the rule on `day`, in steps."""
        return (yield from same_people_steps(self, rule, day, methods, segments))

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

    def nearly_steps(self, rule: Rule, day: date) -> Steps[BitMap]:
        """Those who fail exactly one filter of a block, and nothing else keeps out, in steps; a bitmap of the caller's own."""
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

    def listed(self, found: Filter, person: ListedPerson) -> Any:
        """What is so about that which one filter (that holds no others) asks, beside a person in a list."""
        return evaluation_of(found).listed(found, person, self)

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
            reader = FactReader(self.facts, self.structure, language, people=people, sealed=sealed)
            explainer = Explainer(evaluator, learner_id, reader)
            return explainer, (yield from explainer.explain_steps(rule))

        explainer, explanation = await self.sliced(steps)
        asked = {facet for _, facets in explainer.rests for facet in facets}
        latest = await latest_changes(learner_id, asked, self.position, end_of_day(day, self.timezone))
        explainer.fill_since(latest)
        return explanation


def _saying(change: Change, old: Any, new: Any) -> Change:
    if old is change.old and new is change.new:
        return change
    return msgspec.structs.replace(change, old=old, new=new)
