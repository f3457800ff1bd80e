"""Problems of a rule as they are found, and the checks that values and references of any kind have in common."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from backend.rules import limits
from backend.rules.problems import Problem

R = TypeVar("R", int, int | str)


class _Named(Protocol):
    @property
    def id(self) -> int: ...


class Complaints:
    """The first `limits.PROBLEMS` problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def complain(self, path: str, code: str, message: str) -> None:
        if len(self.problems) < limits.PROBLEMS:
            self.problems.append(Problem(path, code, message))

    def count(self, values: Sequence[object], path: str, most: int = limits.VALUES) -> None:
        if not values:
            self.complain(path, "empty", "Give at least one value.")
        elif len(values) > most:
            self.complain(path, "too_many", f"Give at most {most:,} values.")

    def arity(self, values: Sequence[object], path: str, wanted: int, op: str) -> None:
        if not values:
            self.complain(path, "empty", "Give at least one value.")
        elif len(values) != wanted:
            code = "one_value" if wanted == 1 else "two_values"
            self.complain(path, code, f"“{op}” takes {'one value' if wanted == 1 else 'two values'}.")

    def order(self, values: Sequence[object], path: str) -> None:
        if len(values) == 2 and None not in values and values[0] > values[1]:  # type: ignore[operator]  # same type
            self.complain(path, "order", "The first value must not be after the second.")

    def texts(self, values: Iterable[str], path: str, first: int = 0) -> None:
        for i, value in enumerate(values, first):
            if not value:
                self.complain(f"{path}[{i}]", "empty", "A value cannot be empty; ask for “is empty” instead.")
            elif len(value) > limits.TEXT:
                self.complain(f"{path}[{i}]", "too_long", f"A value has at most {limits.TEXT:,} characters.")
            elif "\x00" in value:
                self.complain(f"{path}[{i}]", "character", "A value cannot hold the character U+0000.")

    def some(
        self,
        references: Sequence[R],
        path: str,
        kind: str,
        find: Callable[[R], _Named | None],
        most: int = limits.VALUES,
    ) -> list[int]:
        self.count(references, path, most)
        return self.references(references, path, kind, find, most)

    def references(
        self, references: Sequence[R], path: str, kind: str, find: Callable[[R], _Named | None], most: int
    ) -> list[int]:
        if len(references) > most:
            return []  # said by the caller; looking up thousands more would only be slow
        ids: dict[int, None] = {}
        for i, reference in enumerate(references):
            named = find(reference)
            if named is None:
                self.complain(f"{path}[{i}]", "unknown", f"There is no {kind} {reference!r}.")
            else:
                ids[named.id] = None
        return list(ids)
