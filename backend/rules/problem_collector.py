"""Problems of a rule as they are found, and the checks that values and references of any kind have in common."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from backend.rules import limits
from backend.rules.problems import Problem
from backend.words import Message
from backend.words.nouns import thing

R = TypeVar("R", int, int | str)


class _Named(Protocol):
    @property
    def id(self) -> int: ...


class ProblemCollector:
    """The first `limits.PROBLEMS` problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: str, code: str, message: Message) -> None:
        if len(self.problems) < limits.PROBLEMS:
            self.problems.append(Problem(path, code, message))

    def count(self, values: Sequence[object], path: str, most: int = limits.VALUES) -> None:
        if not values:
            self.add(path, "empty", Message("Give at least one value."))
        elif len(values) > most:
            self.add(path, "too_many", Message("Give at most {most:,} values.", most=most))

    def arity(self, values: Sequence[object], path: str, wanted: int, op: str) -> None:
        if not values:
            self.add(path, "empty", Message("Give at least one value."))
        elif len(values) != wanted:
            one, two = Message("“{op}” takes one value.", op=op), Message("“{op}” takes two values.", op=op)
            self.add(path, "one_value" if wanted == 1 else "two_values", one if wanted == 1 else two)

    def days(self, values: Sequence[object], path: str, op: str, *, least: int, most: int) -> None:
        """One number of days in these bounds."""
        if len(values) != 1:
            self.add(path, "one_value", Message("“{op}” takes one number of days.", op=op))
        for i, value in enumerate(values[:1]):
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                self.add(
                    f"{path}[{i}]",
                    "out_of_range",
                    Message("Give {least} to {most:,} days.", least=least, most=most),
                )

    def order(self, values: Sequence[object], path: str) -> None:
        if len(values) == 2 and None not in values and values[0] > values[1]:  # type: ignore[operator]  # same type
            self.add(path, "order", Message("The first value must not be after the second."))

    def texts(self, values: Iterable[str], path: str, first: int = 0) -> None:
        for i, value in enumerate(values, first):
            if not value:
                self.add(
                    f"{path}[{i}]", "empty", Message("A value cannot be empty; ask for “is empty” instead.")
                )
            elif len(value) > limits.TEXT:
                self.add(
                    f"{path}[{i}]",
                    "too_long",
                    Message("A value has at most {most:,} characters.", most=limits.TEXT),
                )
            elif "\x00" in value:
                self.add(f"{path}[{i}]", "character", Message("A value cannot hold the character U+0000."))

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
                self.add(
                    f"{path}[{i}]",
                    "unknown",
                    Message("There is no {kind} {reference!r}.", kind=thing(kind), reference=reference),
                )
            else:
                ids[named.id] = None
        return list(ids)
