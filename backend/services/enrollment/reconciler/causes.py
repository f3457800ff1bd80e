"""The changes that wait to be looked at, by whom they are about: what is told as the reason of an enrollment."""

from collections.abc import Collection

from pyroaring import BitMap

from backend.index import Change
from backend.rules import Facet

# Of one person's own changes the latest are kept.
MOST = 16


class Reasons:
    """Changes of facts, as they were applied."""

    def __init__(self) -> None:
        self._own: dict[int, list[Change]] = {}
        self._shared: list[Change] = []

    def add(self, change: Change) -> None:
        """A change of a fact has been applied."""
        if change.learner_id is None:
            self._shared.append(change)
            return
        kept = self._own.setdefault(change.learner_id, [])
        kept.append(change)
        if len(kept) > MOST:
            del kept[0]

    def behind(self, people: Collection[int], facets: Collection[Facet]) -> dict[int, Change]:
        """Of each of the people the latest change of one of the facets; a facet without reference stands for all of its name."""

        def counts(change: Change) -> bool:
            return Facet(change.facet, change.ref_id) in facets or Facet(change.facet) in facets

        found: dict[int, Change] = {}
        for change in self._shared:
            if change.learners is not None and counts(change):
                found |= dict.fromkeys(change.learners & BitMap(people), change)
        for learner_id in people:
            latest = next(filter(counts, reversed(self._own.get(learner_id, ()))), None)
            if latest is not None and (learner_id not in found or found[learner_id].seq < latest.seq):
                found[learner_id] = latest
        return found
