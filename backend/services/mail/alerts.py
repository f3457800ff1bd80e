"""What those in charge are told: what waits for a decision, and what has failed."""

from collections.abc import Sequence
from typing import Literal

from backend.runtime import clock
from backend.services.mail.notice_rows import Filing, file_notice, full_hour_to_come


async def file_alert(
    learner_ids: Sequence[int],
    kind: Literal["held", "frozen", "failed"],
    *,
    session_id: int,
    method_id: int,
    run_id: int | None = None,
) -> int:
    """Tell those in charge that a method is held or frozen, or its run failed; once while the first alert still waits.

    What waits for a decision is listed in one message an hour, at minute 00; that a run failed is told at once.
    """
    filing = Filing(
        kind=kind,
        message="alert",
        due_at=clock.now() if kind == "failed" else await full_hour_to_come(),
        session_id=session_id,
        method_id=method_id,
        run_id=run_id,
        unless=(kind,),
    )
    return await file_notice(learner_ids, filing)


async def file_jump(
    learner_ids: Sequence[int], jump_id: int, *, session_id: int | None, method_id: int | None
) -> int:
    """Tell those in charge that an audience has jumped, with what else waits for them, at minute 00."""
    filing = Filing(
        kind="jumped",
        message="alert",
        due_at=await full_hour_to_come(),
        session_id=session_id,
        method_id=method_id,
        detail={"jump": jump_id},
    )
    return await file_notice(learner_ids, filing)


async def file_broken_pin(
    learner_ids: Sequence[int],
    *,
    session_id: int | None = None,
    method_id: int | None = None,
    segment_id: int | None = None,
) -> int:
    """Tell those who decide that people pinned to a method or a segment are not where they must be, with what else waits, at minute 00."""
    filing = Filing(
        kind="broken_pin",
        message="alert",
        due_at=await full_hour_to_come(),
        session_id=session_id,
        method_id=method_id,
        detail={} if segment_id is None else {"segment": segment_id},
        # Of a segment each is filed: its message tells of it once.
        unless=("broken_pin",) if segment_id is None else (),
    )
    return await file_notice(learner_ids, filing)


async def file_proposal(
    learner_ids: Sequence[int],
    kind: Literal["proposed", "approved", "declined"],
    session_id: int,
    proposal_id: int,
) -> int:
    """Tell those who decide that something is proposed, or who proposed it what became of it, with what else waits, at minute 00."""
    filing = Filing(
        kind=kind,
        message="alert",
        due_at=await full_hour_to_come(),
        session_id=session_id,
        detail={"proposal": proposal_id},
    )
    return await file_notice(learner_ids, filing)
