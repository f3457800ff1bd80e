"""JSON read from a row: whoever writes past Muster may have stored anything, and no value may stop what reads it."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# Nothing that Muster stores is nested deeper; what is answered of it is encoded by recursion.
MOST_DEPTH = 32


def deeper_than(value: Any, most: int) -> bool:
    """Whether lists and objects are nested deeper than that; what is read next goes through them by recursion."""
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        if depth > most:
            return True
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return False


def stored_as(value: Any, kind: Any, otherwise: T) -> T:
    """The stored value as `kind`; `otherwise` if it has another shape."""
    if deeper_than(value, MOST_DEPTH):
        return otherwise
    try:
        read: T = msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        return otherwise
    return read


def stored_object(value: Any) -> dict[str, Any] | None:
    """The stored object; None for anything else."""
    return value if isinstance(value, dict) and not deeper_than(value, MOST_DEPTH) else None
