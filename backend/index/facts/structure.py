"""What the organisation is made of, in memory, and the ways through it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from backend.index.facts.set_aside import AllSetAside
from backend.index.facts.structure_rows import (
    KINDS,
    Activity,
    Certificate,
    Field,
    Group,
    Method,
    Organisation,
    ReadRow,
    Segment,
    Session,
    Step,
    external_key,
    read_row,
)
from backend.rules import Facet, segments_of
from backend.runtime import clock
from backend.text import code_key
from backend.words import Message


class _Row(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=_Row)
STRUCTURE = frozenset({*KINDS, "organisation"})


class Structure:
    """All structure, with the ways through it that evaluation needs. Implements `rules.Names` but for learners."""

    def __init__(self) -> None:
        self.organisation = Organisation()
        self.set_aside = AllSetAside()
        # The type of each field, for whoever reads its values.
        self.kinds: dict[int, str] = {}
        self.groups: dict[int, Group] = {}
        self.fields: dict[int, Field] = {}
        self.activities: dict[int, Activity] = {}
        self.steps: dict[int, Step] = {}
        self.certificates: dict[int, Certificate] = {}
        self.sessions: dict[int, Session] = {}
        self.segments: dict[int, Segment] = {}
        self.methods: dict[int, Method] = {}
        self._tables: dict[str, dict[int, Any]] = {
            "learner_group": self.groups,
            "field": self.fields,
            "activity": self.activities,
            "step": self.steps,
            "certificate": self.certificates,
            "session": self.sessions,
            "segment": self.segments,
            "enrollment_method": self.methods,
        }
        self._external: dict[str, dict[str, int]] = defaultdict(dict)
        self._children: dict[int | None, set[int]] = defaultdict(set)
        self._sessions_of: dict[int, set[int]] = defaultdict(set)
        self._methods_of: dict[int, set[int]] = defaultdict(set)
        self._descendants: dict[int, tuple[int, ...]] = {}

    # ── keeping it current ───────────────────────────────────────────────────────────────────────────────────────

    def put(self, facet: str, row_id: int, row: Mapping[str, Any] | None) -> None:
        """Set (or, with None, remove) one row of the table `facet`. What of it cannot be read is set aside."""
        self.set_aside.rows.pop(Facet(facet, row_id), None)
        read = ReadRow(None) if row is None else read_row(facet, row)
        if facet == "organisation":
            self._organise(row_id, read)
            return
        table = self._tables[facet]
        before = table.pop(row_id, None)
        if before is not None:
            self._unlink(facet, before)
        if read.unreadable:
            self.set_aside.put_row(Facet(facet, row_id), read.unreadable, frozen=read.row is None)
        if read.row is not None:
            table[row_id] = read.row
            self._link(facet, read.row)

    def _organise(self, row_id: int, read: ReadRow) -> None:
        """There is always an organisation; in a time zone that nobody knows it stays in the one it was in."""
        row, unreadable = read
        if row is not None and not clock.is_zone(row.timezone):
            unreadable = Message("{column} is {value}", column="timezone", value=repr(row.timezone))
            row = msgspec.structs.replace(row, timezone=self.organisation.timezone)
        if row is not None:
            self.organisation = row
        if unreadable:
            self.set_aside.put_row(Facet("organisation", row_id), unreadable, frozen=True)

    def _unlink(self, facet: str, row: Any) -> None:
        if facet == "field":
            self.kinds.pop(row.id, None)
        key = external_key(facet, row)
        if key is not None and self._external[facet].get(key) == row.id:
            del self._external[facet][key]
        for index, value in self._links(facet, row):
            index[value].discard(row.id)

    def _link(self, facet: str, row: Any) -> None:
        if facet == "field":
            self.kinds[row.id] = row.type
        key = external_key(facet, row)
        if key is not None:
            self._external[facet][key] = row.id
        for index, value in self._links(facet, row):
            index[value].add(row.id)

    def _links(self, facet: str, row: Any) -> Iterator[tuple[dict[Any, set[int]], Any]]:
        if facet == "learner_group":
            self._descendants.clear()
            yield self._children, row.parent_id
        elif facet == "session":
            yield self._sessions_of, row.activity_id
        elif facet == "enrollment_method":
            yield self._methods_of, row.session_id

    def copy(self) -> "Structure":
        """A structure of its own with the same rows."""
        made = Structure()
        made.organisation = self.organisation
        made.set_aside = self.set_aside.copy()
        for facet, table in self._tables.items():
            made._tables[facet].update(table)
            for row in table.values():
                made._link(facet, row)
        return made

    # ── ways through it ──────────────────────────────────────────────────────────────────────────────────────────

    def descendants(self, group_id: int) -> tuple[int, ...]:
        """The group and all its subgroups."""
        found = self._descendants.get(group_id)
        if found is None:
            seen = {group_id: None}
            for group in seen_while_growing(seen):
                for child in self._children.get(group, ()):
                    seen.setdefault(child)
            found = self._descendants[group_id] = tuple(seen)
        return found

    def ancestors(self, group_id: int) -> tuple[int, ...]:
        """The group and those above it, nearest first."""
        seen: dict[int, None] = {}
        current: int | None = group_id
        while current is not None and current in self.groups and current not in seen:
            seen[current] = None
            current = self.groups[current].parent_id
        return tuple(seen)

    def children(self, group_id: int | None) -> frozenset[int]:
        """Direct subgroups; of None, the top groups."""
        return frozenset(self._children.get(group_id, ()))

    def sessions_of(self, activity_id: int) -> frozenset[int]:
        """The sessions of an activity."""
        return frozenset(self._sessions_of.get(activity_id, ()))

    def methods_of(self, session_id: int) -> frozenset[int]:
        """The enrollment methods of a session."""
        return frozenset(self._methods_of.get(session_id, ()))

    def steps_of(self, activity_id: int) -> list[Step]:
        """The steps of an activity in order."""
        found = [step for step in self.steps.values() if step.activity_id == activity_id]
        return sorted(found, key=lambda step: (step.position, step.id))

    def segments_inside(self, segment_id: int) -> frozenset[int]:
        """The segment and all that its rule refers to, at any depth."""
        seen = {segment_id: None}
        for inner in seen_while_growing(seen):
            segment = self.segments.get(inner)
            if segment is not None and segment.rule is not None:
                for other in sorted(segments_of(segment.rule)):
                    seen.setdefault(other)
        return frozenset(seen)

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

    def find_field(self, reference: int | str) -> Field | None:
        return self._find("field", self.fields, reference)

    def find_group(self, reference: int | str) -> Group | None:
        return self._find("learner_group", self.groups, reference)

    def find_activity(self, reference: int | str) -> Activity | None:
        return self._find("activity", self.activities, reference)

    def find_certificate(self, reference: int | str) -> Certificate | None:
        """By its own id, or by the external id of the activity that awards it."""
        if isinstance(reference, int):
            return self.certificates.get(reference)
        activity = self.find_activity(reference)
        if activity is None:
            return None
        return next((row for row in self.certificates.values() if row.activity_id == activity.id), None)

    def find_segment(self, reference: int) -> Segment | None:
        return self.segments.get(reference)

    def _find(self, facet: str, table: dict[int, T], reference: int | str) -> T | None:
        if isinstance(reference, str):
            found = self._external[facet].get(code_key(reference))
            return None if found is None else table[found]
        return table.get(reference)

    def table(self, facet: str) -> dict[int, Any]:
        """The rows of one table by id, as they are now; of the organisation, its one row."""
        return {0: self.organisation} if facet == "organisation" else dict(self._tables[facet])

    def row(self, facet: str, row_id: int) -> Any:
        """One row of a table (of the organisation, its only one); None where there is none."""
        return self.organisation if facet == "organisation" else self._tables[facet].get(row_id)

    def rows(self) -> Iterator[tuple[Facet, Any]]:
        """Everything, for comparing two structures."""
        yield Facet("organisation"), self.organisation
        for name, table in self._tables.items():
            for row_id in sorted(table):
                yield Facet(name, row_id), table[row_id]


def seen_while_growing(seen: dict[int, None]) -> Iterator[int]:
    """The keys of `seen`, with those that are put in while iterating: a walk that visits each once."""
    done = 0
    while done < len(seen):
        fresh = list(seen)[done:]
        done = len(seen)
        yield from fresh
