"""How many people a rule will have on the days to come, if nothing but time goes on."""

from datetime import date, timedelta

import msgspec
from pyroaring import BitMap

from backend.index.evaluating.evaluator import Evaluator
from backend.index.evaluating.predicates import opened
from backend.index.facts.learner_facts import Facts
from backend.index.facts.logged_values import NEVER
from backend.index.facts.structure import Structure
from backend.index.facts.values import union
from backend.index.filters.registry import evaluation_of
from backend.index.steps import Steps
from backend.rules import Filter, Rule, leaves_of

# Ten years: more than a chart can show.
FORECAST_DAYS = 3_660


class DayTotal(msgspec.Struct, frozen=True):
    """The people of a rule on a day."""

    date: date
    total: int


class Turning:
    """The filters of a rule (segments inside it opened) that turn with time, and whom they turn on a day."""

    def __init__(self, rule: Rule, structure: Structure, facts: Facts) -> None:
        self.facts = facts
        self.filters: list[Filter] = [
            leaf for each in opened(rule, structure) for leaf in leaves_of(each) if leaf.asks_the_day
        ]

    def turned(self, day: date) -> BitMap:
        """Those whose answer to one of the filters may differ between the day before and `day`."""
        parts: list[BitMap] = []
        for found in self.filters:
            parts += evaluation_of(found).turned(found, self.facts, day)
        return union(parts)

    def next_days(self, learner_id: int, after: date) -> list[date]:
        """The days after `after` on which a filter's answer about the learner may differ, in order."""
        days: set[date] = set()
        for found in self.filters:
            days.update(evaluation_of(found).turning_days(found, self.facts, learner_id, after))
        return sorted(day for day in days if after < day < NEVER)


def forecast_steps(evaluator: Evaluator, rule: Rule, last: date) -> Steps[list[DayTotal]]:
    """Totals from the day of the evaluator to `last`, both included; the rule has been checked.

    Only those whose answer may turn on a day are asked again, before and after.
    """
    facts, structure, day = evaluator.facts, evaluator.structure, evaluator.day
    turning = Turning(rule, structure, facts)
    total = len((yield from evaluator.rule_steps(rule)))
    totals = [DayTotal(day, total)]
    while day < last:
        before, day = day, day + timedelta(days=1)
        turned = turning.turned(day)
        if turned:
            # What is computed for these few people is of use to nobody else: the cache is left alone.
            was = yield from Evaluator(facts, structure, before, only=turned).rule_steps(rule)
            becomes = yield from Evaluator(facts, structure, day, only=turned).rule_steps(rule)
            total += len(becomes) - len(was)
        totals.append(DayTotal(day, total))
        yield
    return totals
