"""Rows of the change log as values, and what a batch of them did."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.rules import Facet


class Change(msgspec.Struct, frozen=True, gc=False):
    """One row of the change log. `old` and `new` are decoded JSON; a missing fact is None.

    Without gc: what is decoded forms no cycles, and thousands a second would have the collector look at everything anew.
    """

    seq: int
    at: datetime
    facet: str
    learner_id: int | None
    ref_id: int | None
    old: Any
    new: Any


@dataclass(slots=True)
class Batch:
    """What applying some changes did: the new position, whom and what they touched, and the changes themselves."""

    position: int
    learners: BitMap = field(default_factory=BitMap)
    facets: set[Facet] = field(default_factory=set)
    structure: set[Facet] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    # The index was loaded afresh: anything may have changed, and the rest of this says nothing.
    reloaded: bool = False

    def meaning(self) -> set[Facet]:
        """The facts and structure whose change can change the people of a rule; a group's new name cannot."""
        renamed = {
            Facet(change.facet, change.ref_id)
            for change in self.changes
            if change.facet == "learner_group"
            and change.old is not None
            and change.new is not None
            and change.old.get("parent_id") == change.new.get("parent_id")
        }
        moved = {
            Facet(change.facet, change.ref_id)
            for change in self.changes
            if change.facet == "learner_group"
            and (change.old or {}).get("parent_id") != (change.new or {}).get("parent_id")
        }
        return self.facets | (self.structure - (renamed - moved))

    def merge(self, later: "Batch") -> None:
        """Take in what came after."""
        self.position = later.position
        self.learners |= later.learners
        self.facets |= later.facets
        self.structure |= later.structure
        self.changes += later.changes
        self.reloaded = self.reloaded or later.reloaded
