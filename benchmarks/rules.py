"""Rules such as people build them, made from whatever the organisation holds: up to 5 groups and 5 filters."""

from random import Random

from backend.index import FacetIndex
from backend.rules import (
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    PathResultFilter,
    Rule,
)
from backend.rules.filters.certificate import CertificateStatus
from backend.rules.filters.path_result import PathStatus

CERTIFICATE_STATES: list[CertificateStatus] = ["valid", "not_obtained", "expired"]
PATH_STATES: list[PathStatus] = ["completed", "not_completed", "successful", "started", "not_started"]


class RuleMaker:
    """Makes rules; the same seed over the same data makes the same rules."""

    def __init__(self, index: FacetIndex, seed: int) -> None:
        self.index = index
        self.random = Random(seed)
        self.groups = sorted(group for group in index.structure.groups if index.structure.ancestors(group))
        self.activities = sorted(index.facts.results)
        self.certificates = sorted(index.facts.awards)
        self.choices = sorted(
            (field, sorted(value for value, _ in values.items()))
            for field, values in index.facts.fields.items()
            if index.structure.fields[field].type == "choice"
        )
        self.numbers = {
            field: sorted(value for value, _ in values.items())
            for field, values in index.facts.fields.items()
            if index.structure.fields[field].type == "number"
        }

    def rule(self) -> Rule:
        """A new rule."""
        filters = [self._filter() for _ in range(self.random.randint(1, 5))]
        groups = self.random.sample(self.groups, min(self.random.randint(1, 5), len(self.groups)))
        return Rule([Block(groups=list(groups), filters=filters)])

    def _filter(self) -> Filter:
        chance = self.random
        kinds = ["group", "path"]
        kinds += ["choice"] * 3 if self.choices else []
        kinds += ["number"] if self.numbers else []
        kinds += ["certificate"] if self.certificates else []
        match chance.choice(kinds):
            case "choice":
                field, values = chance.choice(self.choices)
                picked = chance.sample(values, min(chance.randint(1, 3), len(values)))
                return FieldFilter(field=field, op=chance.choice(["in", "not_in"]), values=list(picked))
            case "number":
                field = chance.choice(sorted(self.numbers))
                return FieldFilter(
                    field=field,
                    op=chance.choice(["lt", "gte"]),
                    values=[chance.choice(self.numbers[field])],
                )
            case "certificate":
                state: CertificateStatus = chance.choice(CERTIFICATE_STATES)
                return CertificateFilter(status=state, certificates=[chance.choice(self.certificates)])
            case "path":
                status: PathStatus = chance.choice(PATH_STATES)
                paths = chance.sample(self.activities, min(2, len(self.activities)))
                return PathResultFilter(status=status, paths=list(paths))
            case _:
                return GroupFilter(groups=[chance.choice(self.groups)], op=chance.choice(["in", "not_in"]))
