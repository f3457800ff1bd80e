"""Certificates that people hold, lack or are about to lose."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, facets_of_each, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import DELETED_CERTIFICATE, AskedStanding, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Match, Reference
from backend.words import Message

CertificateStatus = Literal["not_obtained", "valid", "expired", "expiring"]

EXPIRING_DAYS_DEFAULT = 30
_SENTENCES: dict[CertificateStatus, AskedStanding] = {
    "not_obtained": AskedStanding(
        Message("who lack the certificate {match}"),
        Message("who lack at least one of the certificates {each}"),
        Message("who have none of the certificates {each}"),
    ),
    "valid": AskedStanding(Message("whose certificate {match} is valid")),
    "expired": AskedStanding(Message("whose certificate {match} has expired")),
    "expiring": AskedStanding(Message("whose certificate {match} expires within {days} days")),
}


@register
class CertificateFilter(Filter, frozen=True, tag="certificate"):
    """State of the latest award of each certificate on a calendar day; `days` belongs to `expiring` alone."""

    status: CertificateStatus
    certificates: list[Reference]
    days: int | None = None
    match: Match = "any"

    def resolved(self, checks: FilterChecks, path: str) -> "CertificateFilter":
        find = checks.names.find_certificate
        certificates = checks.some(self.certificates, f"{path}.certificates", "certificate", find)
        if self.days is not None:
            if self.status != "expiring":
                checks.add(f"{path}.days", "not_allowed", Message("Only “expiring” takes a number of days."))
            elif not 0 <= self.days <= limits.EXPIRING_DAYS:
                checks.add(
                    f"{path}.days",
                    "out_of_range",
                    Message("Give {least} to {most:,} days.", least=0, most=limits.EXPIRING_DAYS),
                )
        return replace(self, certificates=certificates)

    def references(self) -> Iterator[References]:
        yield References("certificate", self.certificates)

    def facets(self) -> Iterator[Facet]:
        return facets_of_each("award", self.certificates)

    def sentence(self, say: Sentence) -> Parts:
        name = partial(say.titled, "certificate", say.names.find_certificate, DELETED_CERTIFICATE)
        said = _SENTENCES[self.status]
        return say.standing(said, name, self.certificates, self.match, days=[say.number(self.days_ahead)])

    def in_one_order(self) -> "CertificateFilter":
        return replace(self, certificates=in_order(self.certificates))

    @property
    def days_ahead(self) -> int:
        """How many days ahead `expiring` looks."""
        return EXPIRING_DAYS_DEFAULT if self.days is None else self.days

    @property
    def negated(self) -> bool:
        return self.status == "not_obtained"

    @property
    def asks_the_day(self) -> bool:
        return self.status != "not_obtained"

    @property
    def earned(self) -> bool:
        return self.status == "valid"
