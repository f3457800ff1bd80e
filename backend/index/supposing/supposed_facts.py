"""Facts that share their bitmaps with real ones, and copy one when it is first changed."""

import copy
from datetime import datetime
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType
from pyroaring import BitMap

from backend.index.facts.learner_facts import COUNTABLE, Enrollments, Facts, Results
from backend.index.facts.slots import SCALARS
from backend.index.facts.values import Values

V = TypeVar("V")
# Facts by what they refer to, and the table of each.
_TABLES = {
    "membership": "groups",
    "field": "fields",
    "result": "results",
    "award": "awards",
    "enrollment": "enrollments",
    "source": "sources",
    "blocked": "blocked",
    "exclusion": "exclusions",
    "departure": "departures",
}


class SupposedValues(Values[V]):
    """Values of which only the bitmaps that are changed are its own: there may be fifty thousand."""

    __slots__ = ("_own",)

    def __init__(self, real: Values[V]) -> None:
        for name in Values.__slots__:
            setattr(self, name, copy.copy(getattr(real, name)))
        self._own: set[V] = set()

    def move(self, learner_id: int, old: V | None, new: V | None) -> None:
        self._make_own(old)
        self._make_own(new)
        if learner_id in self.present and learner_id not in self.bitmaps.get(old, ()):  # type: ignore[arg-type]  # None is no key
            self._make_own(self.of(learner_id))
        super().move(learner_id, old, new)

    def move_many(self, learners: BitMap, old: V | None, new: V | None) -> None:
        self._make_own(old)
        super().move_many(learners, old, new)

    def fill(self, value: V, learners: BitMap) -> None:
        self._make_own(value)
        super().fill(value, learners)

    def _make_own(self, value: V | None) -> None:
        if value is None or value in self._own:
            return
        self._own.add(value)
        held = self.bitmaps.get(value)
        if held is not None:
            self.bitmaps[value] = held.copy()


class SupposedFacts(Facts):
    """Everything known about learners, some of it supposed."""

    def __init__(self, real: Facts) -> None:
        self.__dict__.update(vars(real))
        self.set_aside = real.set_aside.copy()
        self._own: set[tuple[str, int]] = set()
        self._own_tables: set[str] = set()

    def move(self, facet: str, learner_id: int, ref: int | None, old: Any, new: Any) -> None:
        self._make_own(facet, ref or 0)
        super().move(facet, learner_id, ref, old, new)

    def move_many(self, facet: str, learners: BitMap, ref: int | None, old: Any, new: Any) -> None:
        self._make_own(facet, ref or 0)
        match facet:
            case "membership" | "source":
                self._mark_many(getattr(self, _TABLES[facet]), ref or 0, learners, inside=new is not None)
            case "status":
                self.status.move_many(learners, old, new)
                self.countable = self.countable | learners if new in COUNTABLE else self.countable - learners
            case "language" | "manager":
                getattr(self, facet).move_many(learners, old, new)
            case "field" | "blocked":
                getattr(self, _TABLES[facet]).setdefault(ref or 0, Values()).move_many(learners, old, new)
            case _:
                super().move_many(facet, learners, ref, old, new)

    def set_states(
        self, session: int, learners: BitMap, state: str, due: datetime | UnsetType | None
    ) -> list[tuple[str | None, BitMap]]:
        """The state of these learners' enrollments, and when they are due where that is told; the states before, with whose."""
        self._make_own("enrollment", session)
        enrollments = self.enrollments.setdefault(session, Enrollments())
        before = _moved(enrollments.states, learners, state)
        if due is not UNSET:
            _moved(enrollments.due, learners, due)
        return before

    def set_due(self, session: int, learners: BitMap, due: datetime) -> None:
        """When these learners, who are enrolled in the session, are due."""
        self._make_own("enrollment", session)
        _moved(self.enrollments[session].due, learners, due)

    @staticmethod
    def _mark_many(table: dict[int, BitMap], ref: int, learners: BitMap, *, inside: bool) -> None:
        held = table.get(ref, BitMap())
        held = held | learners if inside else held - learners
        if held:
            table[ref] = held
        else:
            table.pop(ref, None)

    def _make_own(self, facet: str, ref: int) -> None:
        if (facet, ref) in self._own:
            return
        self._own.add((facet, ref))
        if facet in SCALARS:
            setattr(self, facet, SupposedValues(getattr(self, facet)))
            if facet == "status":
                self.countable = self.countable.copy()
            return
        name = _TABLES.get(facet)
        if name is None:
            return
        if name not in self._own_tables:
            self._own_tables.add(name)
            setattr(self, name, dict(getattr(self, name)))
        table = getattr(self, name)
        if ref in table:
            table[ref] = _own_part(table[ref])


def _moved(values: Values[V], learners: BitMap, new: V | None) -> list[tuple[V | None, BitMap]]:
    """Let the learners have the new value; the values before that differ, with whose they were."""
    parts: list[tuple[V | None, BitMap]] = [
        (old, part) for old, held in values.items() if old != new and (part := held & learners)
    ]
    parts += [(None, fresh)] if (fresh := learners - values.present) else []
    for old, part in parts:
        values.move_many(part, old, new)
    return parts


def _own_part(held: Any) -> Any:
    if isinstance(held, Values):
        return SupposedValues(held)
    if isinstance(held, Results):
        results = Results()
        results.statuses, results.successful = SupposedValues(held.statuses), held.successful.copy()
        results.completed_on = SupposedValues(held.completed_on)
        results.succeeded_on = SupposedValues(held.succeeded_on)
        return results
    if isinstance(held, Enrollments):
        enrollments = Enrollments()
        enrollments.states, enrollments.due = SupposedValues(held.states), SupposedValues(held.due)
        return enrollments
    return held.copy()
