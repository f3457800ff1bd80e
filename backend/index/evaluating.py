"""From a rule to the set of its people on a day, with bitmaps.

Every filter becomes a `Signed` set; nothing here reads a clock. The rule has been checked (`checking.broken_parts`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, assert_never

from pyroaring import BitMap

from backend.index.cache import Cache
from backend.index.facts import LIVE, NEVER, Facts
from backend.index.predicates import facets_of_filter
from backend.index.signed import Signed, all_of, any_of
from backend.index.structure import Structure, seen_while_growing
from backend.index.values import EMPTY, Values, union
from backend.rules import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    Block,
    CertificateFilter,
    Facet,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
)
from backend.rules.dependencies import asks_the_day, spelled
from backend.rules.resolving import parse_day
from backend.rules.tree import EXPIRING_DAYS_DEFAULT

# Up to so many people it is cheaper to ask about them alone than about everybody.
FEW = 256
# Fewer bitmaps than this are united faster than remembered.
WORTH_REMEMBERING = 8
_LAST_DAY = NEVER - timedelta(days=1)


class Evaluator:
    """Evaluates rules over `facts` and `structure` on one day.

    `only` asks about some learners alone. About a few, sets are computed just for them and nothing is remembered; about
    many, sets of everybody are computed, and shared with whoever asks next.
    """

    def __init__(
        self,
        facts: Facts,
        structure: Structure,
        day: date,
        cache: Cache | None = None,
        only: BitMap | None = None,
    ) -> None:
        self.facts = facts
        self.structure = structure
        self.day = day
        few = only is not None and (cache is None or len(only) <= FEW)
        self.cache = None if few else cache
        self.only = only if few else None
        self.countable = facts.countable if only is None else facts.countable & only
        # Segments are people too: what is remembered must not be narrowed to `only`.
        self.whole = self if few or only is None else Evaluator(facts, structure, day, cache)

    # ── rules and blocks ─────────────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule) -> BitMap:
        """The people of the rule; a new bitmap."""
        found = BitMap()
        for block in rule.blocks:
            found |= self.block(block)
        if rule.include:
            found |= self.countable & BitMap(rule.include)
        if rule.exclude:
            found -= BitMap(rule.exclude)
        return found

    def block(self, block: Block) -> BitMap:
        """The people of the block; not to be changed by the caller."""
        found = self.base(block)
        for inner in block.filters:
            if not found:
                break
            found = self.filter(inner).within(found)
        return found

    def base(self, block: Block) -> BitMap:
        """The countable people of the block's groups; not to be changed by the caller."""
        if block.everyone:
            return self.countable
        return self.countable & self.groups(block.groups, subgroups=block.subgroups)

    def groups(self, groups: Sequence[Any], *, subgroups: bool) -> BitMap:
        """Members of any of the groups; not to be changed by the caller."""
        wanted = set(groups)
        if subgroups:
            for group in groups:
                if (below := self.structure.descendants(group)) != (group,):
                    wanted.update(below)
        members = self.facts.groups
        if self.cache is None or len(wanted) < WORTH_REMEMBERING:
            return self.union([members[group] for group in wanted if group in members])
        return self.cache.remember(
            ("groups", tuple(groups), subgroups),
            lambda: frozenset(Facet("membership", group) for group in wanted),
            lambda: self.union([members[group] for group in wanted if group in members]),
        )

    def union(self, parts: list[BitMap]) -> BitMap:
        """The union, of those of interest only."""
        if self.only is None:
            return union(parts)
        if len(parts) < 4:
            return union(parts) & self.only
        return union([part & self.only for part in parts if part.intersect(self.only)])

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filter(self, found: Filter) -> Signed:
        """The people for whom the filter holds, countable or not."""
        match found:
            case AllFilter():
                return all_of(self.filter(inner) for inner in found.of)
            case AnyFilter():
                return any_of(self.filter(inner) for inner in found.of)
            case NoneFilter():
                return any_of(self.filter(inner) for inner in found.of).complement()
            case _:
                return Signed(self.positive(found), is_negation(found))

    def positive(self, found: Filter) -> BitMap:
        """The people for whom the filter without its negation holds, remembered until one of its facts changes."""
        if self.cache is None:
            return self.compute(found)
        key = (spelled(found), self.day if turns_with_time(found) else None)
        return self.cache.remember(
            key, lambda: facets_of_filter(found, self.structure), lambda: self.whole.compute(found)
        )

    def compute(self, found: Filter) -> BitMap:  # noqa: PLR0911 - one answer a case
        match found:
            case FieldFilter():
                return self.union(self.field(found))
            case GroupFilter():
                return self.groups(found.groups, subgroups=found.subgroups)
            case PathResultFilter():
                return self.matching(found.match, [self.standing(found, path) for path in found.paths])
            case CertificateFilter():
                return self.certificate(found)
            case LanguageFilter():
                return self.union(self.facts.language.having(found.values))
            case AddedFilter():
                return self.union(self.added(found))
            case ManagerFilter():
                return self.managed(found)
            case SegmentFilter():
                return union([self.segment(segment) for segment in found.segments])
            case AllFilter() | AnyFilter() | NoneFilter():  # pragma: no cover - filter() opened them
                raise AssertionError(found)
            case _ as never:  # pragma: no cover - every filter type is above
                assert_never(never)

    def matching(self, match: str, sets: list[BitMap]) -> BitMap:
        if match == "any":
            return self.union(sets)
        found = sets[0] if len(sets) == 1 else BitMap.intersection(*sets)
        return found if self.only is None else found & self.only

    def field(self, found: FieldFilter) -> list[BitMap]:  # noqa: PLR0911 - one answer a case
        values: Values[Any] | None = self.facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        if values is None:
            return []
        given: list[Any] = found.values
        match found.op:
            case "in" | "not_in":
                return values.having(given)
            case "is_set" | "is_empty":
                return [values.present]
            case "lt":
                return values.between(high=given[0], below=True)
            case "lte":
                return values.between(high=given[0])
            case "gt":
                return values.between(low=given[0], above=True)
            case "gte":
                return values.between(low=given[0])
            case "between":
                return values.between(given[0], given[1])
            case "contains" | "starts_with":
                return values.where(searching(found.op, given))
            case _ as never:  # pragma: no cover - every operator is above
                assert_never(never)

    def standing(self, found: PathResultFilter, path: Any) -> BitMap:
        """Those who completed (…) the activity, whichever way round the filter asks."""
        status = found.status.removeprefix("not_")
        if status == "enrolled":
            sessions = self.facts.enrollments
            live = [
                part
                for session in self.structure.sessions_of(path)
                if session in sessions
                for part in sessions[session].states.having(LIVE)
            ]
            return self.union(live)
        results = self.facts.results.get(path)
        if results is None:
            return EMPTY
        if status == "started":
            return results.statuses.present
        return results.successful if status == "successful" else results.statuses.get("completed")

    def certificate(self, found: CertificateFilter) -> BitMap:
        if found.status != "not_obtained":
            return self.matching(
                found.match, [self.union(self.awarded(found, c)) for c in found.certificates]
            )
        # "Not obtained" any of them is: not all of them obtained. The caller turns it round.
        obtained = [self.awards(certificate).present for certificate in found.certificates]
        return self.matching("all" if found.match == "any" else "any", obtained)

    def awards(self, certificate: Any) -> Values[date]:
        return self.facts.awards.get(certificate) or _NO_AWARDS

    def awarded(self, found: CertificateFilter, certificate: Any) -> list[BitMap]:
        expiries = self.awards(certificate)
        # An award without an expiry stands under the calendar's last day, which never comes.
        day = min(self.day, _LAST_DAY)
        if found.status == "expired":
            return expiries.between(high=day)
        if found.status == "valid":
            return expiries.between(low=day, above=True)
        return expiries.between(day, min(later(day, expiring_days(found)), _LAST_DAY), above=True)

    def added(self, found: AddedFilter) -> list[BitMap]:
        added = self.facts.added
        if found.op == "last_days":
            return added.between(later(self.day, 1 - int(found.values[0])), self.day)
        days = [parse_day(value) for value in found.values]
        match found.op:
            case "before":
                return added.between(high=days[0], below=True)
            case "after":
                return added.between(low=days[0], above=True)
            case _:
                return added.between(days[0], days[1])

    def managed(self, found: ManagerFilter) -> BitMap:
        if not found.indirect:
            return self.union(self.facts.manager.having(found.managers))
        bosses = dict.fromkeys(found.managers)
        reports: list[BitMap] = []
        for boss in seen_while_growing(bosses):
            for team in self.facts.manager.having([boss]):
                reports.append(team)
                for learner_id in team:
                    if learner_id in self.facts.manager.bitmaps:
                        bosses.setdefault(learner_id)
        return self.union(reports)

    def segment(self, segment_id: int) -> BitMap:
        segment = self.structure.segments[segment_id]
        assert segment.rule is not None  # noqa: S101 - broken_parts has refused it
        return self.rule(segment.rule)


_NO_AWARDS: Values[date] = Values()


def is_negation(found: Filter) -> bool:
    """Whether the filter asks for those its positive form leaves out."""
    match found:
        case FieldFilter():
            return found.op in {"not_in", "is_empty"}
        case PathResultFilter():
            return found.status.startswith("not_")
        case CertificateFilter():
            return found.status == "not_obtained"
        case GroupFilter() | LanguageFilter() | ManagerFilter() | SegmentFilter():
            return found.op == "not_in"
        case _:
            return False


def searching(op: str, wanted: Iterable[Any]) -> Callable[[Any], bool]:
    """A test of text, case-insensitive: contains, or starts with, any of the wanted."""
    parts = tuple(str(part).casefold() for part in wanted)
    if op == "starts_with":
        return lambda text: text.casefold().startswith(parts)
    return lambda text: any(part in text.casefold() for part in parts)


def expiring_days(found: CertificateFilter) -> int:
    """How many days ahead `expiring` looks."""
    return EXPIRING_DAYS_DEFAULT if found.days is None else found.days


def later(day: date, days: int) -> date:
    """The day so many days later (earlier when negative), within the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def turns_with_time(found: Filter) -> bool:
    """Whether the day must be known to tell the filter's people; of a segment it is not known here."""
    return asks_the_day(found) or isinstance(found, SegmentFilter)
