"""How many people a rule will have on the days to come, if nothing but time goes on."""

from datetime import date, timedelta

import msgspec
from pyroaring import BitMap

from backend.index.evaluating import Evaluator
from backend.index.facts import NEVER, Facts
from backend.index.leaves import expiring_days, later
from backend.index.predicates import opened
from backend.index.steps import Steps
from backend.index.structure import Structure
from backend.index.values import union
from backend.rules import AddedFilter, CertificateFilter, Filter, Rule
from backend.rules.dependencies import asks_the_day, leaves

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
            leaf
            for each in opened(rule, structure)
            for block in each.blocks
            for leaf in leaves(block.filters)
            if asks_the_day(leaf)
        ]

    def turned(self, day: date) -> BitMap:
        """Those whose answer to one of the filters may differ between the day before and `day`."""
        parts: list[BitMap] = []
        for found in self.filters:
            if isinstance(found, AddedFilter):
                parts += self.facts.added.having({day, later(day, -int(found.values[0]))})
            elif isinstance(found, CertificateFilter):
                days = {day} if found.status != "expiring" else {day, later(day, expiring_days(found))}
                for certificate in found.certificates:
                    expiries = self.facts.awards.get(certificate)  # type: ignore[arg-type]  # resolved
                    parts += [] if expiries is None else expiries.having(days - {NEVER})
        return union(parts)

    def next_days(self, learner_id: int, after: date) -> list[date]:
        """The days after `after` on which a filter's answer about the learner may differ, in order."""
        days: set[date] = set()
        for found in self.filters:
            days |= turning_days(found, self.facts, learner_id)
        return sorted(day for day in days if after < day < NEVER)


def turning_days(found: Filter, facts: Facts, learner_id: int) -> set[date]:
    """The days on which the answer of one time-dependent filter about the learner may differ from the day before."""
    days: set[date] = set()
    if isinstance(found, AddedFilter):
        added = facts.added.of(learner_id)
        if added is not None:
            days |= {added, later(added, int(found.values[0]))}
    elif isinstance(found, CertificateFilter):
        for certificate in found.certificates:
            expiries = facts.awards.get(certificate)  # type: ignore[arg-type]  # resolved
            expires = None if expiries is None else expiries.of(learner_id)
            if expires is not None and expires != NEVER:
                days |= {expires, later(expires, -expiring_days(found))}
    return days


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
