"""One act on many enrollments: suspend, resume, extend, unenroll, exclude, move.

It is a run in each session, so it can be undone. All work in the caller's transaction, where there is one.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from asyncpg import Record
from msgspec import UNSET

from backend.database import transaction
from backend.index import FacetIndex, Follower
from backend.schemas.enrollment import acts as act_wire
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.acts.enrollment_rows import (
    FITTING,
    locked_enrollments,
    places_of,
    refusal,
)
from backend.services.enrollment.acts.leaving_by_hand import WayOfLeaving, leave_out, require_to_let_go
from backend.services.enrollment.acts.moving import move_people, not_to_move, require_to_come
from backend.services.enrollment.acts.state_and_due_date import change_due_date, change_state, check_extension
from backend.services.errors import Invalid
from backend.services.people.person_names import people
from backend.words import Message, translate

_Doing = Callable[[int, list[Record]], Awaitable[list[int]]]


async def act_in_session(
    actor: Actor, follower: Follower, session_id: int, request: act_wire.Act
) -> act_wire.Acted:
    """One act on enrollments of one session, as one run. Raises `NotFound` for any other enrollment."""
    await session_for(actor, session_id, "class")
    return await act_on_many(actor, follower, request, within=session_id)


async def act_on_many(
    actor: Actor, follower: Follower, request: act_wire.Act, *, within: int | None = None
) -> act_wire.Acted:
    """One act on many enrollments, all or nothing but for those that it does not fit, which are listed. One run a session.

    Raises `NotFound` and `Forbidden` as the act on each of them does.
    """
    _check(request)
    skipped: list[tuple[Record, str]] = []
    run_ids: list[int] = []
    done = 0
    async with transaction():
        await places_of(actor, request.ids, within=within)
        if request.session_id is not None:
            await require_to_come(actor, request.session_id)
        others = [] if request.session_id is None else [request.session_id]
        found = await locked_enrollments(actor, request.ids, others, within=within)
        needs_index = request.do == "move" or (not actor.is_admin and request.do in ("unenroll", "exclude"))
        index = await current_index(follower) if needs_index else None
        doing = _doing(actor, index, request)
        for session_id, rows in found.items():
            fitting, unfitting = await _sorted(actor, index, session_id, rows, request)
            skipped += unfitting
            if fitting:
                run_ids += await doing(session_id, fitting)
                done += len(fitting)
    return act_wire.Acted(run_ids=run_ids, done=done, skipped=await _named(skipped))


def _doing(actor: Actor, index: FacetIndex | None, request: act_wire.Act) -> _Doing:
    """What is done in each session."""

    async def change(session_id: int, rows: list[Record]) -> list[int]:
        act: Literal["suspend", "resume"] = "suspend" if request.do == "suspend" else "resume"
        return await change_state(actor, session_id, rows, act, request.reason)

    async def extend_all(session_id: int, rows: list[Record]) -> list[int]:
        return await change_due_date(actor, session_id, rows, request)

    async def let_go(session_id: int, rows: list[Record]) -> list[int]:
        learners = [row["learner_id"] for row in rows]
        await require_to_let_go(actor, index, session_id, learners)
        how = WayOfLeaving(act=request.do, reason=request.reason, until=request.until)
        return [await leave_out(actor, session_id, learners, rows, how)]

    async def move_all(session_id: int, rows: list[Record]) -> list[int]:
        # `_check` refuses a move without a session, and `act_on_many` gives moves the index.
        assert index is not None  # noqa: S101 - see above
        assert request.session_id is not None  # noqa: S101 - see above
        asked = act_wire.Move(session_id=request.session_id, reason=request.reason, mail=request.mail)
        return await move_people(actor, index, session_id, rows, asked)

    return {
        "suspend": change, "resume": change, "extend": extend_all, "unenroll": let_go, "exclude": let_go, "move": move_all,
    }[request.do]  # fmt: skip


def _check(request: act_wire.Act) -> None:
    if request.do == "extend":
        check_extension(request)
    elif request.due_at is not UNSET or request.days or request.weeks or request.months:
        raise Invalid.at("due_at", "unfitting", Message("A due date belongs to `extend`."))
    if request.until is not None and request.do != "exclude":
        raise Invalid.at("until", "unfitting", Message("An end belongs to `exclude`."))
    if request.do == "move" and request.session_id is None:
        raise Invalid.at("session_id", "required", Message("Name the session that they move to."))
    if request.do != "move" and request.session_id is not None:
        raise Invalid.at("session_id", "unfitting", Message("A session belongs to `move`."))


async def _sorted(
    actor: Actor, index: FacetIndex | None, session_id: int, rows: list[Record], request: act_wire.Act
) -> tuple[list[Record], list[tuple[Record, str]]]:
    """Those whom the act fits, and the others with why it does not."""
    refused: dict[int, str] = {
        row["id"]: translate(why, actor.reads)
        for row in rows
        if (why := refusal(row, request.do, FITTING[request.do])) is not None
    }
    if request.do == "move" and index is not None and request.session_id is not None:
        left = [row for row in rows if row["id"] not in refused]
        for enrollment_id, error in (
            await not_to_move(actor, index, session_id, left, request.session_id)
        ).items():
            refused[enrollment_id] = translate(error.detail, actor.reads)
    return (
        [row for row in rows if row["id"] not in refused],
        [(row, refused[row["id"]]) for row in rows if row["id"] in refused],
    )


async def _named(skipped: Sequence[tuple[Record, str]]) -> list[act_wire.Skipped]:
    known = {person.id: person for person in await people([row["learner_id"] for row, _ in skipped])}
    return [
        act_wire.Skipped(id=row["id"], learner=known[row["learner_id"]], reason=why)
        for row, why in skipped
        if row["learner_id"] in known
    ]
