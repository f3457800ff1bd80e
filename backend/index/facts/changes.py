"""Rows of the change log as values, and what a batch of them did."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.index.facts.arrays import bitmap_sent
from backend.rules import Facet

# What `change_of` reads, of `change_log`.
COLUMNS = "seq, at, facet, learner_id, ref_id, old, new, array_send(learners), run_id"


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
    # Where many people share it: who they are. `learner_id` is None then.
    learners: BitMap | None = None
    # The run that did it, where one did.
    run_id: int | None = None

    @property
    def is_fact(self) -> bool:
        """Whether it is about people, and not about structure."""
        return self.learner_id is not None or self.learners is not None

    @property
    def people(self) -> Iterable[int]:
        """The people it is about."""
        if self.learners is not None:
            return self.learners
        return () if self.learner_id is None else (self.learner_id,)


def change_of(row: Iterable[Any]) -> Change:
    """A row of the log, read by `COLUMNS`."""
    seq, at, facet, learner_id, ref_id, old, new, sent, run_id = row
    learners = None if sent is None else bitmap_sent(sent)
    return Change(seq, at, facet, learner_id, ref_id, old, new, learners, run_id)


def portions(changes: Iterable[Change], most: int) -> Iterator[list[Change]]:
    """At most so many changes each; one that many people share is a portion of its own, as much work as hundreds."""
    portion: list[Change] = []
    for change in changes:
        if portion and (len(portion) == most or change.learners is not None):
            yield portion
            portion = []
        portion.append(change)
        if change.learners is not None:
            yield portion
            portion = []
    if portion:
        yield portion


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
