"""Which sessions are meant: named themselves, or by an activity that has one open session."""

from collections.abc import Sequence
from typing import Any, Protocol

from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment.enrollment_requests import Target
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.errors import Forbidden, Invalid, NotFound
from backend.words import Message

# Sessions that are named when one has to be chosen.
MOST_NAMED = 100


class Named(Protocol):
    """What names a session, or an activity."""

    @property
    def activity_id(self) -> int | None: ...
    @property
    def session_id(self) -> int | None: ...


class ChooseSession(Invalid):
    """The activity has several open sessions, or none; those one may choose from come with it."""

    type, title = "choose_session", Message("Choose a session")


async def sessions_of_targets(actor: Actor, index: FacetIndex, targets: Sequence[Target]) -> list[int]:
    """The session of each target, each of them once. Raises `NotFound`, `Forbidden`, `Invalid`, `ChooseSession`."""
    found: list[int] = []
    for number, target in enumerate(targets):
        path = f"targets[{number}]"
        session_id = await session_of_target(actor, index, target, path)
        if session_id in found:
            raise Invalid.at(path, "duplicate", Message("This session is there twice."))
        found.append(session_id)
    return found


async def session_of_target(actor: Actor, index: FacetIndex, target: Named, path: str) -> int:
    """The session of one target, in which the actor may enroll. Raises what `sessions_of_targets` raises, at this path."""
    if (target.session_id is None) == (target.activity_id is None):
        raise Invalid.at(path, "either_or", Message("Name a session or an activity, one of the two."))
    if target.session_id is None:
        return await _one_open(actor, index, target.activity_id or 0, path)
    refuse_legacy(await session_for(actor, target.session_id, "enroll"))
    return target.session_id


async def _one_open(actor: Actor, index: FacetIndex, activity_id: int, path: str) -> int:
    now = clock.now()
    open_ones: list[dict[str, Any]] = []
    for session_id in sorted(index.sessions_of(activity_id)):
        session = index.sessions[session_id]
        if session.legacy or (session.ends_at is not None and session.ends_at <= now):
            continue
        try:
            await session_for(actor, session_id, "enroll")
        except (Forbidden, NotFound):
            continue
        open_ones.append({"id": session_id, "name": session.name})
    if len(open_ones) == 1:
        only: int = open_ones[0]["id"]
        return only
    message = (
        Message("Several sessions of this activity are open: choose one.")
        if open_ones
        else Message("No session of this activity is open to you: choose another one, or have one made.")
    )
    refused = ChooseSession.at(f"{path}.activity_id", "choose_session", message)
    refused.extra = {"sessions": open_ones[:MOST_NAMED]}
    raise refused
