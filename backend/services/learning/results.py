"""Recording what learners did: results, and the certificates that completing an activity awards.

A completion stays: a report `failed` after it is kept as an attempt, unless somebody withdraws the completion by name (`revoke`).
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from backend.database import any_of, execute, fetch, plan_anew_for, transaction
from backend.runtime import clock
from backend.schemas.base import BadRow
from backend.schemas.learning.results import ResultRow
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import Mistake, RowMistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.learning import result_statements
from backend.services.learning.bulk_references import find_activities, find_learners, find_sessions
from backend.services.learning.completion_awards import Completions
from backend.tables import Session, Step
from backend.words import Message
from backend.words.nouns import there_is_none_named

Key = tuple[int, int, int | None, int | None]


@dataclass(slots=True)
class Report:
    """One result to write: of a learner, on an activity or a step of it, perhaps in one session."""

    learner_id: int
    activity_id: int
    step_id: int | None
    session_id: int | None
    status: str
    score: float | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    awarded_at: datetime | None = None
    note: str | None = None
    revoke: bool = False

    @property
    def key(self) -> Key:
        """What two reports of the same thing share."""
        return (self.learner_id, self.activity_id, self.step_id, self.session_id)

    def is_attempt_after(self, status: str) -> bool:
        """Whether it takes nothing back from a result of this status, and is kept beside it."""
        return self.status == "failed" and status == "completed" and not self.revoke

    def followed_by(self, later: "Report") -> "Report":
        """Both as one: the same as writing one after the other."""
        if later.revoke:
            return later
        started_only = later.status == "started"
        return Report(
            *self.key,
            revoke=self.revoke,
            note=later.note or self.note,
            status=self.status if started_only else later.status,
            score=self.score if later.score is None else later.score,
            started_at=later.started_at or self.started_at,
            completed_at=self.completed_at if started_only else later.completed_at or self.completed_at,
            awarded_at=later.awarded_at or self.awarded_at,
        )


async def record(actor: Actor, rows: Sequence[ResultRow | BadRow]) -> BulkAnswer:
    """Record results. Good rows are kept, bad rows are reported. For platform admins.

    Several rows about the same thing are taken one after the other.
    """
    require_admin(actor)
    async with transaction():
        await plan_anew_for(len(rows))
        reports, errors = await _resolve(rows)
        created, updated = await write_reports(reports)
        if created or updated:
            await audit.record(actor, "result.bulk", "result", None, created=created, updated=updated)
        return BulkAnswer(
            created=created, updated=updated, unchanged=len(reports) - created - updated, errors=errors
        )


async def write_reports(reports: Sequence[Report]) -> tuple[int, int]:
    """Write reports inside the caller's transaction and award what they complete: how many created, updated."""
    folded: dict[Key, Report] = {}
    attempts: list[Report] = []
    for report in reports:
        before = folded.get(report.key)
        if before is not None and report.is_attempt_after(before.status):
            attempts.append(report)
        else:
            folded[report.key] = before.followed_by(report) if before else report
    if not folded:
        return 0, 0
    # One report of a learner at a time: of two that complete a path together, the second must see the first. Row locks,
    # because ten thousand advisory ones do not fit into the server's lock table.
    await execute(result_statements.LOCK_LEARNERS, sorted({report.learner_id for report in folded.values()}))
    completed = await _completed([report for report in folded.values() if report.status == "failed"])
    late = [
        report for key, report in folded.items() if key in completed and report.is_attempt_after("completed")
    ]
    attempts += late
    given = [report for report in folded.values() if report not in late]
    completions = await Completions.before([(report.learner_id, report.activity_id) for report in given])
    await _withdraw([report for report in given if report.revoke])
    written = await fetch(
        result_statements.WRITE_RESULTS,
        [report.learner_id for report in given],
        [report.activity_id for report in given],
        [report.step_id for report in given],
        [report.session_id for report in given],
        [report.status for report in given],
        [report.score for report in given],
        [report.started_at for report in given],
        [report.completed_at for report in given],
        clock.now(),
        [report.note for report in given],
    )
    kept = await _keep_attempts(attempts)
    awarded_at = {
        (report.learner_id, report.activity_id): report.awarded_at
        for report in given
        if report.awarded_at is not None
    }
    await completions.award(awarded_at)
    created = sum(row["created"] for row in written)
    return created, len(written) - created + kept


async def _completed(reports: Sequence[Report]) -> set[Key]:
    """Which of these report on what is completed."""
    if not reports:
        return set()
    rows = await fetch(
        result_statements.COMPLETED_AMONG, *([report.key[i] for report in reports] for i in range(4))
    )
    return {tuple(row) for row in rows}


async def _keep_attempts(attempts: Sequence[Report]) -> int:
    """Keep what came after a completion; how many are new."""
    if not attempts:
        return 0
    names = ("status", "score", "started_at", "completed_at", "note")
    kept = await fetch(
        result_statements.KEEP_ATTEMPTS,
        *([attempt.key[i] for attempt in attempts] for i in range(4)),
        *([getattr(attempt, name) for attempt in attempts] for name in names),
        clock.now(),
    )
    return len(kept)


async def _withdraw(reports: Sequence[Report]) -> None:
    """Take completions back; what rests on them follows by triggers. Certificates stay: they are documents of their own."""
    if reports:
        names = ("status", "score", "completed_at")
        await execute(
            result_statements.WITHDRAW_COMPLETIONS,
            *([report.key[i] for report in reports] for i in range(4)),
            *([getattr(report, name) for report in reports] for name in names),
        )


async def _steps(activity_ids: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for row in await Step.select(Step.id, Step.activity_id).where(any_of(Step.activity_id, activity_ids)):
        found.setdefault(row["activity_id"], set()).add(row["id"])
    return found


async def _resolve(rows: Sequence[ResultRow | BadRow]) -> tuple[list[Report], list[RowMistake]]:
    good = [row for row in rows if isinstance(row, ResultRow)]
    learners = await find_learners(row.learner for row in good)
    activities = await find_activities(row.activity for row in good)
    sessions = await find_sessions(row.session for row in good if row.session is not None)
    known = {activity_id for row in good if (activity_id := activities.find(row.activity)) is not None}
    steps = await _steps(list(known))
    found_sessions = {sessions.find(row.session) for row in good if row.session is not None}
    activity_of = {
        row["id"]: row["activity_id"]
        for row in await Session.select(Session.id, Session.activity_id).where(
            any_of(Session.id, [s for s in found_sessions if s is not None])
        )
    }
    reports: list[Report] = []
    errors: list[RowMistake] = []
    for number, row in enumerate(rows):
        if isinstance(row, BadRow):
            errors.append(RowMistake(number, row.path, row.code, row.message))
            continue
        learner, activity = learners.find(row.learner), activities.find(row.activity)
        session = sessions.find(row.session) if row.session is not None else None
        mistake = _unknown(row, learner, activity, session)
        if mistake is None and activity is not None:
            mistake = _mistake(
                row, steps.get(activity, set()), activity_of.get(session or 0, activity) == activity
            )
        if mistake is not None or learner is None or activity is None:
            if mistake is not None:
                errors.append(RowMistake(number, mistake.path, mistake.code, mistake.message))
            continue
        reports.append(
            Report(
                learner,
                activity,
                row.step,
                session,
                row.status,
                row.score,
                row.started_at,
                row.completed_at,
                row.awarded_at,
                revoke=row.revoke,
            )
        )
    return reports, errors


def _unknown(
    row: ResultRow, learner: int | None, activity: int | None, session: int | None
) -> Mistake | None:
    """What a row names that there is not."""
    if learner is None:
        return Mistake("learner", "unknown", there_is_none_named("learner", row.learner))
    if activity is None:
        return Mistake(
            "activity", "unknown", Message("There is no activity “{activity}”.", activity=row.activity)
        )
    if row.session is not None and session is None:
        return Mistake("session", "unknown", there_is_none_named("session", row.session))
    return None


def _mistake(row: ResultRow, steps: AbstractSet[int], is_its_session: bool) -> Mistake | None:
    """What does not fit together in a row; `steps` are those of its activity."""
    if row.revoke and row.status == "completed":
        return Mistake("revoke", "completed", Message("A completion is taken back by “failed” or “started”."))
    if row.step is not None and row.step not in steps:
        return Mistake("step", "unknown", Message("This activity has no step {step}.", step=row.step))
    if row.step is None and row.status != "started" and steps:
        return Mistake("step", "step_required", Message("This activity has steps: report which of them."))
    if not is_its_session:
        return Mistake("session", "other_activity", Message("This session is one of another activity."))
    if row.started_at and row.completed_at and row.completed_at < row.started_at:
        return Mistake("completed_at", "order", Message("It was completed before it was started."))
    return None
