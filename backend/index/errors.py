"""Why a rule could not be evaluated, or the index not be used."""

from collections.abc import Iterable

from backend.rules import Problem


class BrokenRule(Exception):  # noqa: N818 - it says what the rule is
    """The rule refers to something that is gone or cannot be evaluated. Nobody may be added or removed because of it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in self.problems[:5]))


class IndexBehind(Exception):  # noqa: N818 - a state, told to the caller as "try again"
    """The index has not caught up in time with what was committed before the question."""
