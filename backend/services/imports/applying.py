"""Sheets become rows of bulk requests, and go through the same services as those."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from asyncpg import Record

from backend.database import any_of, fetch, transaction
from backend.runtime import clock
from backend.schemas.base import BadRow
from backend.schemas.groups import GroupRow
from backend.schemas.imports import EnrollmentRow, ImportKind, MembershipRow, SheetLearner, SheetMembership
from backend.schemas.learning.results import ResultRow
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import RowMistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.enrollment.history import enrollment_history
from backend.services.enrollment.history.enrollment_history import Registration
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.exclusions import left_out
from backend.services.enrollment.writing.hand_picked import hand_picked_methods
from backend.services.enrollment.writing.writes import Write
from backend.services.groups import group_bulk
from backend.services.groups.memberships import expire_members, write_members
from backend.services.imports import statements
from backend.services.learning import results
from backend.services.people import learner_bulk
from backend.tables import Session
from backend.text import address_key
from backend.words import Message
from backend.words.nouns import there_is_none_named

# Rows one transaction writes, as of a bulk request.
CHUNK = 10_000

Rows = Sequence[Any | BadRow]
WIRE: Mapping[ImportKind, type[msgspec.Struct]] = {
    "learners": SheetLearner,
    "groups": GroupRow,
    "memberships": SheetMembership,
    "results": ResultRow,
    "enrollments": EnrollmentRow,
}


async def write_rows(
    actor: Actor, kind: ImportKind, rows: Rows, lines: Sequence[int] | None = None
) -> BulkAnswer:
    """Write up to `CHUNK` rows in one transaction; good rows are kept, bad ones reported. For platform admins.

    `lines` are what messages call the rows.
    """
    require_admin(actor)
    async with transaction():
        match kind:
            case "learners":
                return await learner_bulk.bulk_upsert(actor, rows, lines)
            case "groups":
                return await group_bulk.bulk_upsert(actor, rows, lines)
            case "memberships":
                return await _memberships(actor, rows)
            case "results":
                return await results.record(actor, rows)
            case "enrollments":
                return await _enrollments(actor, rows)


async def _memberships(actor: Actor, rows: Rows) -> BulkAnswer:
    answer = BulkAnswer(errors=_bad(rows))
    good = [(number, row) for number, row in enumerate(rows) if isinstance(row, MembershipRow)]
    learners = await _learners([row.learner for _, row in good])
    groups = await _by_external("learner_group", [row.group for _, row in good])
    together: dict[tuple[int, Any], set[int]] = defaultdict(set)
    gone: dict[int, set[int]] = defaultdict(set)
    for number, row in good:
        learner, group = learners.find(row.learner), groups.get(row.group)
        if learner is None:
            answer.errors.append(_unknown(number, "learner", row.learner))
        elif group is None:
            answer.errors.append(_unknown(number, "group", row.group))
        elif isinstance(row, SheetMembership) and row.gone:
            gone[group].add(learner)
        else:
            together[group, row.role].add(learner)
    for (group, role), people in sorted(together.items(), key=str):
        added, updated = await write_members(sorted(people), group, role)
        answer.created += added
        answer.updated += updated
        answer.unchanged += len(people) - added - updated
        if added or updated:
            await audit.record(actor, "group.add_members", "group", group, added=added, updated=updated)
    joining: dict[int, list[int]] = defaultdict(list)
    for (group, _), people in together.items():
        for learner in people:
            joining[learner].append(group)
    for group, leaving in sorted(gone.items()):
        # As when somebody takes them out with the group's sessions: access ends, progress stays.
        moving = [(one, other) for one in sorted(leaving & joining.keys()) for other in joining[one]]
        removed = await expire_members(actor, group, sorted(leaving), moving)
        answer.updated += removed
        answer.unchanged += len(leaving) - removed
    return answer


async def _enrollments(actor: Actor, rows: Rows) -> BulkAnswer:
    answer = BulkAnswer(errors=_bad(rows))
    good = [(number, row) for number, row in enumerate(rows) if isinstance(row, EnrollmentRow)]
    learners = await _learners([row.learner for _, row in good])
    sessions = await _sessions([row.session for _, row in good])
    numbers: dict[tuple[int, int], int] = {}
    dated: list[Registration] = []
    now: list[tuple[int, int]] = []
    for number, row in good:
        learner, session = learners.find(row.learner), sessions.get(row.session)
        if learner is None or session is None:
            mistake = ("learner", row.learner) if learner is None else ("session", row.session)
            answer.errors.append(_unknown(number, *mistake))
        elif (learner, session) in numbers:
            answer.errors.append(
                RowMistake(number, "learner", "duplicate", Message("An earlier row says the same."))
            )
        elif row.until is not None and (row.since is None or row.until < row.since):
            answer.errors.append(
                RowMistake(
                    number, "until", "order", Message("Nobody can leave before they have come (“since”).")
                )
            )
        elif (late := _in_the_future(row)) is not None:
            answer.errors.append(RowMistake(number, late, "future", _FUTURE[late]))
        else:
            numbers[learner, session] = number
            if row.since is None:
                now.append((learner, session))
            else:
                dated.append(Registration(learner, session, row.since, row.until))
    recorded = await enrollment_history.record(actor, dated)
    answer.created += recorded.created
    answer.updated += recorded.updated
    answer.unchanged += len(dated) - recorded.created - recorded.updated - len(recorded.elsewhere)
    answer.unchanged -= len(recorded.excluded)
    for pair in recorded.elsewhere:
        answer.errors.append(
            RowMistake(
                numbers[pair],
                "session",
                "elsewhere",
                Message("They are enrolled in another session of it, or not active."),
            )
        )
    out = await left_out(now)
    left = [pair for pair in now if pair not in out]
    held = await _held_elsewhere(left)
    for pair in [*recorded.excluded, *sorted(out)]:
        answer.errors.append(RowMistake(numbers[pair], "session", "excluded", _EXCLUDED))
    answer.errors.extend(RowMistake(numbers[pair], "session", "elsewhere", _ELSEWHERE) for pair in held)
    await _enroll_now(actor, [pair for pair in left if pair not in held], answer)
    return answer


_ELSEWHERE = Message("They are enrolled in another session of it: move them, or unenroll them there first.")
_EXCLUDED = Message("This session leaves them out: lift that first.")


_FUTURE = {
    "since": Message("Nobody has come in the future: leave the cell empty to enroll them now."),
    "until": Message(
        "Nobody has left in the future, so nothing ends now: leave the cell empty, and end the enrollment when it is time."
    ),
}


def _in_the_future(row: EnrollmentRow) -> str | None:
    """The cell that tells of the future. Rows are history: an end to come would end nothing, and must not be forgotten either."""
    now = clock.now()
    if row.since is not None and row.since > now:
        return "since"
    return "until" if row.until is not None and row.until > now else None


async def _held_elsewhere(pairs: Sequence[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Of (learner, session) in the order of the sheet: who is enrolled in another session of the activity, or by an earlier row will be."""
    held: set[tuple[int, int]] = set()
    places: dict[tuple[int, int], int] = {}
    rows = await fetch(
        statements.PLACES, [learner for learner, _ in pairs], [session for _, session in pairs]
    )
    found = {(row["learner_id"], row["session_id"]): row for row in rows}
    for learner, session in pairs:
        row = found.get((learner, session))
        if row is None:
            continue
        place = row["place"] or places.setdefault((learner, row["activity_id"]), session)
        if place != session:
            held.add((learner, session))
    return frozenset(held)


async def _enroll_now(actor: Actor, pairs: Sequence[tuple[int, int]], answer: BulkAnswer) -> None:
    if not pairs:
        return
    wanted: dict[int, list[int]] = defaultdict(list)
    for learner, session in pairs:
        wanted[session].append(learner)
    await lock_sessions(wanted)
    methods = await hand_picked_methods(sorted(wanted), actor.id)
    written = await write(
        [
            Write(
                method_id=methods[session],
                session_id=session,
                cause="import",
                entering=learners,
                actor_id=actor.id or None,
                confirmed=True,
            )
            for session, learners in sorted(wanted.items())
        ]
    )
    entered = sum(one.entered for one in written)
    answer.created += entered
    answer.unchanged += len(pairs) - entered


class _Learners:
    """Ids by external id, else by e-mail address in whatever case."""

    def __init__(self, rows: Sequence[Record]) -> None:
        self._by_external = {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None}
        self._by_email = {row["email"]: row["id"] for row in rows}

    def find(self, name: str) -> int | None:
        """Who is meant."""
        return self._by_external.get(name) or self._by_email.get(address_key(name))


async def _learners(named: Sequence[str]) -> _Learners:
    return _Learners(
        await fetch(
            statements.LEARNERS_NAMED,
            list(named),
            [address_key(name) for name in named],
        )
    )


async def _by_external(table: str, named: Sequence[str]) -> dict[str, int]:
    rows = await fetch(statements.ids_by_external_id(table), list(named))
    return {row["external_id"]: row["id"] for row in rows}


async def _sessions(named: Sequence[str]) -> dict[str, int]:
    """Ids by external id, or by `#` and the id."""
    found = await _by_external("session", named)
    numbers = [
        int(name[1:]) for name in named if name.startswith("#") and name[1:].isdecimal() and len(name) <= 10
    ]
    for row in await Session.select(Session.id).where(any_of(Session.id, numbers)):
        found.setdefault(f"#{row['id']}", row["id"])
    return found


def _bad(rows: Rows) -> list[RowMistake]:
    return [
        RowMistake(number, row.path, row.code, row.message)
        for number, row in enumerate(rows)
        if isinstance(row, BadRow)
    ]


def _unknown(number: int, what: str, name: str) -> RowMistake:
    return RowMistake(number, what, "unknown", there_is_none_named(what, name))
