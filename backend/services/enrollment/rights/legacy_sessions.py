"""Two kinds of session: those that enroll by methods, and legacy ones, into which people are enrolled directly. Each refuses the other's acts.

See docs/decisions/0055.
"""

from backend.database import Row
from backend.services.errors import Conflict
from backend.tables import Session
from backend.words import Message


class LegacySession(Conflict):
    """It has no methods: people are enrolled directly."""

    type, title = "legacy_session", Message("A legacy session")

    def __init__(self) -> None:
        super().__init__(
            Message(
                "This session was made by the legacy route: people are enrolled in it and unenrolled directly, without audiences."
            )
        )


class AudienceSession(Conflict):
    """It enrolls by methods."""

    type, title = "audience_session", Message("A session with audiences")

    def __init__(self) -> None:
        super().__init__(
            Message("This session enrolls by methods: the legacy routes work on sessions that they made.")
        )


async def is_legacy(session_id: int) -> bool:
    """Whether people are enrolled directly there."""
    return bool(await Session.exists().where(Session.id == session_id, Session.legacy.eq(True)))


def refuse_legacy(session: Row) -> None:
    """Raises `LegacySession` for the row of a legacy session."""
    if session["legacy"]:
        raise LegacySession


def require_legacy(session: Row) -> None:
    """Raises `AudienceSession` for the row of any other session."""
    if not session["legacy"]:
        raise AudienceSession
