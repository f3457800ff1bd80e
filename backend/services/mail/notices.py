"""What Muster owes people by e-mail: filed, moved and cancelled in the transaction of the act that causes it.

A `notice` is one thing to tell one person; a `message` gathers the notices that fall due for them at one instant. Nothing
is rendered here: `composition` does that when a message falls due, and looks again at who still is to be told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from backend.database import execute, fetch, fetch_value, plan_by_key, row_by_id
from backend.runtime import clock
from backend.schemas.mail import CancelledWhy
from backend.services.mail import notice_statements
from backend.services.mail.notice_rows import (
    FEW,
    Filing,
    cancel_empty_messages,
    cancel_notices,
    due_of,
    file_notice,
    file_notices,
    full_hour_to_come,
    lock_pending,
    message_id_start,
)
from backend.services.statements import TIME_ZONE
from backend.tables import Session

# Who was enrolled by session, method and run.
Enrolled = Mapping[tuple[int, int | None, int | None], Sequence[int]]


async def file_all_enrolled(enrolled: Enrolled, enrolled_at: datetime | None = None) -> int:
    """File that these people were enrolled, now or a little earlier; returns how many notices were filed.

    Nobody is told twice about one session while the first notice still waits, and nobody of a session that has ended.
    """
    if not enrolled:
        return 0
    rows = await fetch(
        notice_statements.SESSIONS_TO_TELL,
        sorted({session_id for session_id, _, _ in enrolled}),
    )
    now = clock.now()
    due = {
        row["id"]: due_of(row["starts_at"], enrolled_at or now, row["timezone"])
        for row in rows
        if row["ends_at"] is None or row["ends_at"] > now
    }
    return await file_notices(
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
    return await cancel_notices(
        why,
        "(n.session_id, n.learner_id) IN (SELECT * FROM unnest($1::integer[], $2::integer[]))",
        [session_id for session_id, _ in pairs],
        [learner_id for _, learner_id in pairs],
    )


async def cancel_for_run(run_id: int, learner_ids: Sequence[int] | None = None) -> int:
    """The run is undone (for these people, or for all): its unsent notices are cancelled; returns how many."""
    if learner_ids is None:
        return await cancel_notices("undone", "n.run_id = $1", run_id)
    return await cancel_notices(
        "undone", "n.run_id = $1 AND n.learner_id = ANY($2)", run_id, list(learner_ids)
    )


async def file_invitations(learner_ids: Sequence[int]) -> int:
    """Invite these people to their new accounts, at once; who has an invitation waiting gets no second one."""
    filing = Filing(kind="invited", message="invitation", due_at=clock.now(), unless=("invited",))
    return await file_notice(learner_ids, filing)


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
    due_at = await full_hour_to_come()
    return await file_notices(
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
    return await file_notice([learner_id], filing)


async def session_moved(session_id: int) -> int:
    """The session's start was changed: notices that wait for it fall due with the new start; returns how many moved."""
    session = await row_by_id(Session, session_id)
    if session is None:
        return 0
    now = clock.now()
    due_at = due_of(session["starts_at"], now, await fetch_value(TIME_ZONE))
    waiting = await lock_pending("n.session_id = $1 AND n.kind = 'enrolled'", session_id)
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
        notice_statements.MOVE_NOTICES,
        moving,
        due_at,
        now,
        message_id_start(),
    )
    await cancel_empty_messages([row["message_id"] for row in waiting], "moved")
    return len(moving)
