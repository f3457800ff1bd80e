"""Which dynamic changes may be written unasked: how many people would really come and go, looked up where it may be too many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from backend.database import fetch, fetch_row, fetch_value, row_by_id
from backend.enrollment.fuse import ENTRY_WINDOW, WINDOW, Fuse
from backend.services.enrollment.fuses import fuse_statements
from backend.services.enrollment.fuses.decision import Decision
from backend.tables import Organisation

_LEFT_LATELY = fuse_statements.LATELY.format(column="left_count", of="method_id")
_ENTERED_LATELY = fuse_statements.LATELY.format(column="entered", of="session_id")


class Fuses(msgspec.Struct, frozen=True):
    """What is known of a group of decisions that are written together."""

    sessions: Mapping[int, Record]
    fuses: Mapping[int, Fuse]
    left_lately: Mapping[int, int]
    entered_lately: Mapping[int, int]
    # By session: pairs of method and person that lose their source.
    losing: Mapping[int, list[tuple[int, int]]]
    # By session: those who have been let in, and are not written yet.
    passing: Counter[int]


async def fuses_of(decisions: Sequence[Decision], sessions: Mapping[int, Record], now: datetime) -> Fuses:
    """What the fuses need to know of these decisions; `sessions` are locked."""
    dynamic = [decision for decision in decisions if decision.method.dynamic]
    losing: dict[int, list[tuple[int, int]]] = {}
    for decision in dynamic:
        if decision.leaving:
            pairs = losing.setdefault(decision.method.session_id, [])
            pairs += ((decision.method.id, learner_id) for learner_id in decision.leaving)
    organisation = await row_by_id(Organisation, 1)
    assert organisation is not None  # noqa: S101 - the schema brings the row
    return Fuses(
        sessions,
        {session_id: fuse_of(session, organisation) for session_id, session in sessions.items()},
        await _lately(_LEFT_LATELY, {d.method.id for d in dynamic if d.leaving}, now - WINDOW),
        await _lately(
            _ENTERED_LATELY, {d.method.session_id for d in dynamic if d.entering}, now - ENTRY_WINDOW
        ),
        losing,
        Counter(),
    )


def fuse_of(session: Record, organisation: Record) -> Fuse:
    """The session's fuse; what it leaves open is the organisation's."""
    most, entering = session["fuse_most"], session["fuse_entering"]
    return Fuse(
        count=session["fuse_count"],
        percent=session["fuse_percent"],
        most=organisation["fuse_most"] if most is None else most,
        entering=organisation["fuse_entering"] if entering is None else entering,
    )


async def _lately(sql: str, ids: Iterable[int], since: datetime) -> dict[int, int]:
    wanted = sorted(ids)
    return {row["id"]: row["people"] for row in await fetch(sql, wanted, since)} if wanted else {}


async def removal_exceeds_fuse(known: Fuses, decision: Decision) -> bool:
    """Whether so many of those who leave would lose access that a person has to be asked."""
    session_id, method_id = decision.method.session_id, decision.method.id
    fuse, lately = known.fuses[session_id], known.left_lately.get(method_id, 0)
    # Nobody is looked up where all of them together are not too many.
    if not fuse.removal_exceeds(
        leaving=len(decision.leaving), left_lately=lately, remaining=decision.remaining
    ):
        return False
    others = [pair for pair in known.losing.get(session_id, []) if pair[0] != method_id]
    leaving = await fetch_value(
        fuse_statements.LOSING_ACCESS,
        session_id,
        method_id,
        list(decision.leaving),
        [method for method, _ in others],
        [learner_id for _, learner_id in others],
    )
    return fuse.removal_exceeds(leaving=leaving, left_lately=lately, remaining=decision.remaining)


async def entry_exceeds_fuse(known: Fuses, decision: Decision) -> bool:
    """Whether so many would become enrolled that a person has to be asked; those who may come are counted."""
    session_id = decision.method.session_id
    fuse, lately = known.fuses[session_id], known.entered_lately.get(session_id, 0)
    entering, passing = len(decision.entering), known.passing[session_id]
    # Nobody is looked up where all of them together are not too many.
    if entering + passing + lately > fuse.entering:
        activity_id = known.sessions[session_id]["activity_id"]
        row = await fetch_row(
            fuse_statements.BECOMING_ENROLLED, session_id, activity_id, list(decision.entering)
        )
        assert row is not None  # noqa: S101 - it is one row of counts
        entering = row["entering"]
        if entering and fuse.entry_exceeds(
            entering=entering + passing, entered_lately=lately, enrolled=row["enrolled"]
        ):
            return True
    known.passing[session_id] += entering
    return False
