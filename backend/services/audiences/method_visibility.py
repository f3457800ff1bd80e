"""Which methods are sealed to a reader, told from the tables: for lists that name methods without asking the index."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from backend.database import fetch
from backend.rules import InvalidRule, convert, enrollments_asked, leaves_of
from backend.services.audiences import statements
from backend.services.audiences.visibility import AudienceScope


class _Place(Struct, frozen=True):
    group_id: int | None


class _Places:
    """Sessions of the activities that rules ask enrollments of."""

    def __init__(self) -> None:
        self.sessions: dict[int, _Place] = {}
        self._of: dict[int, set[int]] = defaultdict(set)

    def add(self, session_id: int, activity_id: int, group_id: int | None) -> None:
        self.sessions[session_id] = _Place(group_id)
        self._of[activity_id].add(session_id)

    def sessions_of(self, activity_id: int) -> frozenset[int]:
        return frozenset(self._of.get(activity_id, ()))


async def sealed_methods(sight: AudienceScope, method_ids: Iterable[int]) -> frozenset[int]:
    """Those of the methods whose name, rule and reasons are not for the reader; two queries for any number of them."""
    if sight.groups is None:
        return frozenset()
    rows = await fetch(statements.RULES_OF_METHODS, sorted(set(method_ids)))
    rules = {row["id"]: row["rule"] for row in rows}
    places = _Places()
    activities = _asked_activities(rules)
    if activities:
        for row in await fetch(statements.SESSIONS_OF_ACTIVITIES, sorted(activities)):
            places.add(row["id"], row["activity_id"], row["group_id"])
    return frozenset(row["id"] for row in rows if sight.seals_method(row["kind"], row["rule"], places))


def _asked_activities(rules: Mapping[int, object]) -> set[int]:
    found: set[int] = set()
    for raw in rules.values():
        try:
            rule = convert(raw)
        except InvalidRule:
            continue
        for leaf in leaves_of(rule):
            found |= enrollments_asked(leaf)
    return found
