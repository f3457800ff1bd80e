"""What Muster owes people by e-mail: filed, moved and cancelled in the transaction of the act that causes it.

A `notice` is one thing to tell one person; a `message` gathers the notices that fall due for them at one instant. Nothing
is rendered here: `services.sending` does that when a message falls due, and looks again at who still is to be told.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, plan_by_key
from backend.schemas.outbox import CancelledWhy

# Planning anew (`plan_by_key`) takes longer than filing so many notices.
FEW = 50


def next_full_hour(now: datetime, timezone: str) -> datetime:
    """Minute 00 of the hour after `now` on the clocks of `timezone` (some zones are 30 or 45 minutes off), in UTC."""
    local = now.astimezone(clock.zone(timezone))
    since_full = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    # Subtracted from UTC: wall-clock arithmetic would be an hour wrong when summer time begins or ends.
    return now - since_full + timedelta(hours=1)


def due_of(starts_at: datetime | None, now: datetime, timezone: str) -> datetime:
    """When people enrolled now are told: as the session starts, or at the next full hour if it has started."""
    if starts_at is not None and starts_at > now:
        return starts_at
    return next_full_hour(now, timezone)


async def _timezone() -> str:
    found: str = await fetch_value("SELECT timezone FROM organisation")
    return found


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell many people, and when."""

    kind: str
    message: str
    due_at: datetime
    session_id: int | None = None
    method_id: int | None = None
    run_id: int | None = None
    detail: dict[str, Any] = {}
    # Who has one of these waiting about the same session (or, for alerts, method) is not told again.
    unless: tuple[str, ...] = ()


def _message_id_start() -> str:
    """The part that all Message-IDs of one act share: random once, so that a million of them sort well in their index."""
    return secrets.token_hex(12)


async def _file(learner_ids: Sequence[int], filing: Filing) -> int:
    return await _file_all([(filing, learner_ids)])


async def _file_all(filings: Sequence[tuple[Filing, Sequence[int]]]) -> int:
    """File things of one kind, which differ in session, method, run and when they are due at most, in one statement."""
    rows = [(filing, learner_id) for filing, learners in filings for learner_id in learners]
    if not rows:
        return 0
    if len(rows) > FEW:
        await plan_by_key()
    kind = rows[0][0]
    filed = await execute(
        """
        WITH fresh AS MATERIALIZED (
            SELECT DISTINCT w.* FROM unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::integer[], $5::bigint[])
                AS w(learner_id, due_at, session_id, method_id, run_id)
            WHERE NOT EXISTS (
                -- OFFSET 0: their messages are looked up person by person, and the notices of these, by nothing else. While the tables
                -- are new the planner thinks that they are empty: it would join all of them, or read a small index of what is
                -- pending, or not cancelled, from end to end for each person.
                SELECT FROM (SELECT id, kind, state FROM message WHERE learner_id = w.learner_id OFFSET 0) m
                CROSS JOIN LATERAL (SELECT * FROM notice WHERE message_id = m.id OFFSET 0) n
                WHERE m.state IN ('pending', 'dormant') AND n.kind = ANY($9::text[]) AND n.cancelled_at IS NULL
                    AND n.session_id IS NOT DISTINCT FROM w.session_id AND (m.kind <> 'alert' OR n.method_id = w.method_id)
                OFFSET 0)
        ), filed AS (
            -- In the order of learners, so that two filings at once wait for each other and never in a circle. The
            -- update writes nothing new; it locks the message against being sent before this transaction is through.
            INSERT INTO message AS m (learner_id, kind, due_at, message_id, created_at)
            SELECT learner_id, $7, due_at, $11 || '.' || learner_id || '.' || row_number() OVER (PARTITION BY learner_id), $10
            FROM (SELECT DISTINCT learner_id, due_at FROM fresh) AS each ORDER BY learner_id, due_at
            ON CONFLICT (learner_id, kind, due_at) WHERE state = 'pending' DO UPDATE SET due_at = m.due_at
            RETURNING id, learner_id, due_at
        )
        INSERT INTO notice (message_id, learner_id, kind, session_id, method_id, run_id, detail)
        -- Each has the other. A full join cannot be planned as one look at all messages for each notice.
        SELECT f.id, w.learner_id, $6, w.session_id, w.method_id, w.run_id, $8 FROM fresh w FULL JOIN filed f USING (learner_id, due_at)
        """,
        [learner_id for _, learner_id in rows],
        [filing.due_at for filing, _ in rows],
        [filing.session_id for filing, _ in rows],
        [filing.method_id for filing, _ in rows],
        [filing.run_id for filing, _ in rows],
        kind.kind,
        kind.message,
        kind.detail,
        list(kind.unless),
        clock.now(),
        _message_id_start(),
    )
    return int(filed.rsplit(" ", 1)[1])


# Who was enrolled by session, method and run.
Enrolled = Mapping[tuple[int, int | None, int | None], Sequence[int]]


async def file_all_enrolled(enrolled: Enrolled, enrolled_at: datetime | None = None) -> int:
    """File that these people were enrolled, now or a little earlier; returns how many notices were filed.

    Nobody is told twice about one session while the first notice still waits, and nobody of a session that has ended.
    """
    if not enrolled:
        return 0
    rows = await fetch(
        "SELECT s.id, s.starts_at, s.ends_at, o.timezone FROM session s, organisation o WHERE s.id = ANY($1::integer[])",
        sorted({session_id for session_id, _, _ in enrolled}),
    )
    now = clock.now()
    due = {
        row["id"]: due_of(row["starts_at"], enrolled_at or now, row["timezone"])
        for row in rows
        if row["ends_at"] is None or row["ends_at"] > now
    }
    return await _file_all(
        [
            (
                Filing(
                    kind="enrolled",
                    message="enrollment",
                    due_at=due[session_id],
                    session_id=session_id,
                    method_id=method_id,
                    run_id=run_id,
                    unless=("enrolled",),
                ),
                learners,
            )
            for (session_id, method_id, run_id), learners in enrolled.items()
            if session_id in due
        ]
    )


async def file_enrolled(
    learner_ids: Sequence[int],
    session_id: int,
    method_id: int | None,
    run_id: int | None,
    enrolled_at: datetime | None = None,
) -> int:
    """The same of one session."""
    return await file_all_enrolled({(session_id, method_id, run_id): learner_ids}, enrolled_at)


async def cancel_enrolled(learner_ids: Sequence[int], session_id: int, why: CancelledWhy = "left") -> int:
    """They left the session: what they were to be told of it and has not gone out is cancelled; returns how many."""
    return await cancel_all_enrolled({session_id: learner_ids}, why)


async def cancel_all_enrolled(left: Mapping[int, Sequence[int]], why: CancelledWhy = "left") -> int:
    """The same of who left several sessions, by session."""
    pairs = [(session_id, learner_id) for session_id, learners in left.items() for learner_id in learners]
    if not pairs:
        return 0
    if len(pairs) > FEW:
        await plan_by_key()
    return await _cancel(
        why,
        "(n.session_id, n.learner_id) IN (SELECT * FROM unnest($1::integer[], $2::integer[]))",
        [session_id for session_id, _ in pairs],
        [learner_id for _, learner_id in pairs],
    )


async def cancel_for_run(run_id: int, learner_ids: Sequence[int] | None = None) -> int:
    """The run is undone (for these people, or for all): its unsent notices are cancelled; returns how many."""
    if learner_ids is None:
        return await _cancel("undone", "n.run_id = $1", run_id)
    return await _cancel("undone", "n.run_id = $1 AND n.learner_id = ANY($2)", run_id, list(learner_ids))


async def file_invitations(learner_ids: Sequence[int]) -> int:
    """Invite these people to their new accounts, at once; who has an invitation waiting gets no second one."""
    filing = Filing(kind="invited", message="invitation", due_at=clock.now(), unless=("invited",))
    return await _file(learner_ids, filing)


async def file_due_changed(learner_ids: Sequence[int], session_id: int, run_id: int | None = None) -> int:
    """Their due date in the session moved earlier: they are told at the next full hour; returns how many."""
    return await file_all_due_changed({(session_id, run_id): learner_ids})


async def file_all_due_changed(sooner: Mapping[tuple[int, int | None], Sequence[int]]) -> int:
    """The same of several sessions, by session and run.

    The date itself is read when the message goes out, so a second move before then needs no second notice, nor does
    one of somebody who has still to be told that they are enrolled.
    """
    if not sooner:
        return 0
    due_at = next_full_hour(clock.now(), await _timezone())
    return await _file_all(
        [
            (
                Filing(
                    kind="due_changed",
                    message="enrollment",
                    due_at=due_at,
                    session_id=session_id,
                    run_id=run_id,
                    unless=("enrolled", "due_changed"),
                ),
                learners,
            )
            for (session_id, run_id), learners in sooner.items()
        ]
    )


async def file_nudge(learner_id: int, session_id: int, *, by: int | None, note: str) -> int:
    """Remind somebody of the session, at once, in the words of who asked for it."""
    filing = Filing(
        kind="nudged",
        message="enrollment",
        due_at=clock.now(),
        session_id=session_id,
        detail={"by": by, "note": note},
    )
    return await _file([learner_id], filing)


async def file_alert(
    learner_ids: Sequence[int],
    kind: Literal["held", "frozen", "failed"],
    *,
    session_id: int,
    method_id: int,
    run_id: int | None = None,
) -> int:
    """Tell those in charge, at once, that a method is held or frozen or its run failed; once while the first alert still waits."""
    filing = Filing(
        kind=kind,
        message="alert",
        due_at=clock.now(),
        session_id=session_id,
        method_id=method_id,
        run_id=run_id,
        unless=(kind,),
    )
    return await _file(learner_ids, filing)


async def session_moved(session_id: int) -> int:
    """The session's start was changed: notices that wait for it fall due with the new start; returns how many moved."""
    session = await fetch_row("SELECT starts_at FROM session WHERE id = $1", session_id)
    if session is None:
        return 0
    now = clock.now()
    due_at = due_of(session["starts_at"], now, await _timezone())
    waiting = await _lock_pending("n.session_id = $1 AND n.kind = 'enrolled'", session_id)
    # Those already due at an earlier full hour of a session that has started are not put off again.
    started = session["starts_at"] is None or session["starts_at"] <= now
    moving = [
        row["notice_id"]
        for row in waiting
        if (row["due_at"] > due_at if started else row["due_at"] != due_at)
    ]
    if not moving:
        return 0
    if len(moving) > FEW:
        await plan_by_key()
    await execute(
        """
        WITH moving AS (
            SELECT n.id, n.learner_id FROM notice n WHERE n.id = ANY($1::bigint[])
        ), target AS (
            INSERT INTO message AS m (learner_id, kind, due_at, message_id, created_at)
            SELECT DISTINCT learner_id, 'enrollment', $2::timestamptz, $4 || '.' || learner_id, $3::timestamptz
            FROM moving ORDER BY learner_id
            ON CONFLICT (learner_id, kind, due_at) WHERE state = 'pending' DO UPDATE SET due_at = m.due_at
            RETURNING id, learner_id
        )
        UPDATE notice n SET message_id = t.id FROM target t
        WHERE n.id = ANY($1::bigint[]) AND n.learner_id = t.learner_id
        """,
        moving,
        due_at,
        now,
        _message_id_start(),
    )
    await _cancel_empty([row["message_id"] for row in waiting], "moved")
    return len(moving)


async def _lock_pending(condition: str, *arguments: object) -> list[Any]:
    """Notices that meet `condition` and whose message is not under way, the messages locked until the commit."""
    return await fetch(
        f"""
        SELECT n.id AS notice_id, m.id AS message_id, m.due_at FROM notice n JOIN message m ON m.id = n.message_id
        WHERE n.cancelled_at IS NULL AND m.state IN ('pending', 'dormant') AND {condition}
        ORDER BY m.learner_id, m.id FOR UPDATE OF m
        """,
        *arguments,
    )


async def _cancel(why: CancelledWhy, condition: str, *arguments: object) -> int:
    waiting = await _lock_pending(condition, *arguments)
    if not waiting:
        return 0
    if len(waiting) > FEW:
        await plan_by_key()
    await execute(
        "UPDATE notice SET cancelled_at = $2, cancelled_why = $3 WHERE id = ANY($1::bigint[])",
        [row["notice_id"] for row in waiting],
        clock.now(),
        why,
    )
    await _cancel_empty([row["message_id"] for row in waiting], why)
    return len(waiting)


async def _cancel_empty(message_ids: Sequence[int], why: CancelledWhy) -> None:
    """Messages that have nothing left to say are cancelled."""
    await execute(
        """
        UPDATE message m SET state = 'cancelled', cancelled_why = $2
        WHERE m.id = ANY($1::bigint[]) AND m.state IN ('pending', 'dormant')
        AND NOT EXISTS (
            -- By the message and nothing else, as in filing.
            SELECT FROM (SELECT cancelled_at FROM notice WHERE message_id = m.id OFFSET 0) n WHERE n.cancelled_at IS NULL)
        """,
        list(set(message_ids)),
        why,
    )
