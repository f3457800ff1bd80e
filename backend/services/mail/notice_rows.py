"""Notices as rows: filed in one statement, moved, and cancelled."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from backend.database import execute, fetch, fetch_value, plan_by_key
from backend.runtime import clock
from backend.schemas.mail import CancelledWhy
from backend.services.mail import notice_statements
from backend.services.statements import TIME_ZONE

# Planning anew (`plan_by_key`) takes longer than filing so many notices.
FEW = 50


def next_full_hour(now: datetime, timezone: str) -> datetime:
    """Minute 00 of the hour after `now` on the clocks of `timezone` (some zones are 30 or 45 minutes off), in UTC."""
    local = now.astimezone(clock.zone(timezone))
    since_full = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    # Subtracted from UTC: wall-clock arithmetic would be an hour wrong when summer time begins or ends.
    return now - since_full + timedelta(hours=1)


async def full_hour_to_come() -> datetime:
    """The next full hour on the organisation's clocks, in UTC."""
    return next_full_hour(clock.now(), await fetch_value(TIME_ZONE))


def due_of(starts_at: datetime | None, now: datetime, timezone: str) -> datetime:
    """When people enrolled now are told: as the session starts, or at the next full hour if it has started."""
    if starts_at is not None and starts_at > now:
        return starts_at
    return next_full_hour(now, timezone)


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


def message_id_start() -> str:
    """The part that all Message-IDs of one act share: random once, so that a million of them sort well in their index."""
    return secrets.token_hex(12)


async def file_notice(learner_ids: Sequence[int], filing: Filing) -> int:
    """File one thing for these people; returns how many notices were filed."""
    return await file_notices([(filing, learner_ids)])


async def file_notices(filings: Sequence[tuple[Filing, Sequence[int]]]) -> int:
    """File things of one kind, which differ in session, method, run and when they are due at most, in one statement."""
    rows = [(filing, learner_id) for filing, learners in filings for learner_id in learners]
    if not rows:
        return 0
    if len(rows) > FEW:
        await plan_by_key()
    kind = rows[0][0]
    filed = await execute(
        notice_statements.FILE_NOTICES,
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
        message_id_start(),
    )
    return int(filed.rsplit(" ", 1)[1])


async def lock_pending(condition: str, *arguments: object) -> list[Any]:
    """Notices that meet `condition` and whose message is not under way, the messages locked until the commit."""
    return await fetch(notice_statements.lock_pending(condition), *arguments)


async def cancel_notices(why: CancelledWhy, condition: str, *arguments: object) -> int:
    """Cancel what meets `condition` (SQL over notices `n`) and has not gone out; returns how many."""
    waiting = await lock_pending(condition, *arguments)
    if not waiting:
        return 0
    if len(waiting) > FEW:
        await plan_by_key()
    await execute(notice_statements.CANCEL, [row["notice_id"] for row in waiting], clock.now(), why)
    await cancel_empty_messages([row["message_id"] for row in waiting], why)
    return len(waiting)


async def cancel_empty_messages(message_ids: Sequence[int], why: CancelledWhy) -> None:
    """Messages that have nothing left to say are cancelled."""
    await execute(
        notice_statements.CANCEL_EMPTY,
        list(set(message_ids)),
        why,
    )
