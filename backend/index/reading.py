# ruff: noqa: RUF001 - French is written with its own apostrophe
"""What is actually so about a person, in words: the `actual` of an explanation."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from backend.index.facts import LIVE, NEVER, Facts
from backend.index.leaves import expiring_days, later
from backend.index.structure import Structure
from backend.rules import (
    AddedFilter,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    PathResultFilter,
    SegmentFilter,
)
from backend.rules import wording as sentences

# More names than this in one list are counted, not read.
LISTED = 6

_WORDS = {
    "en": {
        "pending": "not approved yet", "invited": "invited", "active": "active", "suspended": "suspended",
        "deactivated": "deactivated", "unknown": "does not exist", "no_group": "in none of these groups",
        "private_group": "private group", "more": "{count} more", "empty": "empty", "yes": "yes", "no": "no",
        "not_started": "not started", "started": "started", "failed": "failed", "completed": "completed",
        "successful": "passed", "not_enrolled": "not enrolled", "enrolled": "enrolled in {name}",
        "not_obtained": "not obtained", "for_ever": "valid, never expires", "valid": "valid until {day}",
        "expiring": "expires on {day}", "expired": "expired on {day}", "no_language": "none",
        "added": "added on {day}", "no_manager": "no manager", "learner": "learner {id}",
        "in_segment": "in the segment", "not_in_segment": "not in the segment",
    },
    "fr": {
        "pending": "pas encore approuvé", "invited": "invité", "active": "actif", "suspended": "suspendu",
        "deactivated": "désactivé", "unknown": "n’existe pas", "no_group": "dans aucun de ces groupes",
        "private_group": "groupe privé", "more": "{count} autres", "empty": "vide", "yes": "oui", "no": "non",
        "not_started": "pas commencé", "started": "commencé", "failed": "échoué", "completed": "terminé",
        "successful": "réussi", "not_enrolled": "pas inscrit", "enrolled": "inscrit à {name}",
        "not_obtained": "pas obtenu", "for_ever": "valide, sans fin", "valid": "valide jusqu’au {day}",
        "expiring": "expire le {day}", "expired": "expiré le {day}", "no_language": "aucune",
        "added": "ajouté le {day}", "no_manager": "pas de manager", "learner": "l’apprenant {id}",
        "in_segment": "dans le segment", "not_in_segment": "pas dans le segment",
    },
}  # fmt: skip


class Reader:
    """Reads facts about learners in one language; `people` are names by id, `sealed` groups that stay unnamed."""

    def __init__(
        self,
        facts: Facts,
        structure: Structure,
        language: str = "en",
        *,
        people: Mapping[int, str] | None = None,
        sealed: Collection[int] = (),
    ) -> None:
        self.facts = facts
        self.structure = structure
        self.language, _ = sentences.words(language)
        self.words = _WORDS[self.language]
        self.people = people or {}
        self.sealed = sealed

    def status(self, learner_id: int) -> str:
        """Whether the person counts, as their status says."""
        return self.words[self.facts.status.of(learner_id) or "unknown"]

    def groups(self, learner_id: int, groups: Sequence[Any], *, subgroups: bool) -> str:
        """Which of the groups, or of their subgroups, hold the person."""
        wanted = groups
        if subgroups:
            wanted = list(
                dict.fromkeys(inner for group in groups for inner in self.structure.descendants(group))
            )
        held = [group for group in wanted if learner_id in self.facts.members(group)]
        if not held:
            return self.words["no_group"]
        names = [self.group(group) for group in held[:LISTED]]
        if len(held) > LISTED:
            names.append(self.words["more"].format(count=len(held) - LISTED))
        return ", ".join(names)

    def group(self, group_id: int) -> str:
        group = self.structure.groups.get(group_id)
        if group is None or group_id in self.sealed:
            return self.words["private_group"]
        return group.name

    def filter(self, found: Filter, learner_id: int, day: date, holds: Callable[[int], bool]) -> str:
        """What is so about that which the filter asks; `holds` tells whether a segment holds the person."""
        match found:
            case FieldFilter():
                return self.field(found, learner_id)
            case GroupFilter():
                return self.groups(learner_id, found.groups, subgroups=found.subgroups)
            case PathResultFilter():
                tell = self.enrolled if found.status.endswith("enrolled") else self.standing
                return self.each(found.paths, self.structure.activities, lambda path: tell(learner_id, path))
            case CertificateFilter():
                ahead = later(day, expiring_days(found))
                return self.each(
                    found.certificates,
                    self.structure.certificates,
                    lambda certificate: self.award(learner_id, certificate, day, ahead),
                )
            case SegmentFilter():
                return self.segments(found, holds)
            case _:
                return self.scalar(found, learner_id)

    def scalar(self, found: Filter, learner_id: int) -> str:
        if isinstance(found, LanguageFilter):
            code = self.facts.language.of(learner_id)
            return (
                self.words["no_language"]
                if code is None
                else sentences.LANGUAGES[self.language].get(code, code)
            )
        if isinstance(found, AddedFilter):
            added = self.facts.added.of(learner_id)
            return self.words["unknown"] if added is None else self.words["added"].format(day=self.day(added))
        assert isinstance(found, ManagerFilter)  # noqa: S101 - the others are told elsewhere
        manager = self.facts.manager.of(learner_id)
        if manager is None:
            return self.words["no_manager"]
        return self.people.get(manager) or self.words["learner"].format(id=manager)

    def field(self, found: FieldFilter, learner_id: int) -> str:
        values = self.facts.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        value = None if values is None else values.of(learner_id)
        if value is None:
            return self.words["empty"]
        if isinstance(value, bool):
            return self.words["yes" if value else "no"]
        if isinstance(value, int | float):
            return sentences.number_in_words(value, self.language)
        field = self.structure.fields.get(found.field)  # type: ignore[arg-type]  # resolved
        dated = field is not None and field.type == "date"
        return sentences.day_in_words(value, self.language) if dated else str(value)

    def each(self, references: Sequence[Any], rows: Mapping[int, Any], tell: Callable[[int], str]) -> str:
        """One thing: how it stands. Several: each by its name."""
        if len(references) == 1:
            return tell(references[0])
        told = [f"{rows[reference].title}: {tell(reference)}" for reference in references[:LISTED]]
        if len(references) > LISTED:
            told.append(self.words["more"].format(count=len(references) - LISTED))
        return "; ".join(told)

    def standing(self, learner_id: int, activity: int) -> str:
        results = self.facts.results.get(activity)
        status = None if results is None else results.statuses.of(learner_id)
        if results is None or status is None:
            return self.words["not_started"]
        passed = learner_id in results.successful
        told = self.words[status]
        return f"{told}, {self.words['successful']}" if passed else told

    def enrolled(self, learner_id: int, activity: int) -> str:
        for session_id in sorted(self.structure.sessions_of(activity)):
            enrollments = self.facts.enrollments.get(session_id)
            if enrollments is not None and enrollments.states.of(learner_id) in LIVE:
                return self.words["enrolled"].format(name=self.structure.sessions[session_id].name)
        return self.words["not_enrolled"]

    def award(self, learner_id: int, certificate: int, day: date, ahead: date) -> str:
        expiries = self.facts.awards.get(certificate)
        expires = None if expiries is None else expiries.of(learner_id)
        if expires is None:
            return self.words["not_obtained"]
        if expires == NEVER:
            return self.words["for_ever"]
        key = "expired" if expires <= day else "expiring" if expires <= ahead else "valid"
        return self.words[key].format(day=self.day(expires))

    def segments(self, found: SegmentFilter, holds: Callable[[int], bool]) -> str:
        held = [self.structure.segments[segment].name for segment in found.segments if holds(segment)]
        if len(found.segments) == 1:
            return self.words["in_segment" if held else "not_in_segment"]
        return ", ".join(held[:LISTED]) or self.words["not_in_segment"]

    def day(self, day: date) -> str:
        return sentences.day_in_words(day.isoformat(), self.language)
