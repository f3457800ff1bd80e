"""What every filter type tells about itself. `docs/how-to/add-a-filter.md` walks through one."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

import msgspec
from msgspec import Struct

from backend.rules.facets import Facet, References
from backend.rules.sentence_parts import Parts
from backend.rules.values import Value

if TYPE_CHECKING:
    from backend.rules.filter_checks import FilterChecks
    from backend.rules.sentence_builder import Sentence


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """A condition that people of a block must meet. Each type is a subclass with its own tag, made known by `register`.

    Which people meet it is said by the type's module in `backend/index/filters/`.
    """

    # What raises NotImplementedError has to be said by every type; msgspec's metaclass does not combine with abc's.

    def resolved(self, checks: "FilterChecks", path: str) -> Self:
        """The filter with ids for external ids and without repetitions; what is wrong with it is added to `checks`."""
        raise NotImplementedError

    def references(self) -> Iterator[References]:
        """What would break the filter if it were deleted, by kind."""
        raise NotImplementedError

    def facets(self) -> Iterator[Facet]:
        """The facts whose changes can change its people; what needs the structure to be told is left whole. It must be resolved."""
        raise NotImplementedError

    def sentence(self, say: "Sentence") -> Parts:
        """The clause that says it, e.g. `whose Location is Paris or Chicago`; what is gone is called so."""
        raise NotImplementedError

    def in_one_order(self) -> Self:
        """The same filter with references and values in one order: equal ones mean the same question."""
        raise NotImplementedError

    @property
    def negated(self) -> bool:
        """Whether it asks for everybody but the people of its positive form."""
        return False

    @property
    def asks_the_day(self) -> bool:
        """Whether its people can change by time alone."""
        return False

    @property
    def needs_no_values(self) -> bool:
        """Whether its lists may be empty."""
        return False

    @property
    def earned(self) -> bool:
        """Whether somebody comes to meet it by learning."""
        return False


def facets_of_each(name: str, references: Iterable[int | str]) -> Iterator[Facet]:
    """The fact of that name, of each reference, which are ids by now."""
    for reference in references:
        yield Facet(name, reference)  # type: ignore[arg-type]  # resolved


def in_order(values: Iterable[Value]) -> list[Value]:
    """Each value once, sorted, whatever their types."""
    values = list(values)
    if all(type(value) is str for value in values):
        # Thousands of choices: as below, ten times as fast.
        return sorted(set(values))
    # True and 1 are equal to Python and different in a rule.
    unique = {(type(value).__name__, value): value for value in values}
    return [unique[key] for key in sorted(unique)]


replace = msgspec.structs.replace
