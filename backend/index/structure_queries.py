"""What is asked about the organisation's structure, as methods of the index: names, rows by id, and what belongs to what."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

from pyroaring import BitMap

from backend.enrollment.method_kinds import enrolls
from backend.index.facts.structure import STRUCTURE, Structure
from backend.index.facts.structure_rows import (
    Activity,
    Certificate,
    Field,
    Group,
    Method,
    Segment,
    Session,
    Step,
)


class StructureQueries(ABC):
    """Answers from a structure and everybody there is; implements `rules.Names`. Mappings are views: they go on changing."""

    structure: Structure

    @property
    @abstractmethod
    def learners(self) -> BitMap:
        """Everybody there is, countable or not; not to be changed."""

    @property
    def timezone(self) -> str:
        """The organisation's time zone, in which days are told."""
        return self.structure.organisation.timezone

    @property
    def language(self) -> str:
        """The organisation's language."""
        return self.structure.organisation.language

    # ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

    def find_field(self, reference: int | str) -> Field | None:
        return self.structure.find_field(reference)

    def find_group(self, reference: int | str) -> Group | None:
        return self.structure.find_group(reference)

    def find_activity(self, reference: int | str) -> Activity | None:
        return self.structure.find_activity(reference)

    def find_certificate(self, reference: int | str) -> Certificate | None:
        return self.structure.find_certificate(reference)

    def find_segment(self, reference: int) -> Segment | None:
        return self.structure.find_segment(reference)

    def knows_learner(self, learner_id: int) -> bool:
        return learner_id in self.learners

    def name_of(self, table: str, row_id: int | None) -> str | None:
        """What a row of a table of structure is called; None where it has no name or there is no such row or table."""
        if table not in STRUCTURE or row_id is None:
            return None
        row = self.structure.table(table).get(row_id)
        found: str | None = getattr(row, "name", None) or getattr(row, "title", None)
        return found

    # ── rows by id ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def groups(self) -> Mapping[int, Group]:
        """All groups."""
        return MappingProxyType(self.structure.groups)

    @property
    def fields(self) -> Mapping[int, Field]:
        """All custom fields."""
        return MappingProxyType(self.structure.fields)

    @property
    def activities(self) -> Mapping[int, Activity]:
        """All activities."""
        return MappingProxyType(self.structure.activities)

    @property
    def certificates(self) -> Mapping[int, Certificate]:
        """All certificates."""
        return MappingProxyType(self.structure.certificates)

    @property
    def sessions(self) -> Mapping[int, Session]:
        """All sessions."""
        return MappingProxyType(self.structure.sessions)

    @property
    def segments(self) -> Mapping[int, Segment]:
        """All segments."""
        return MappingProxyType(self.structure.segments)

    @property
    def methods(self) -> Mapping[int, Method]:
        """All enrollment methods."""
        return MappingProxyType(self.structure.methods)

    @property
    def steps(self) -> Mapping[int, Step]:
        """All steps of activities."""
        return MappingProxyType(self.structure.steps)

    # ── what belongs to what ─────────────────────────────────────────────────────────────────────────────────────

    def descendants(self, group_id: int) -> tuple[int, ...]:
        """The group and all its subgroups."""
        return self.structure.descendants(group_id)

    def highest_id(self, table: str) -> int:
        """The highest id of a row of the table; 0 of an empty one."""
        return max(self.structure.table(table), default=0)

    def ancestors_of(self, group_id: int) -> frozenset[int]:
        """The group and those above it."""
        return frozenset(self.structure.ancestors(group_id))

    def sessions_of(self, activity_id: int) -> frozenset[int]:
        """The sessions of an activity."""
        return self.structure.sessions_of(activity_id)

    def steps_of(self, activity_id: int) -> list[Step]:
        """The steps of an activity in order."""
        return self.structure.steps_of(activity_id)

    def methods_of(self, session_id: int) -> frozenset[int]:
        """The enrollment methods of a session."""
        return self.structure.methods_of(session_id)

    def enrolling_methods_of(self, session_id: int) -> list[int]:
        """Those of them whose people are enrolled by them; others only put enrolled people into classes."""
        methods = self.structure.methods
        return [
            one for one in self.methods_of(session_id) if one not in methods or enrolls(methods[one].kind)
        ]

    def segments_inside(self, segment_id: int) -> frozenset[int]:
        """The segment and all that its rule refers to, at any depth."""
        return self.structure.segments_inside(segment_id)
