"""What is actually so about a person, in words: the `actual` of an explanation."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from backend.enrollment.events import LIVE
from backend.index.facts.learner_facts import Facts
from backend.index.facts.logged_values import NEVER
from backend.index.facts.structure import Structure
from backend.index.filters.base import PersonAsked
from backend.index.filters.registry import evaluation_of
from backend.rules import Filter
from backend.rules.value_words import day_in_words, language_in_words, number_in_words
from backend.words import Message, spoken_language

# More names than this in one list are counted, not read.
LISTED = 6
_UNKNOWN = Message("does not exist")
_STATUSES = {
    "pending": Message("not approved yet"),
    "invited": Message.in_context("status", "invited"),
    "active": Message.in_context("status", "active"),
    "suspended": Message.in_context("status", "suspended"),
    "deactivated": Message.in_context("status", "deactivated"),
}
_RESULTS = {
    "started": Message.in_context("result", "started"),
    "failed": Message.in_context("result", "failed"),
    "completed": Message.in_context("result", "completed"),
}


class FactReader:
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
        self.language = spoken_language(language)
        self.people = people or {}
        self.sealed = sealed

    def status(self, learner_id: int) -> str:
        """Whether the person counts, as their status says."""
        status = self.facts.status.of(learner_id)
        return self._say(_UNKNOWN if status is None else _STATUSES[status])

    def groups(self, learner_id: int, groups: Sequence[Any], *, subgroups: bool) -> str:
        """Which of the groups, or of their subgroups, hold the person."""
        wanted = groups
        if subgroups:
            wanted = list(
                dict.fromkeys(inner for group in groups for inner in self.structure.descendants(group))
            )
        held = [group for group in wanted if learner_id in self.facts.members(group)]
        if not held:
            return self._say(Message("in none of these groups"))
        names = [self.group(group) for group in held[:LISTED]]
        if len(held) > LISTED:
            names.append(self._more(len(held) - LISTED))
        return ", ".join(names)

    def group(self, group_id: int) -> str:
        """A group by its name, unless that is not for the reader."""
        group = self.structure.groups.get(group_id)
        if group is None or group_id in self.sealed:
            return self._say(Message("private group"))
        return group.name

    def filter(self, found: Filter, learner_id: int, day: date, in_segment: Callable[[int], bool]) -> str:
        """What is so about that which the filter asks; `in_segment` tells whether a segment holds the person."""
        return evaluation_of(found).actual(found, self, PersonAsked(learner_id, day, in_segment))

    def language_of(self, learner_id: int) -> str:
        """The language that the person reads."""
        code = self.facts.language.of(learner_id)
        return self._say(Message("none")) if code is None else language_in_words(code, self.language)

    def added(self, learner_id: int) -> str:
        """The day on which the person was added."""
        added = self.facts.added.of(learner_id)
        return (
            self._say(_UNKNOWN)
            if added is None
            else self._say(Message("added on {day}", day=self.day(added)))
        )

    def manager_of(self, learner_id: int) -> str:
        """Who manages the person."""
        manager = self.facts.manager.of(learner_id)
        if manager is None:
            return self._say(Message("no manager"))
        return self.people.get(manager) or self._say(Message("learner {id}", id=str(manager)))

    def manages(self, learner_id: int) -> str:
        """Whether anybody reports to the person, and how many do."""
        team = len(self.facts.manager.bitmaps.get(learner_id, ()))
        if not team:
            return self._say(Message("manages nobody"))
        return self._say(Message.plural("manages {count:,} person", "manages {count:,} people", team))

    def whether(self, holds: bool) -> str:
        """Yes or no."""
        return self._say(Message("yes") if holds else Message("no"))

    def field(self, learner_id: int, field_id: Any) -> str:
        """The person's value of a custom field."""
        values = self.facts.fields.get(field_id)
        value = None if values is None else values.of(learner_id)
        if value is None:
            return self._say(Message.in_context("value", "empty"))
        if isinstance(value, bool):
            return self.whether(value)
        if isinstance(value, int | float):
            return number_in_words(value, self.language)
        field = self.structure.fields.get(field_id)
        dated = field is not None and field.type == "date"
        return day_in_words(value, self.language) if dated else str(value)

    def each(self, references: Sequence[Any], rows: Mapping[int, Any], tell: Callable[[int], str]) -> str:
        """One thing: how it stands. Several: each by its name."""
        if len(references) == 1:
            return tell(references[0])
        told = [f"{rows[reference].title}: {tell(reference)}" for reference in references[:LISTED]]
        if len(references) > LISTED:
            told.append(self._more(len(references) - LISTED))
        return "; ".join(told)

    def standing(self, learner_id: int, activity: int) -> str:
        """How far the person is in an activity."""
        results = self.facts.results.get(activity)
        status = None if results is None else results.statuses.of(learner_id)
        if results is None or status is None:
            return self._say(Message("not started"))
        passed = learner_id in results.successful
        told = self._say(_RESULTS[status])
        return f"{told}, {self._say(Message.in_context('result', 'passed'))}" if passed else told

    def reached(self, day: date, counts_from: date, since: date | None) -> str:
        """On which day somebody completed or succeeded, and from when on that counts."""
        if since is not None and day < since:
            return self._say(Message("on {day}, before it counted", day=self.day(day)))
        if counts_from == day:
            return self._say(Message("on {day}", day=self.day(day)))
        return self._say(
            Message("on {day}, counts from {other}", day=self.day(day), other=self.day(counts_from))
        )

    def enrolled(self, learner_id: int, activity: int) -> str:
        """In which session of an activity the person is enrolled."""
        for session_id in sorted(self.structure.sessions_of(activity)):
            enrollments = self.facts.enrollments.get(session_id)
            if enrollments is not None and enrollments.states.of(learner_id) in LIVE:
                name = self.structure.sessions[session_id].name
                return self._say(Message("enrolled in {name}", name=name))
        return self._say(Message("not enrolled"))

    def award(self, learner_id: int, certificate: int, day: date, ahead: date) -> str:
        """The person's latest award of a certificate; up to `ahead` it expires soon."""
        expiries = self.facts.awards.get(certificate)
        expires = None if expiries is None else expiries.of(learner_id)
        if expires is None:
            return self._say(Message("not obtained"))
        if expires == NEVER:
            return self._say(Message("valid, never expires"))
        told = self.day(expires)
        if expires <= day:
            return self._say(Message("expired on {day}", day=told))
        if expires <= ahead:
            return self._say(Message("expires on {day}", day=told))
        return self._say(Message("valid until {day}", day=told))

    def segments(self, segments: Sequence[int], holds: Callable[[int], bool]) -> str:
        """Which of the segments hold the person."""
        held = [self.structure.segments[segment].name for segment in segments if holds(segment)]
        if not held:
            return self._say(Message("not in the segment"))
        return self._say(Message("in the segment")) if len(segments) == 1 else ", ".join(held[:LISTED])

    def day(self, day: date) -> str:
        """A day as it is written."""
        return day_in_words(day.isoformat(), self.language)

    def _more(self, count: int) -> str:
        return self._say(Message("{count} more", count=str(count)))

    def _say(self, message: Message) -> str:
        return message.render(self.language)
