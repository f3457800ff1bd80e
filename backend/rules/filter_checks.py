"""What filters are checked with: the problems found so far, and what the rule may refer to."""

from backend.rules.names import Names
from backend.rules.problem_collector import ProblemCollector
from backend.rules.values import Value


class FilterChecks(ProblemCollector):
    """One check of one rule. `inside_segment` is the segment that the rule is going to define."""

    def __init__(self, names: Names, inside_segment: int | None = None) -> None:
        super().__init__()
        self.names = names
        self.inside_segment = inside_segment
        self.groups_used = 0
        self._options: dict[int, frozenset[Value]] = {}

    def options_of(self, field_id: int, options: list[str]) -> frozenset[Value]:
        """The options of a field, which many filters of a rule may ask for."""
        if field_id not in self._options:
            self._options[field_id] = frozenset(options)
        return self._options[field_id]
