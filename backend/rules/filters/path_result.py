"""Where people stand on paths, programs and courses."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Literal

from backend.rules import limits
from backend.rules.facets import Facet, References
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter, facets_of_each, in_order, replace
from backend.rules.filters.registry import register
from backend.rules.sentence_builder import DELETED_PATH, AskedStanding, Sentence
from backend.rules.sentence_parts import Parts
from backend.rules.values import Id, Match, Reference
from backend.words import Message

PathStatus = Literal[
    "completed",
    "not_completed",
    "successful",
    "not_successful",
    "started",
    "not_started",
    "enrolled",
    "not_enrolled",
]
_SENTENCES: dict[PathStatus, AskedStanding] = {
    "completed": AskedStanding(Message("who have completed {match}")),
    "not_completed": AskedStanding(
        Message("who have not completed {match}"),
        Message("who have not completed at least one of {each}"),
        Message("who have completed none of {each}"),
    ),
    "successful": AskedStanding(Message("who have passed {match}")),
    "not_successful": AskedStanding(
        Message("who have not passed {match}"),
        Message("who have not passed at least one of {each}"),
        Message("who have passed none of {each}"),
    ),
    "started": AskedStanding(Message("who have started {match}")),
    "not_started": AskedStanding(
        Message("who have not started {match}"),
        Message("who have not started at least one of {each}"),
        Message("who have started none of {each}"),
    ),
    "enrolled": AskedStanding(Message("who are enrolled in {match}")),
    "not_enrolled": AskedStanding(
        Message("who are not enrolled in {match}"),
        Message("who are not enrolled in at least one of {each}"),
        Message("who are enrolled in none of {each}"),
    ),
}


# What can be asked with days: so many days ago or longer, and on a day or later.
_DATED: dict[PathStatus, dict[tuple[bool, bool], AskedStanding]] = {
    "completed": {
        (True, False): AskedStanding(Message("who completed {match} {days} days ago or longer")),
        (False, True): AskedStanding(Message("who have completed {match} since {day}")),
        (True, True): AskedStanding(
            Message("who have completed {match} since {day}, {days} days ago or longer")
        ),
    },
    "successful": {
        (True, False): AskedStanding(Message("who passed {match} {days} days ago or longer")),
        (False, True): AskedStanding(Message("who have passed {match} since {day}")),
        (True, True): AskedStanding(
            Message("who have passed {match} since {day}, {days} days ago or longer")
        ),
    },
}


@register
class PathResultFilter(Filter, frozen=True, tag="path_result"):
    """Where the person stands on paths, programs or courses: `status` is asked of each, `match` says of how many it must hold.

    `completed` and `successful` may ask for the calendar day on which that came: at least `days_ago` days ago, not before `since`.
    `enrolled` may name `sessions` of the activities: only these count.
    """

    status: PathStatus
    paths: list[Reference]
    match: Match = "any"
    days_ago: int | None = None
    since: date | None = None
    sessions: list[Id] | None = None

    def resolved(self, checks: FilterChecks, path: str) -> "PathResultFilter":
        paths = checks.some(self.paths, f"{path}.paths", "activity", checks.names.find_activity)
        for name in ("days_ago", "since"):
            if getattr(self, name) is not None and self.status not in _DATED:
                message = Message("Only “completed” and “successful” are asked with days.")
                checks.add(f"{path}.{name}", "not_allowed", message)
        if self.sessions is not None:
            checks.count(self.sessions, f"{path}.sessions")
            if not self.of_enrollments:
                message = Message("Only “enrolled” is asked of sessions.")
                checks.add(f"{path}.sessions", "not_allowed", message)
        if self.days_ago is not None and not 0 <= self.days_ago <= limits.EXPIRING_DAYS:
            message = Message("Give {least} to {most:,} days.", least=0, most=limits.EXPIRING_DAYS)
            checks.add(f"{path}.days_ago", "out_of_range", message)
        return replace(self, paths=paths)

    def references(self) -> Iterator[References]:
        yield References("activity", self.paths)

    def facets(self) -> Iterator[Facet]:
        return iter([Facet("enrollment")]) if self.of_enrollments else facets_of_each("result", self.paths)

    def sentence(self, say: Sentence) -> Parts:
        name = partial(say.titled, "activity", say.names.find_activity, DELETED_PATH)
        # A rule that is not sound is described too: of other statuses no days are asked.
        if not self.of_days or self.status not in _DATED:
            return say.standing(_SENTENCES[self.status], name, self.paths, self.match)
        asked = _DATED[self.status][bool(self.days_ago), self.since is not None]
        days = [say.number(self.days_ago or 0)]
        day = [] if self.since is None else [say.value(self.since.isoformat(), "date")]
        return say.standing(asked, name, self.paths, self.match, days=days, day=day)

    def in_one_order(self) -> "PathResultFilter":
        return replace(self, paths=in_order(self.paths))

    @property
    def negated(self) -> bool:
        return self.status.startswith("not_")

    @property
    def of_enrollments(self) -> bool:
        """Whether it asks who is enrolled, not how far people are."""
        return self.status in {"enrolled", "not_enrolled"}

    @property
    def of_days(self) -> bool:
        """Whether the day counts on which they completed, or succeeded."""
        return bool(self.days_ago) or self.since is not None

    @property
    def asks_the_day(self) -> bool:
        return bool(self.days_ago)

    @property
    def earned(self) -> bool:
        return self.status in {"completed", "successful", "started"}
