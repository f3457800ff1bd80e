"""Why a rule could not be evaluated, or the index not be used."""

from collections.abc import Iterable

from backend.rules import Problem


class BrokenRule(Exception):
    """The rule refers to something that is gone or cannot be evaluated. Nobody may be added or removed because of it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in self.problems[:5]))


class IndexBehind(Exception):
    """The index has not caught up in time with what was committed before the question."""


class TooLong(Exception):
    """The question takes more than one slice of the event loop: ask it with `FacetIndex.sliced`."""
