"""What things are called: `rules.Names` for resolving and describing rules."""

from abc import ABC, abstractmethod

from pyroaring import BitMap

from backend.index.structure import Structure
from backend.index.structure_rows import Activity, Certificate, Field, Group, Segment


class Named(ABC):
    """`rules.Names` from a structure and everybody there is."""

    structure: Structure

    @property
    @abstractmethod
    def learners(self) -> BitMap:
        """Everybody there is, countable or not; not to be changed."""

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

    def segments_inside(self, segment_id: int) -> frozenset[int]:
        return self.structure.segments_inside(segment_id)
