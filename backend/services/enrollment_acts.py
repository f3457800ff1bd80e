"""Acts on one person's enrollment by hand: suspend, resume, extend, unenroll. Each is a run, so each can be undone."""

from datetime import datetime
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index import Follower
from backend.schemas.commons import LARGEST_ID
from backend.schemas.enrolling import enrollments as wire
from backend.services import audit, dormant_mail, notices
from backend.services import enrollment_sql as sql
from backend.services.actor import Actor
from backend.services.audiences import caught_up, loaded
from backend.services.enrolling_rights import permit_for, require_no_closed_duty
from backend.services.enrollment_lists import one
from backend.services.enrollment_writer import Write, lock_sessions, settle, write
from backend.services.erasing import Erasure
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.method_drafts import in_calendar
from backend.services.rights import session_for

_UPDATE = f"""
WITH before AS (
    SELECT e.id, {sql.SNAPSHOT.format(e="e")} AS snapshot FROM enrollment e WHERE e.id = $1
), changed AS (
    UPDATE enrollment e SET state = $3, due_at = $4, due_by_hand = $5, version = e.version + 1 WHERE e.id = $1
    RETURNING e.id, e.learner_id, {sql.SNAPSHOT.format(e="e")} AS snapshot
)
INSERT INTO run_change (run_id, learner_id, change, before, after, reason)
SELECT $2, c.learner_id, 'updated', b.snapshot, c.snapshot, $6::jsonb FROM changed c JOIN before b USING (id)
"""
# $1 when it is due now, $2 days, $3 now.
_LATER = f"""
SELECT coalesce(($1::timestamptz AT TIME ZONE timezone + $2::integer * interval '1 day') AT TIME ZONE timezone,
                {sql.DUE.format(since="$3::timestamptz", days="$2::integer", zone="timezone")})
FROM organisation
"""
_EXCLUDE = """
UPDATE enrollment_method SET version = version + 1,
    rule = jsonb_set(rule, '{exclude}', coalesce(rule->'exclude', '[]') || to_jsonb($2::integer))
WHERE id = ANY($1::integer[]) AND NOT coalesce(rule->'exclude', '[]') @> to_jsonb($2::integer)
RETURNING id
"""


async def get_enrollment(actor: Actor, follower: Follower, enrollment_id: int) -> wire.Enrollment:
    """One enrollment, for those who see its session."""
    await enrollment_for(actor, enrollment_id)
    return await one(actor, enrollment_id, await loaded(follower))


async def suspend(actor: Actor, enrollment_id: int) -> wire.Enrollment:
    """Access is paused; they stay enrolled. Raises `Conflict` unless it is active."""
    return await _change(actor, enrollment_id, "suspend", allowed=("active",), state="suspended")


async def resume(actor: Actor, enrollment_id: int) -> wire.Enrollment:
    """Access again. Raises `Conflict` unless it is suspended."""
    return await _change(actor, enrollment_id, "resume", allowed=("suspended",), state="active")


async def extend(actor: Actor, enrollment_id: int, asked: wire.Extend) -> wire.Enrollment:
    """A due date by hand, which wins over all others; None takes it back, and the earliest of the methods counts.

    In days it is that many calendar days later, at the same time on the organisation's clocks; of what is not due at all, at
    the end of the day so many days from today.
    """
    _check_extension(asked)
    async with transaction():
        row = await _locked(actor, enrollment_id)
        _require(row, ("active", "suspended", "completed"), "extend")
        due_at = asked.due_at if isinstance(asked.due_at, datetime) else None
        if asked.days is not None:
            due_at = await fetch_value(_LATER, row["due_at"], asked.days, clock.now())
        run_id = await _run(actor, row, "extend")
        await _update(run_id, row, state=row["state"], due_at=due_at, by_hand=due_at is not None)
        if due_at is None:
            await settle(run_id, row["session_id"], [row["learner_id"]])
        elif row["due_at"] is None or due_at < row["due_at"]:
            await notices.file_due_changed([row["learner_id"]], row["session_id"], run_id)
    return await one(actor, enrollment_id)


def _check_extension(asked: wire.Extend) -> None:
    if (asked.due_at is UNSET) == (asked.days is None):
        raise Invalid.at("due_at", "either_or", "Give a due date or a number of days, not both.")
    if isinstance(asked.due_at, datetime) and not in_calendar(asked.due_at):
        raise Invalid.at("due_at", "range", "This date is out of range.")
    if isinstance(asked.due_at, datetime) and asked.due_at <= clock.now():
        raise Invalid.at("due_at", "past", "This moment has passed: give one to come.")


async def unenroll(
    actor: Actor, follower: Follower, enrollment_id: int, request: wire.Unenroll
) -> wire.Enrollment:
    """They leave the session, whatever methods hold them; dynamic ones that want them leave them out from now on.

    Raises `Forbidden` for people outside the actor's groups and where a mandatory method that they may not change holds the
    person, `Conflict` for a completed enrollment: it is never revoked, but may be erased; `EraseUnconfirmed` where what goes
    is not what was confirmed.
    """
    erasing = request.on_leave == "erase"
    erasure = Erasure(request.certificates, request.confirm) if erasing else None
    async with transaction():
        row = await _locked(actor, enrollment_id)
        learner_id, session_id = row["learner_id"], row["session_id"]
        await _require_to_unenroll(actor, follower, session_id, learner_id)
        _require(row, ("active", "suspended", *(("completed",) if erasing else ())), "unenroll")
        methods = await _methods_holding(session_id, learner_id)
        left_out = await _leave_out(session_id, learner_id)
        reason = {"facet": "by_hand", "ref": None, "text": request.reason or None}
        run_id = await _run(actor, row, "unenroll", {"left_out_of": left_out, "text": request.reason})
        # Their enrollment ends as asked here, whatever the methods say.
        await write(
            [
                Write(
                    method_id=method_id,
                    session_id=session_id,
                    cause="act",
                    run_id=run_id,
                    leaving=[learner_id],
                    reasons={learner_id: reason},
                    confirmed=True,
                    on_leave=request.on_leave,
                    erasure=erasure,
                )
                for method_id in methods
            ]
        )
        if not methods:
            await _end_without_source(run_id, row)
        await execute("DELETE FROM blocked WHERE learner_id = $1 AND session_id = $2", learner_id, session_id)
    return await one(actor, enrollment_id, await loaded(follower))


async def _require_to_unenroll(actor: Actor, follower: Follower, session_id: int, learner_id: int) -> None:
    if actor.is_admin:
        return
    index = await caught_up(follower)
    permit = await permit_for(actor, index, await session_for(actor, session_id, "enroll"))
    permit.require_people(entering=BitMap(), leaving=BitMap([learner_id]))
    await require_no_closed_duty(permit, index, session_id, learner_id)


async def _methods_holding(session_id: int, learner_id: int) -> list[int]:
    rows = await fetch(
        "SELECT method_id FROM source WHERE session_id = $1 AND learner_id = $2 AND until IS NULL ORDER BY method_id",
        session_id,
        learner_id,
    )
    return [row["method_id"] for row in rows]


async def _leave_out(session_id: int, learner_id: int) -> list[int]:
    """Excluded by name, or the next change would enroll them again; the methods that this changed."""
    rows = await fetch(
        "SELECT id FROM enrollment_method WHERE session_id = $1 AND dynamic AND rule IS NOT NULL AND state <> 'draft'"
        " AND deleted_at IS NULL",
        session_id,
    )
    changed = await fetch(_EXCLUDE, [row["id"] for row in rows], learner_id)
    return [row["id"] for row in changed]


async def _end_without_source(run_id: int, row: Record) -> None:
    """Kept after the last source went, or never had one: only the enrollment itself is left to end."""
    await execute(
        f"""
        WITH ended AS (
            UPDATE enrollment e SET state = 'expired', until = $3, version = e.version + 1 WHERE e.id = $1
            RETURNING e.learner_id, {sql.SNAPSHOT.format(e="e")} AS snapshot
        )
        INSERT INTO run_change (run_id, learner_id, change, before, after)
        SELECT $2, learner_id, 'left', $4::jsonb, snapshot FROM ended
        """,
        row["id"],
        run_id,
        clock.now(),
        row["snapshot"],
    )
    await execute("UPDATE run SET left_count = 1 WHERE id = $1", run_id)
    await notices.cancel_enrolled([row["learner_id"]], row["session_id"])


async def _change(
    actor: Actor, enrollment_id: int, act: str, *, allowed: tuple[str, ...], state: str
) -> wire.Enrollment:
    async with transaction():
        row = await _locked(actor, enrollment_id)
        _require(row, allowed, act)
        run_id = await _run(actor, row, act)
        await _update(run_id, row, state=state, due_at=row["due_at"], by_hand=row["due_by_hand"])
        if act == "resume":
            # What fell due meanwhile waits for them.
            await dormant_mail.wake([row["learner_id"]])
    return await one(actor, enrollment_id)


async def enrollment_for(actor: Actor, enrollment_id: int, *, lock: bool = False) -> Record:
    """The row of `enrollment`, for the staff of its session, whoever the person is; `lock` holds it until the commit."""
    found = None
    if 0 < enrollment_id <= LARGEST_ID:
        found = await fetch_row(
            f"SELECT * FROM enrollment WHERE id = $1 {'FOR UPDATE' if lock else ''}", enrollment_id
        )
    if found is None:
        raise NotFound(f"There is no enrollment {enrollment_id}.")
    try:
        await session_for(actor, found["session_id"], "view")
    except (Forbidden, NotFound):
        # Somebody else's enrollment: that it exists is not theirs to know.
        raise NotFound(f"There is no enrollment {enrollment_id}.") from None
    return found


async def _locked(actor: Actor, enrollment_id: int) -> Record:
    """The enrollment with its snapshot, its session's lock held, for the session's staff."""
    found = await enrollment_for(actor, enrollment_id)
    await lock_sessions([found["session_id"]])
    row = await fetch_row(
        f"SELECT e.*, {sql.SNAPSHOT.format(e='e')} AS snapshot FROM enrollment e WHERE e.id = $1 FOR UPDATE",
        enrollment_id,
    )
    if row is None:
        raise NotFound(f"There is no enrollment {enrollment_id}.")
    return row


def _require(row: Record, allowed: tuple[str, ...], act: str) -> None:
    if row["state"] not in allowed:
        why = (
            "A completed enrollment is never revoked."
            if row["state"] == "completed"
            else f"It is {row['state']}."
        )
        raise Conflict(f"You cannot {act} this enrollment. {why}", extra={"state": row["state"]})


async def _run(actor: Actor, row: Record, act: str, detail: dict[str, Any] | None = None) -> int:
    run_id: int = await fetch_value(
        "INSERT INTO run (session_id, cause, actor_id, state, detail, created_at, finished_at)"
        " VALUES ($1, 'act', $2, 'applied', $3, $4, $4) RETURNING id",
        row["session_id"],
        actor.id or None,
        {"act": act, **(detail or {})},
        clock.now(),
    )
    await audit.record(actor, f"enrollment.{act}", "enrollment", row["id"], run_id=run_id)
    return run_id


async def _update(run_id: int, row: Record, *, state: str, due_at: datetime | None, by_hand: bool) -> None:
    await execute(_UPDATE, row["id"], run_id, state, due_at, by_hand, None)
