"""A view of the index on which supposed facts hold."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.index.facet_index import FacetIndex
from backend.index.facts.changes import Batch, Change
from backend.index.facts.values import Values
from backend.index.supposing.supposed_cache import SupposedCache
from backend.index.supposing.supposed_facts import SupposedFacts
from backend.index.supposing.supposed_structure import SupposedStructure
from backend.rules import Facet

# What a fact without a value of its own says while it is so: the index knows that it is so, and not the rest of it.
_IS_SO: dict[str, Any] = {"membership": "member", "source": []}
# Facts of which the index knows the day and the log tells the instant: what they were before is not told.
_DAYS = frozenset({"added", "award", "exclusion", "departure"})


class SupposedIndex(FacetIndex):
    """Stands at one position of the log: whoever makes it holds the `still` of the real index as long as it is used.

    It can be asked whatever an index can be asked. What is supposed is told as changes, which nobody but this view has seen.
    """

    def __init__(self, real: FacetIndex, at: datetime) -> None:
        self.__dict__.update(vars(real))
        self.real = real
        self.facts: SupposedFacts = SupposedFacts(real.facts)
        self.structure = SupposedStructure(real.structure)
        self.cache: SupposedCache = SupposedCache(real.cache)
        # Its own: the real one's is held already.
        self.still = asyncio.Lock()
        self._at = at

    def suppose(self, facet: str, learner_id: int, ref: int | None, new: Any) -> Change | None:
        """Let the fact about a learner be `new`, as the change log tells it; None where it is so already."""
        old = None if facet in _DAYS else self.fact(facet, learner_id, ref)
        if facet not in _DAYS and _same(facet, old, new):
            return None
        return self._taken(Change(self.position, self._at, facet, learner_id, ref, old, new))

    def suppose_many(self, facet: str, learners: BitMap, ref: int | None, new: Any) -> list[Change]:
        """The same of many: one change for all who had the same before."""
        parts = [
            (old, part)
            for old, part in self._by_value(facet, learners, ref)
            if part and (facet in _DAYS or not _same(facet, old, new))
        ]
        return [
            self._taken(Change(self.position, self._at, facet, None, ref, old, new, part))
            for old, part in parts
        ]

    def suppose_states(
        self, session_id: int, learners: BitMap, state: str, due: datetime | msgspec.UnsetType | None
    ) -> list[Change]:
        """Let these learners' enrollments in a session be in this state, and due then; without `due` that stays."""
        parts = self.facts.set_states(session_id, learners, state, due)
        self.cache.touch([Facet("enrollment", session_id)])
        return [
            Change(
                self.position,
                self._at,
                "enrollment",
                None,
                session_id,
                old and [old, None],
                [state, None],
                part,
            )
            for old, part in parts
        ]

    def suppose_due(self, session_id: int, learners: BitMap, due: datetime) -> None:
        """Let these learners, who are enrolled in a session, be due then: no rule asks for it."""
        self.facts.set_due(session_id, learners, due)

    def suppose_row(self, facet: str, row_id: int, row: Mapping[str, Any] | None) -> Change:
        """Let a row of structure be this one, whole; None: there is no such row."""
        old = self._row(facet, row_id)
        self._taken(Change(self.position, self._at, facet, None, row_id, None, row))
        if facet == "field":
            self.facts.kinds = self.structure.kinds
        return Change(self.position, self._at, facet, None, row_id, old, self._row(facet, row_id))

    def fact(self, facet: str, learner_id: int, ref: int | None) -> Any:
        """What is so about a learner, as the change log would tell it as far as the index knows; None where nothing is."""
        facts, number = self.facts, ref or 0
        match facet:
            case "status" | "language" | "manager" | "added":
                return getattr(facts, facet).of(learner_id)
            case "field" | "award" | "blocked" | "exclusion" | "departure":
                held = {
                    "field": facts.fields,
                    "award": facts.awards,
                    "blocked": facts.blocked,
                    "exclusion": facts.exclusions,
                    "departure": facts.departures,
                }[facet]
                return held[number].of(learner_id) if number in held else None
            case "membership" | "source":
                table = facts.groups if facet == "membership" else facts.sources
                return _IS_SO[facet] if number in table and learner_id in table[number] else None
            case "result":
                results = facts.results.get(number)
                status = None if results is None else results.statuses.of(learner_id)
                return (
                    None
                    if results is None or status is None
                    else [status, learner_id in results.successful, 0]
                )
            case "enrollment":
                enrollments = facts.enrollments.get(number)
                state = None if enrollments is None else enrollments.states.of(learner_id)
                return (
                    None
                    if enrollments is None or state is None
                    else [state, _told(enrollments.due.of(learner_id))]
                )
            case _:
                return None

    def _by_value(self, facet: str, learners: BitMap, ref: int | None) -> Iterator[tuple[Any, BitMap]]:
        """The learners by what is so about them now, as far as one change can tell it of many."""
        values = self._values(facet, ref or 0)
        if values is not None:
            held = learners & values.present
            yield None, learners - held
            for value, some in values.items():
                yield value, some & held
            return
        if facet in _IS_SO:
            table = self.facts.groups if facet == "membership" else self.facts.sources
            inside = learners & table.get(ref or 0, BitMap())
            yield None, learners - inside
            yield _IS_SO[facet], inside
            return
        found: dict[str, tuple[Any, BitMap]] = {}
        for learner_id in learners:
            old = None if facet in _DAYS else self.fact(facet, learner_id, ref)
            found.setdefault(repr(old), (old, BitMap()))[1].add(learner_id)
        yield from found.values()

    def _values(self, facet: str, ref: int) -> Values[Any] | None:
        match facet:
            case "status" | "language" | "manager":
                found: Values[Any] = getattr(self.facts, facet)
                return found
            case "field":
                return self.facts.fields.get(ref) or Values()
            case "blocked":
                return self.facts.blocked.get(ref) or Values()
            case _:
                return None

    def _taken(self, change: Change) -> Change:
        """It holds from here on."""
        batch = Batch(self.position)
        self._apply(change, batch)
        self.cache.touch(batch.facets | batch.structure)
        if change.facet == "organisation":
            self.cache.clear()
        if change.facet == "learner_group":
            self.cache.regroup(self._regrouped(change))
        return batch.changes[0]

    def _regrouped(self, change: Change) -> frozenset[int]:
        """The groups above which, or as which, the changed one stood or stands."""
        group = change.ref_id or 0
        return frozenset({group, *self.real.structure.ancestors(group), *self.structure.ancestors(group)})

    def _row(self, facet: str, row_id: int) -> dict[str, Any] | None:
        row = self.structure.row(facet, row_id)
        return None if row is None else msgspec.to_builtins(row)


def _same(facet: str, old: Any, new: Any) -> bool:
    return (old is None) is (new is None) if facet in _IS_SO else bool(old == new)


def _told(due: datetime | None) -> str | None:
    return None if due is None else due.isoformat()
