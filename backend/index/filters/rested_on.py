"""What the people of many filters rest on, gathered before it is opened."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

from backend.index.facts.structure import Structure
from backend.index.steps import Steps
from backend.rules import Facet

# Groups whose subgroups are looked for in one step: a millisecond where none are remembered.
TREES_AT_ONCE = 256
# References of one name that are told in one step with those before them: a quarter of a millisecond. Most rules have a handful
# of each, and a step apiece would take longer than telling them.
REFERENCES_AT_ONCE = 1_000


class RestedOn:
    """Each thing once: thousands of filters name the same groups, which have most of their subgroups in common."""

    def __init__(self, facets: set[Facet]) -> None:
        self._facets = facets
        self._refs: defaultdict[str, set[Any]] = defaultdict(set)
        self._trees: set[Any] = set()
        self._enrolled: set[Any] = set()

    def add_facets(self, facets: Iterable[Facet]) -> None:
        """These, one by one."""
        self._facets.update(facets)

    def add(self, name: str, refs: Iterable[Any]) -> None:
        """The fact or structure of that name, of each of these."""
        self._refs[name].update(refs)

    def add_groups(self, groups: Iterable[Any], *, subgroups: bool) -> None:
        """Members of these groups, and who belongs above whom."""
        self.add("learner_group", groups)
        if subgroups:
            # Any group may come under these.
            self._facets.add(Facet("learner_group"))
            self._trees.update(groups)
        else:
            self.add("membership", groups)

    def add_enrollments(self, activities: Iterable[Any]) -> None:
        """Who is enrolled in sessions of these activities, and which sessions they have."""
        self._enrolled.update(activities)

    def facets_steps(self, structure: Structure) -> Steps[frozenset[Facet]]:
        """All of it, subgroups and sessions opened."""
        if self._enrolled:
            self._facets.add(Facet("session"))
            self.add("enrollment", chain.from_iterable(map(structure.sessions_of, self._enrolled)))
        for number, group in enumerate(self._trees, 1):
            self.add("membership", structure.descendants(group))
            if number % TREES_AT_ONCE == 0:
                yield
        for name, refs in self._refs.items():
            if len(refs) > REFERENCES_AT_ONCE:
                yield
            self._facets.update(map(Facet, repeat(name), refs))
        return frozenset(self._facets)
