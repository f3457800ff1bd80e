"""Every bitmap of facts under one name, its slot: for storing them, checking them, and filling them from tables."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pyroaring import BitMap

from backend.index.facts.learner_facts import COUNTABLE, Enrollments, Facts, Results
from backend.index.facts.logged_values import due_instant, exclusion_end, standing_days
from backend.index.facts.values import Values, without_runs


class Slot(NamedTuple):
    """One bitmap: of `facet` (the log's name, or what results and enrollments carry besides: `successful`, days, `due`)."""

    facet: str
    # What the fact refers to; 0 when it refers to nothing.
    ref: int
    # None where being in the bitmap says it all.
    value: Any


# Facets of one value a learner, of a value a learner and reference, and of membership alone.
SCALARS = ("status", "language", "added", "manager")
KEYED = (
    "field",
    "result",
    "completed_on",
    "succeeded_on",
    "award",
    "enrollment",
    "due",
    "blocked",
    "exclusion",
    "departure",
)
PLAIN = ("membership", "successful", "source")
FACETS = (*SCALARS, *PLAIN, *KEYED)


def slots_of(facts: Facts, facet: str) -> Iterator[Slot]:
    """The slots of a facet that anybody is in. Facts may change meanwhile: what comes later may be missing."""
    if facet in SCALARS:
        values: Values[Any] = getattr(facts, facet)
        yield from [Slot(facet, 0, value) for value in values.bitmaps]
        return
    table = _table(facts, facet)
    for ref in list(table):
        held = table.get(ref)
        if held is None:
            continue
        found = _part(facet, held)
        if isinstance(found, Values):
            yield from [Slot(facet, ref, value) for value in found.bitmaps]
        elif found:
            yield Slot(facet, ref, None)


def references(facts: Facts, facet: str) -> list[tuple[int, int]]:
    """What the facts of a facet refer to, in order, and about how many learners each has."""
    found = []
    for ref, held in _table(facts, facet).items():
        part = _part(facet, held)
        found.append((ref, len(part.present if isinstance(part, Values) else part)))
    return sorted(found)


def bitmap_at(facts: Facts, slot: Slot) -> BitMap | None:
    """The bitmap in the slot, not to be changed by the caller; None when nobody is in it."""
    if slot.facet in SCALARS:
        values: Values[Any] = getattr(facts, slot.facet)
        return values.bitmaps.get(slot.value)
    held = _table(facts, slot.facet).get(slot.ref)
    if held is None:
        return None
    found = _part(slot.facet, held)
    if isinstance(found, Values):
        return found.bitmaps.get(slot.value)
    return found or None


def put(facts: Facts, slot: Slot, learners: BitMap) -> None:
    """Fill an empty slot. The bitmap belongs to the facts from here on."""
    facet, ref, value = slot
    if facet in SCALARS:
        getattr(facts, facet).fill(value, learners)
        if facet == "status" and value in COUNTABLE:
            facts.countable |= without_runs(learners)
        return
    table = _table(facts, facet)
    if facet in {"membership", "source"}:
        table[ref] = learners
    elif facet == "successful":
        table.setdefault(ref, Results()).successful = learners
    else:
        if ref not in table:
            table[ref] = _MAKERS.get(facet, Values)()
        _part(facet, table[ref]).fill(value, learners)


def slots_of_fact(facts: Facts, facet: str, ref: int | None, value: Any) -> Iterator[Slot]:
    """The slots that a fact, as the log writes it (None: no fact), puts its learner into."""
    value = facts.readable(facet, ref, value)
    if value is None:
        return
    number = 0 if ref is None else ref
    match facet:
        case "added" | "award" | "exclusion" | "departure":
            yield Slot(facet, number, _DAYS[facet](facts, value))
        case "membership" | "source":
            yield Slot(facet, number, None)
        case "result":
            yield Slot(facet, number, value[0])
            if value[1]:
                yield Slot("successful", number, None)
            days = zip(("completed_on", "succeeded_on"), standing_days(value, facts.zone), strict=True)
            yield from (Slot(name, number, day) for name, day in days if day is not None)
        case "enrollment":
            yield Slot(facet, number, value[0])
            due = due_instant(value[1])
            if due is not None:
                yield Slot("due", number, due)
        case "status" | "language" | "manager" | "field" | "blocked":
            yield Slot(facet, number, value)
        case _:
            # Names and rights are in no bitmap.
            return


_DAYS: dict[str, Callable[[Facts, Any], Any]] = {
    "added": Facts.added_day,
    "award": Facts.expiry_day,
    "exclusion": lambda _, value: exclusion_end(value),
    "departure": lambda _, value: exclusion_end(value),
}
_MAKERS: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(("result", "completed_on", "succeeded_on"), Results),
    **dict.fromkeys(("enrollment", "due"), Enrollments),
}


def _table(facts: Facts, facet: str) -> dict[int, Any]:
    tables: dict[str, dict[int, Any]] = {
        "membership": facts.groups,
        "field": facts.fields,
        "result": facts.results,
        "successful": facts.results,
        "completed_on": facts.results,
        "succeeded_on": facts.results,
        "award": facts.awards,
        "enrollment": facts.enrollments,
        "due": facts.enrollments,
        "source": facts.sources,
        "blocked": facts.blocked,
        "exclusion": facts.exclusions,
        "departure": facts.departures,
    }
    return tables[facet]


def _part(facet: str, held: Any) -> Any:
    match facet:
        case "result":
            return held.statuses
        case "successful":
            return held.successful
        case "completed_on" | "succeeded_on":
            return getattr(held, facet)
        case "enrollment":
            return held.states
        case "due":
            return held.due
        case _:
            return held
