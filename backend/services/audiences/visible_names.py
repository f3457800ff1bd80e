"""What a rule refers to, as far as its author may know of it: what is hidden from them is as good as not there."""

from dataclasses import dataclass
from functools import cached_property

from pyroaring import BitMap

from backend.index import FacetIndex
from backend.rules.names import FieldName, GroupName, SegmentName, TitledName
from backend.services.audiences.visibility import AudienceScope


@dataclass
class SeenNames:
    """`rules.Names` for somebody who is no platform admin: the same answer for what is hidden and for what does not exist."""

    index: FacetIndex
    sight: AudienceScope
    actor_id: int

    def find_field(self, reference: int | str) -> FieldName | None:
        """A field: everybody knows them."""
        return self.index.find_field(reference)

    def find_group(self, reference: int | str) -> GroupName | None:
        """A group: staff knows that each exists, but not the external id of a private one; others know their own."""
        found = self.index.find_group(reference)
        if found is None or self.sight.groups is None:
            return found
        if found.id in self.sight.groups or found.id in self.sight.named:
            return found
        staff = bool(self.sight.groups or self.sight.sessions)
        return found if staff and not (found.private and isinstance(reference, str)) else None

    def find_activity(self, reference: int | str) -> TitledName | None:
        """An activity: who writes a block of a rule is staff, and sees all."""
        return self.index.find_activity(reference)

    def find_certificate(self, reference: int | str) -> TitledName | None:
        """A certificate, likewise."""
        return self.index.find_certificate(reference)

    def find_segment(self, reference: int) -> SegmentName | None:
        """A segment: those who enroll others list them."""
        return self.index.find_segment(reference)

    def segments_inside(self, segment_id: int) -> frozenset[int]:
        """The segments that a segment holds, itself included."""
        return self.index.segments_inside(segment_id)

    def knows_learner(self, learner_id: int) -> bool:
        """Somebody whom the author sees, or who manages somebody of those."""
        if self.sight.groups is None:
            return self.index.knows_learner(learner_id)
        if learner_id == self.actor_id or learner_id in self._people:
            return True
        return bool(self.index.team(learner_id).intersect(self._people))

    @cached_property
    def _people(self) -> BitMap:
        return self.sight.people(self.index)
