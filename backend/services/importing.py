"""Sheets become rows of bulk requests, and go through the same services as those."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import fetch, transaction
from backend.schemas.commons import BadRow
from backend.schemas.imports import EnrollmentRow, ImportKind, MembershipRow, SheetLearner, SheetMembership
from backend.schemas.learning import ResultRow
from backend.schemas.people import BulkAnswer, GroupRow
from backend.schemas.problem import RowMistake
from backend.services import audit, group_bulk, learner_bulk, registrations, results
from backend.services.actor import Actor
from backend.services.enrollment_writer import Write, lock_sessions, write
from backend.services.memberships import expire_members, write_members
from backend.services.registrations import Registration, methods_named
from backend.services.rights import require_admin
from backend.text import address_key

# Rows one transaction writes, as of a bulk request.
CHUNK = 10_000
METHOD_NAME = "Import"

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
    for group, leaving in sorted(gone.items()):
        # As when somebody takes them out with the group's sessions: access ends, progress stays.
        removed = await expire_members(actor, group, sorted(leaving))
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
    plain: dict[int, list[int]] = defaultdict(list)
    for number, row in good:
        learner, session = learners.find(row.learner), sessions.get(row.session)
        if learner is None or session is None:
            mistake = ("learner", row.learner) if learner is None else ("session", row.session)
            answer.errors.append(_unknown(number, *mistake))
        elif (learner, session) in numbers:
            answer.errors.append(RowMistake(number, "learner", "duplicate", "An earlier row says the same."))
        elif row.until is not None and (row.since is None or row.until < row.since):
            answer.errors.append(
                RowMistake(number, "until", "order", "Nobody can leave before they have come (“since”).")
            )
        elif (late := _in_the_future(row)) is not None:
            answer.errors.append(RowMistake(number, late, "future", _FUTURE[late]))
        else:
            numbers[learner, session] = number
            if row.since is None:
                plain[session].append(learner)
            else:
                dated.append(Registration(learner, session, row.since, row.until))
    recorded = await registrations.record(actor, dated, method_name=METHOD_NAME)
    answer.created += recorded.created
    answer.updated += recorded.updated
    answer.unchanged += len(dated) - recorded.created - recorded.updated - len(recorded.elsewhere)
    for pair in recorded.elsewhere:
        answer.errors.append(
            RowMistake(
                numbers[pair],
                "session",
                "elsewhere",
                "They are enrolled in another session of it, or not active.",
            )
        )
    await _enroll_now(actor, plain, answer)
    return answer


_FUTURE = {
    "since": "Nobody has come in the future: leave the cell empty to enroll them now.",
    "until": "Nobody has left in the future, so nothing ends now: leave the cell empty, and end the enrollment when it is time.",
}


def _in_the_future(row: EnrollmentRow) -> str | None:
    """The cell that tells of the future. Rows are history: an end to come would end nothing, and must not be forgotten either."""
    now = clock.now()
    if row.since is not None and row.since > now:
        return "since"
    return "until" if row.until is not None and row.until > now else None


async def _enroll_now(actor: Actor, wanted: Mapping[int, list[int]], answer: BulkAnswer) -> None:
    if not wanted:
        return
    await lock_sessions(wanted)
    methods = await methods_named(actor, sorted(wanted), METHOD_NAME)
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
    answer.unchanged += sum(len(learners) for learners in wanted.values()) - entered


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
            "SELECT id, external_id, lower(email) AS email FROM learner"
            " WHERE external_id = ANY($1::text[]) OR lower(email) = ANY($2::text[])",
            list(named),
            [address_key(name) for name in named],
        )
    )


async def _by_external(table: str, named: Sequence[str]) -> dict[str, int]:
    rows = await fetch(
        f"SELECT external_id, id FROM {table} WHERE external_id = ANY($1::text[])",
        list(named),
    )
    return {row["external_id"]: row["id"] for row in rows}


async def _sessions(named: Sequence[str]) -> dict[str, int]:
    """Ids by external id, or by `#` and the id."""
    found = await _by_external("session", named)
    numbers = [
        int(name[1:]) for name in named if name.startswith("#") and name[1:].isdecimal() and len(name) <= 10
    ]
    for row in await fetch("SELECT id FROM session WHERE id = ANY($1::integer[])", numbers):
        found.setdefault(f"#{row['id']}", row["id"])
    return found


def _bad(rows: Rows) -> list[RowMistake]:
    return [
        RowMistake(number, row.path, row.code, row.message)
        for number, row in enumerate(rows)
        if isinstance(row, BadRow)
    ]


def _unknown(number: int, what: str, name: str) -> RowMistake:
    return RowMistake(number, what, "unknown", f"There is no {what} “{name}”.")
