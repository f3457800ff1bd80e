"""The latest awards of certificates, on a day."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.logged_values import NEVER
from backend.index.facts.structure import Structure
from backend.index.facts.values import Values
from backend.index.filters.base import CacheDependencies, FilterEvaluation, ListedPerson, PersonAsked
from backend.index.filters.days import later
from backend.index.filters.registry import evaluates
from backend.index.filters.rested_on import RestedOn
from backend.index.steps import Steps
from backend.rules import CertificateFilter, Facet, Problem

if TYPE_CHECKING:
    from backend.index.evaluating.evaluator import Evaluator
    from backend.index.evaluating.rule_check import RuleCheck
    from backend.index.explaining.fact_reader import FactReader
    from backend.index.facet_index import FacetIndex

_LAST_DAY = NEVER - timedelta(days=1)


@evaluates(CertificateFilter)
class CertificateEvaluation(FilterEvaluation[CertificateFilter]):
    """Awards stand under the day on which they are no longer valid; one that never expires under the calendar's last."""

    def people_steps(self, found: CertificateFilter, evaluator: "Evaluator") -> Steps[BitMap]:
        awards = evaluator.facts.awards
        held: list[Values[date]] = [awards[one] if one in awards else Values() for one in found.certificates]
        sets = [_parts(found, expiries, evaluator.day) for expiries in held]
        # The status is asked of each: who lacks at least one are those, turned round, who have every one.
        every = (found.match == "all") is not found.negated
        return (yield from evaluator.matching_steps(sets, every=every))

    def problems(self, found: CertificateFilter, check: "RuleCheck", path: str) -> Iterator[Problem | None]:
        known = check.structure.certificates
        return check.known(found.certificates, known, f"{path}.certificates", "certificate")

    def rests_on(self, found: CertificateFilter, rested_on: RestedOn) -> None:
        rested_on.add("certificate", found.certificates)
        rested_on.add("award", found.certificates)

    def cache_dependencies(self, found: CertificateFilter, structure: Structure) -> CacheDependencies:
        certificates = BitMap(found.certificates)  # type: ignore[arg-type]  # resolved
        return {"certificate": certificates, "award": certificates}

    def actual(self, found: CertificateFilter, reader: "FactReader", person: PersonAsked) -> str:
        ahead = later(person.day, found.days_ahead)
        rows = reader.structure.certificates
        return reader.each(
            found.certificates, rows, lambda one: reader.award(person.id, one, person.day, ahead)
        )

    def listed(self, found: CertificateFilter, person: ListedPerson, index: "FacetIndex") -> Any:
        learner_id = person.row["id"]
        return {
            str(one): {"expires_at": person.awards[one, learner_id]}  # type: ignore[index]  # resolved
            for one in found.certificates
            if (one, learner_id) in person.awards
        }

    def turned(self, found: CertificateFilter, facts: Facts, day: date) -> list[BitMap]:
        days = {day} if found.status != "expiring" else {day, later(day, found.days_ahead)}
        parts: list[BitMap] = []
        for certificate in found.certificates:
            expiries = facts.awards.get(certificate)  # type: ignore[arg-type]  # resolved
            parts += [] if expiries is None else expiries.having(days - {NEVER})
        return parts

    def turning_days(
        self, found: CertificateFilter, facts: Facts, learner_id: int, after: date
    ) -> Iterable[date]:
        for certificate in found.certificates:
            expiries = facts.awards.get(certificate)  # type: ignore[arg-type]  # resolved
            expires = None if expiries is None else expiries.of(learner_id)
            if expires is not None and expires != NEVER:
                yield expires
                yield later(expires, -found.days_ahead)

    def column(self, found: CertificateFilter) -> Facet | None:
        return next(found.facets()) if len(found.certificates) == 1 else None


def _parts(found: CertificateFilter, expiries: Values[date], day: date) -> list[BitMap]:
    if found.status == "not_obtained":
        return [expiries.present]
    day = min(day, _LAST_DAY)
    if found.status == "expired":
        return expiries.between(high=day)
    if found.status == "valid":
        return expiries.between(low=day, above=True)
    return expiries.between(day, min(later(day, found.days_ahead), _LAST_DAY), above=True)
