"""What is wrong with a rule, and where."""

from collections.abc import Iterable

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One offending value: `path` such as `rule.blocks[0].filters[1].values`, a stable `code`, a sentence for people."""

    path: str
    code: str
    message: str


class InvalidRule(ValueError):
    """A rule that cannot be used; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in self.problems[:5]))
