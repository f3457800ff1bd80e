"""Changing the state or the due date of enrollments of one session by hand, as one run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from asyncpg import Record
from msgspec import UNSET

from backend.database import fetch
from backend.runtime import clock
from backend.schemas.enrollment import acts as act_wire
from backend.services.access.actor import Actor
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.acts.enrollment_rows import by_hand, open_run
from backend.services.enrollment.writing.enrollment_writer import settle
from backend.services.errors import Invalid
from backend.services.mail import dormant_notices, notices
from backend.words import Message


async def change_state(
    actor: Actor, session_id: int, rows: Sequence[Record], act: Literal["suspend", "resume"], reason: str
) -> list[int]:
    """Suspend or resume enrollments of one session, which are locked; the id of the run."""
    run_id = await open_run(actor, session_id, act, {"text": reason}, rows)
    state = "suspended" if act == "suspend" else "active"
    await _write(run_id, rows, state=state, reason=reason)
    if act == "resume":
        # What fell due meanwhile waits for them.
        await dormant_notices.revive([row["learner_id"] for row in rows])
    return [run_id]


async def change_due_date(
    actor: Actor, session_id: int, rows: Sequence[Record], asked: act_wire.Extend
) -> list[int]:
    """Set, put off or clear the due dates of enrollments of one session, which are locked; the id of the run."""
    run_id = await open_run(actor, session_id, "extend", {"text": asked.reason}, rows)
    if asked.due_at is None:
        await _write(run_id, rows, due="clear", reason=asked.reason)
        await settle(run_id, session_id, [row["learner_id"] for row in rows])
        return [run_id]
    sooner = await _write(
        run_id,
        rows,
        due="set" if isinstance(asked.due_at, datetime) else "later",
        due_at=asked.due_at if isinstance(asked.due_at, datetime) else None,
        months=asked.months or 0,
        days=(asked.days or 0) + 7 * (asked.weeks or 0),
        reason=asked.reason,
    )
    await notices.file_due_changed(sooner, session_id, run_id)
    return [run_id]


def check_extension(asked: act_wire.Extend) -> None:
    """Raises `Invalid` unless one due date to come, or one length of time, is given."""
    given = [
        asked.due_at is not UNSET,
        *(part is not None for part in (asked.days, asked.weeks, asked.months)),
    ]
    if sum(given) != 1:
        raise Invalid.at(
            "due_at",
            "either_or",
            Message("Give a due date, or a number of days, weeks or months: one of them."),
        )
    if isinstance(asked.due_at, datetime) and asked.due_at <= clock.now():
        raise Invalid.at("due_at", "past", Message("This moment has passed: give one to come."))


async def _write(  # noqa: PLR0913 - what becomes of state and due date
    run_id: int,
    rows: Sequence[Record],
    *,
    state: str | None = None,
    due: Literal["keep", "set", "later", "clear"] = "keep",
    due_at: datetime | None = None,
    months: int = 0,
    days: int = 0,
    reason: str = "",
) -> list[int]:
    """Change these enrollments; the people whose due date moved earlier."""
    ids = [row["id"] for row in rows]
    found = await fetch(
        act_statements.CHANGE_ENROLLMENTS,
        ids, run_id, state, due, due_at, months, days, clock.now(), by_hand(reason),
    )  # fmt: skip
    return [row["learner_id"] for row in found]
