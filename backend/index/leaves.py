"""The people of one filter, negation left out, as unions of bitmaps that the facts hold.

Nothing here computes with bitmaps: that takes its time and is done in steps (`evaluating`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple, assert_never

from pyroaring import BitMap

from backend.index.facts import LIVE, NEVER, Facts
from backend.index.structure import Structure, seen_while_growing
from backend.index.values import Values
from backend.rules import (
    AddedFilter,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    PathResultFilter,
    SegmentFilter,
)
from backend.rules.dependencies import asks_the_day
from backend.rules.field_types import parse_day
from backend.rules.tree import EXPIRING_DAYS_DEFAULT

_LAST_DAY = NEVER - timedelta(days=1)


class Sets(NamedTuple):
    """Those in any (or in `every`) of the sets; each set is the union of its bitmaps, which are not to be changed."""

    sets: list[list[BitMap]]
    every: bool = False


class Leaves:
    """Filters that refer to facts alone, on one day."""

    def __init__(self, facts: Facts, structure: Structure, day: date) -> None:
        self.facts = facts
        self.structure = structure
        self.day = day

    def sets(self, found: Filter) -> Sets:
        """The sets of a filter that holds no filters, segments or people below people."""
        match found:
            case FieldFilter():
                return Sets([self.field(found)])
            case PathResultFilter():
                return Sets([self.standing(found, path) for path in found.paths], asks_every(found))
            case CertificateFilter():
                return self.certificate(found)
            case LanguageFilter():
                return Sets([self.facts.language.having(found.values)])
            case AddedFilter():
                return Sets([self.added(found)])
            case ManagerFilter():
                return Sets([self.facts.manager.having(found.managers)])
            case _:  # pragma: no cover - the evaluator opened the others
                raise AssertionError(found)

    def members(self, groups: Iterable[int]) -> list[BitMap]:
        """Direct members of each group that has any."""
        held = self.facts.groups
        return [held[group] for group in groups if group in held]

    def with_subgroups(self, groups: Iterable[Any]) -> set[int]:
        """The groups and all below them."""
        wanted = set(groups)
        for group in groups:
            if (below := self.structure.descendants(group)) != (group,):
                wanted.update(below)
        return wanted

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

    def standing(self, found: PathResultFilter, path: Any) -> list[BitMap]:
        """Those who completed (…) the activity, whichever way round the filter asks."""
        status = found.status.removeprefix("not_")
        if status == "enrolled":
            sessions = self.facts.enrollments
            return [
                part
                for session in self.structure.sessions_of(path)
                if session in sessions
                for part in sessions[session].states.having(LIVE)
            ]
        results = self.facts.results.get(path)
        if results is None:
            return []
        if status == "started":
            return [results.statuses.present]
        return [results.successful] if status == "successful" else results.statuses.having(["completed"])

    def certificate(self, found: CertificateFilter) -> Sets:
        held = [
            self.facts.awards[certificate] if certificate in self.facts.awards else Values[date]()
            for certificate in found.certificates
        ]
        if found.status == "not_obtained":
            return Sets([[expiries.present] for expiries in held], asks_every(found))
        return Sets([self.awarded(found, expiries) for expiries in held], asks_every(found))

    def awarded(self, found: CertificateFilter, expiries: Values[date]) -> list[BitMap]:
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

    def reports(self, managers: Iterable[int]) -> Iterator[BitMap]:
        """The teams below these people, and below those in them who have teams; each team once."""
        yield from reports_below(self.facts.manager.bitmaps, managers)


def reports_below(teams: Mapping[int, BitMap], managers: Iterable[int]) -> Iterator[BitMap]:
    """Of `teams` by manager those of these people, and those below them; each once, even if they go round in a circle."""
    bosses = BitMap(teams)
    waiting = dict.fromkeys(managers)
    for boss in seen_while_growing(waiting):
        team = teams.get(boss)
        if team is not None:
            yield team
            waiting.update(dict.fromkeys(team & bosses))


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


def asks_every(found: PathResultFilter | CertificateFilter) -> bool:
    """Whether the filter, its negation left out, holds where every path or certificate stands so.

    The status is asked of each: who lacks at least one are those, turned round, who have every one.
    """
    return (found.match == "all") is not is_negation(found)


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
