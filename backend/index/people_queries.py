"""What is asked about people's facts, as methods of the index: members, reports, enrollments, sources, standing."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from pyroaring import BitMap

from backend.enrollment.follow_modes import Following, SourceHolders
from backend.index.evaluating.session_counts import SessionCounts, blocked_elsewhere, session_counts
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.facts.teams import reports_below
from backend.index.facts.values import EMPTY, union


class PeopleQueries:
    """Answers from the facts. Bitmaps are not to be changed, and good until the next change, unless they say otherwise."""

    facts: Facts
    structure: Structure

    @property
    def countable(self) -> BitMap:
        """Everybody who can be in an audience."""
        return self.facts.countable

    def count_only(self, people: BitMap) -> None:
        """Let nobody but these people count. Only for an index of one's own."""
        self.facts.countable = self.facts.countable & people

    def members(self, group_id: int) -> BitMap:
        """Direct members of a group, countable or not."""
        return self.facts.members(group_id)

    def with_value(self, field_id: int, value: Any) -> BitMap:
        """Who has this value of the field, countable or not."""
        held = self.facts.fields.get(field_id)
        return EMPTY if held is None else held.get(value)

    def with_any_value(self, field_id: int) -> BitMap:
        """Who has a value of the field, countable or not."""
        held = self.facts.fields.get(field_id)
        return EMPTY if held is None else held.present

    # ── managers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def manager_of(self, learner_id: int) -> int | None:
        """The learner's manager."""
        return self.facts.manager.of(learner_id)

    def team(self, manager: int) -> BitMap:
        """Who reports to this person directly, countable or not."""
        return self.facts.manager.get(manager)

    def reports_of(self, manager: int) -> BitMap:
        """Everybody below this person: direct reports, and theirs; countable or not. A bitmap of the caller's own."""
        return self.everybody_below([manager])

    def everybody_below(self, managers: Iterable[int]) -> BitMap:
        """Everybody below these people. A bitmap of the caller's own."""
        return BitMap() | union(list(reports_below(self.facts.manager.bitmaps, managers)))

    # ── enrollment ───────────────────────────────────────────────────────────────────────────────────────────────

    def counts(self, session_id: int, now: datetime) -> SessionCounts:
        """The session's board at the instant `now`."""
        return session_counts(self.facts, self.structure, session_id, now)

    def blocked(self, session_id: int, people: BitMap) -> BitMap:
        """Those of `people` whose live enrollment in another session of the activity keeps them out of this one."""
        return blocked_elsewhere(self.facts, self.structure, session_id, people)

    def enrolled(self, session_id: int) -> BitMap:
        """Everybody, countable or not, whose enrollment in the session is live; a bitmap of the caller's own."""
        return self.live_enrollments(session_id).copy()

    def enrolled_as(self, session_id: int, state: str) -> BitMap:
        """Those whose enrollment in the session is in this state."""
        enrollments = self.facts.enrollments.get(session_id)
        return EMPTY if enrollments is None else enrollments.states.get(state)

    def standing_as(self, activity_id: int, status: str) -> BitMap:
        """Those who stand so on the activity."""
        results = self.facts.results.get(activity_id)
        return EMPTY if results is None else results.statuses.get(status)

    def due_until(self, session_id: int, latest: datetime) -> BitMap:
        """Those whose enrollment in the session is due at `latest` or before; a bitmap of the caller's own."""
        enrollments = self.facts.enrollments.get(session_id)
        return (
            BitMap()
            if enrollments is None
            else BitMap.union(BitMap(), *enrollments.due.between(None, latest))
        )

    def live_enrollments(self, session_id: int) -> BitMap:
        """The same, as it is held."""
        enrollments = self.facts.enrollments.get(session_id)
        return EMPTY if enrollments is None else enrollments.live()

    def ever_enrolled(self, session_id: int) -> BitMap:
        """Everybody with an enrollment in the session, in whatever state."""
        enrollments = self.facts.enrollments.get(session_id)
        return EMPTY if enrollments is None else enrollments.states.present

    def completed(self, session_id: int) -> BitMap:
        """Everybody whose enrollment in the session is completed."""
        enrollments = self.facts.enrollments.get(session_id)
        return EMPTY if enrollments is None else enrollments.states.get("completed")

    def enrollment_state(self, session_id: int, learner_id: int) -> str | None:
        """The state of the learner's enrollment in the session; None without one."""
        enrollments = self.facts.enrollments.get(session_id)
        return None if enrollments is None else enrollments.states.of(learner_id)

    def reached_on(self, activity_id: int, status: str, day: date) -> BitMap:
        """Who completed the activity on a day, or succeeded in it (`successful`); not to be changed by the caller."""
        results = self.facts.results.get(activity_id)
        if results is None:
            return EMPTY
        days = results.completed_on if status == "completed" else results.succeeded_on
        return days.get(day)

    def standing(self, activity_id: int, learner_id: int) -> str | None:
        """How the learner stands on an activity: `successful`, or the status of the result; None without one."""
        results = self.facts.results.get(activity_id)
        if results is None:
            return None
        return "successful" if learner_id in results.successful else results.statuses.of(learner_id)

    # ── exclusions ───────────────────────────────────────────────────────────────────────────────────────────────

    def excluded(self, session_id: int, day: date) -> BitMap:
        """Who is left out of the session on `day`, whatever its methods say."""
        return self.facts.excluded(session_id, day)

    def allowed(self, session_id: int, people: BitMap, day: date) -> BitMap:
        """`people` without those who are left out of the session on `day`: whom its methods may enroll.

        The one place where exclusions beat audiences; planning, reconciling and supposing ask here.
        """
        left_out = self.facts.excluded(session_id, day)
        return people - left_out if left_out else people

    def exclusions_ending(self, after: date, until: date) -> dict[int, BitMap]:
        """By session, whose exclusion has ended since the day `after`, up to and with the day `until`."""
        found = {
            session_id: union(ends.between(low=after, high=until, above=True))
            for session_id, ends in self.facts.exclusions.items()
        }
        return {session_id: people for session_id, people in found.items() if people}

    # ── how methods follow ───────────────────────────────────────────────────────────────────────────────────────

    def held_by(
        self, method: Following, method_id: int, day: date, among: BitMap | None = None
    ) -> SourceHolders:
        """Who is in the method, waits for it, or left it and may not come back yet on `day`; of `among` alone who is in it."""
        holders = self.source_holders(method_id)
        left = EMPTY
        if method.reenter == "never":
            left = self.facts.departed(method_id, date.min)
        elif method.reenter == "after_days":
            left = self.facts.departed(method_id, day - timedelta(days=method.reenter_days or 0))
        return SourceHolders(
            holders if among is None else holders & among, self.blocked_people(method_id), left
        )

    def left_on(self, method_id: int, learner_id: int) -> date | None:
        """The day on which the person left the method, which does not take everybody back; None where they have not."""
        days = self.facts.departures.get(method_id)
        return None if days is None else days.of(learner_id)

    # ── methods ──────────────────────────────────────────────────────────────────────────────────────────────────

    def sources(self, method_id: int) -> BitMap:
        """Everybody, countable or not, who holds a live source of the method; a bitmap of the caller's own."""
        return self.source_holders(method_id).copy()

    def source_holders(self, method_id: int) -> BitMap:
        """The same, as it is held."""
        return self.facts.sources.get(method_id, EMPTY)

    def blocked_for(self, method_id: int) -> BitMap:
        """Everybody recorded as blocked for the method; a bitmap of the caller's own."""
        return self.blocked_people(method_id).copy()

    def blocked_people(self, method_id: int) -> BitMap:
        """The same, as it is held."""
        held = self.facts.blocked.get(method_id)
        return EMPTY if held is None else held.present

    def methods_with_blocked(self) -> list[int]:
        """The methods for which anybody is recorded as blocked."""
        return list(self.facts.blocked)

    def totals(self) -> dict[str, int]:
        """How much the index holds, in words for whoever looks after the installation."""
        return {
            "people": len(self.facts.countable),
            "memberships": sum(map(len, self.facts.groups.values())),
            "live enrollments": sum(len(held.live()) for held in self.facts.enrollments.values()),
            "live sources": sum(map(len, self.facts.sources.values())),
        }
