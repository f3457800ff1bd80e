"""The enrollments that an act is about: with the right to them, locked, and the run that tells what was done to them."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record

from backend.database import as_json, fetch, row_by_id
from backend.runtime import clock
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import course_groups_in, looks_after, reports_to, session_for
from backend.services.enrollment.acts import act_statements
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.errors import Conflict, Forbidden, NotFound
from backend.tables import Enrollment, Run
from backend.words import Message, joined
from backend.words.nouns import enrollment_state

_REFUSED = {
    "exclude": Message("You cannot exclude this person."),
    "extend": Message("You cannot extend this enrollment."),
    "move": Message("You cannot move this enrollment."),
    "resume": Message("You cannot resume this enrollment."),
    "suspend": Message("You cannot suspend this enrollment."),
    "unenroll": Message("You cannot unenroll this enrollment."),
}
# In which states an act finds something to do.
FITTING = {
    "suspend": ("active",),
    "resume": ("suspended",),
    "extend": ("active", "suspended", "completed"),
    "unenroll": ("active", "suspended"),
    "exclude": ("active", "suspended", "completed", "expired"),
    "move": ("active", "suspended"),
}


async def enrollment_for(actor: Actor, enrollment_id: int, *, lock: bool = False) -> Record:
    """The row of `enrollment`, for the staff of its session, whoever the person is, and for who instructs a class with them.

    `lock` holds it until the commit.
    """
    found = await row_by_id(Enrollment, enrollment_id, lock=lock)
    if found is None or not await _looks_after(actor, found["session_id"], found["learner_id"]):
        # Somebody else's enrollment: that it exists is not theirs to know.
        raise _missing(enrollment_id)
    return found


async def readable_enrollment(actor: Actor, enrollment_id: int) -> Record:
    """The row of `enrollment`, for its session's staff and for the managers of the person, where they enroll."""
    try:
        return await enrollment_for(actor, enrollment_id)
    except NotFound:
        found = await row_by_id(Enrollment, enrollment_id)
        if found is None or not await reports_to(actor, found["learner_id"]):
            raise
    try:
        await session_for(actor, found["session_id"], "enroll")
    except (Forbidden, NotFound):
        raise _missing(enrollment_id) from None
    return found


async def locked_enrollment(actor: Actor, enrollment_id: int) -> Record:
    """The enrollment with its snapshot, its session's lock held, for the session's staff."""
    await enrollment_for(actor, enrollment_id)
    ((row,),) = (await locked_enrollments(actor, [enrollment_id])).values()
    return row


async def locked_enrollments(
    actor: Actor, ids: Sequence[int], others: Sequence[int] = (), *, within: int | None = None
) -> dict[int, list[Record]]:
    """Enrollments with their snapshots by session, all of these sessions' locks held (and of `others`), for their staff."""
    places = await places_of(actor, ids, within=within)
    sessions = sorted(set(places.values()))
    await lock_sessions([*sessions, *others])
    found: dict[int, list[Record]] = {session_id: [] for session_id in sessions}
    for row in await fetch(act_statements.LOCK_WITH_SNAPSHOT, list(places)):
        found[row["session_id"]].append(row)
    if sum(map(len, found.values())) < len(places):
        raise NotFound(Message("Some of these enrollments have just gone."))
    return found


async def places_of(actor: Actor, ids: Sequence[int], *, within: int | None = None) -> dict[int, int]:
    """The session of each enrollment, for its staff; `within`: only of this one.

    Raises `NotFound`, as if it were missing, for what is not the actor's.
    """
    rows = await fetch(act_statements.PLACES, sorted(set(ids)))
    places = {row["id"]: row["session_id"] for row in rows}
    hidden: set[int] = set()
    for session_id in set(places.values()):
        if within not in (None, session_id):
            hidden |= {row["id"] for row in rows if row["session_id"] == session_id}
        elif not await _views(actor, session_id):
            theirs = {row["learner_id"]: row["id"] for row in rows if row["session_id"] == session_id}
            seen = await _in_own_classes(actor, session_id, list(theirs))
            hidden |= {enrollment for learner, enrollment in theirs.items() if learner not in seen}
    for enrollment_id in ids:
        if enrollment_id not in places or enrollment_id in hidden:
            raise _missing(enrollment_id)
    return places


async def _in_own_classes(actor: Actor, session_id: int, learner_ids: Sequence[int]) -> frozenset[int]:
    """Those of the people who are in classes of the session that the actor instructs."""
    classes = await course_groups_in(actor, session_id)
    if not classes:
        return frozenset()
    rows = await fetch(act_statements.IN_COURSE_GROUPS, classes, session_id, learner_ids)
    return frozenset(row["learner_id"] for row in rows)


async def _looks_after(actor: Actor, session_id: int, learner_id: int) -> bool:
    return await _views(actor, session_id) or await looks_after(actor, session_id, learner_id)


async def _views(actor: Actor, session_id: int) -> bool:
    try:
        await session_for(actor, session_id, "view")
    except (Forbidden, NotFound):
        return False
    return True


def _missing(enrollment_id: int) -> NotFound:
    return NotFound(Message("There is no enrollment {id}.", id=enrollment_id))


def refusal(row: Record, act: str, allowed: tuple[str, ...]) -> Message | None:
    """Why the act does not fit the enrollment; None where it does."""
    if row["state"] in allowed:
        return None
    why = (
        Message("A completed enrollment is never revoked.")
        if row["state"] == "completed"
        else Message("It is {state}.", state=enrollment_state(row["state"]))
    )
    return joined(" ", [_REFUSED[act], why])


def require_fitting(row: Record, act: str, *more: str) -> None:
    """Raises `Conflict` where the act does not fit the state of the enrollment."""
    why = refusal(row, act, (*FITTING[act], *more))
    if why is not None:
        raise Conflict(why, extra={"state": row["state"]})


async def open_run(
    actor: Actor, session_id: int, act: str, detail: dict[str, Any], rows: Sequence[Record] = ()
) -> int:
    """The run of an act by hand, and its line of the audit."""
    now = clock.now()
    made = await Run.insert(
        Run(
            session_id=session_id,
            cause="act",
            actor_id=actor.id or None,
            state="applied",
            detail=as_json({"act": act, **detail}),
            created_at=now,
            finished_at=now,
        )
    ).returning(Run.id)
    run_id: int = made[0]["id"]
    if len(rows) == 1:
        await audit.record(actor, f"enrollment.{act}", "enrollment", rows[0]["id"], run_id=run_id)
    else:
        await audit.record(actor, f"session.{act}", "session", session_id, run_id=run_id, people=len(rows))
    return run_id


def by_hand(reason: str, facet: str = "by_hand") -> dict[str, Any]:
    """What a run keeps of why somebody did it."""
    return {"facet": facet, "ref": None, "text": reason or None}
