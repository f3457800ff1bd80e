"""All filter types by their tag: what `type` may be in a rule."""

from typing import TYPE_CHECKING, Any, TypeVar, Union

from backend.rules.filters.base import Filter

_TYPES: dict[str, type[Filter]] = {}
F = TypeVar("F", bound=Filter)

if TYPE_CHECKING:
    Registered = Filter
else:
    # The union of all types: what msgspec reads. It looks at it once, when the first rule is read.
    Registered = Filter


def register(kind: type[F]) -> type[F]:
    """Make a filter type known, before the first rule is read. Raises `ValueError` where its tag is taken."""
    tag = str(kind.__struct_config__.tag)
    if _TYPES.setdefault(tag, kind) is not kind:
        raise ValueError(f"there are two filter types {tag!r}")
    union: Any = Union[tuple(_TYPES.values())]  # noqa: UP007 - of as many types as there are
    globals()["Registered"] = union
    return kind


def filter_types() -> tuple[type[Filter], ...]:
    """Every type, in the order in which they were made known."""
    return tuple(_TYPES.values())
