"""What the index knows of each filter type."""

from collections.abc import Callable
from typing import Any, TypeVar

from backend.index.filters.base import FilterEvaluation
from backend.rules.filters.base import Filter

_EVALUATIONS: dict[type[Filter], FilterEvaluation[Any]] = {}
E = TypeVar("E", bound=FilterEvaluation[Any])


def evaluates(kind: type[Filter]) -> Callable[[type[E]], type[E]]:
    """Make known how filters of this type are evaluated."""

    def put(evaluation: type[E]) -> type[E]:
        _EVALUATIONS[kind] = evaluation()
        return evaluation

    return put


def evaluation_of(found: Filter) -> FilterEvaluation[Any]:
    """How this filter is evaluated. A type that nobody made known is a mistake in the program: it raises `KeyError`."""
    return _EVALUATIONS[type(found)]


def evaluated_types() -> frozenset[type[Filter]]:
    """The types that can be evaluated."""
    return frozenset(_EVALUATIONS)
