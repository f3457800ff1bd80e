"""The audience rule as values: what `CONTRACT` puts on the wire, nothing more.

A rule means the union of its blocks and `include`, without `exclude`; a block means (any of its groups) AND every filter. References may
be external ids or keys until `resolve` has replaced them by ids.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from backend.rules.filters import registry
from backend.rules.filters.base import Filter
from backend.rules.filters.nested import Nested
from backend.rules.values import Id, Reference


class Block(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """People of any of the groups (or `everyone`) for whom every filter holds."""

    groups: list[Reference] = []
    subgroups: bool = True
    filters: list["registry.Registered"] = []
    everyone: bool = False


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An audience: blocks, people picked by hand, people left out.

    An audience without anybody says so (`nobody`): a rule that lost its parts on the way here would end everybody's access.
    """

    blocks: list[Block] = []
    include: list[Id] = []
    exclude: list[Id] = []
    nobody: bool = False


def leaves(filters: Iterable[Filter]) -> Iterator[Filter]:
    """The filters that ask something themselves, at any depth."""
    for found in filters:
        if isinstance(found, Nested):
            yield from leaves(found.of)
        else:
            yield found


def leaves_of(rule: Rule) -> Iterator[Filter]:
    """Those of the whole rule."""
    for block in rule.blocks:
        yield from leaves(block.filters)
