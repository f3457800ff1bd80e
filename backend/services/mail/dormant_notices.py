"""Mail that falls due while its person does not count, or is suspended in the session, waits and comes back with them."""

import secrets
from collections.abc import Sequence

from backend.database import any_of, execute, fetch
from backend.services.mail import notice_statements
from backend.tables import Message


async def make_dormant(message_ids: Sequence[int]) -> list[int]:
    """Of messages that are due, in the caller's transaction, those that go out; the others wait for their people."""
    dormant = {row["id"] for row in await fetch(notice_statements.INACTIVE, list(message_ids))}
    rest = [one for one in message_ids if one not in dormant]
    suspended = [row for row in await fetch(notice_statements.SUSPENDED, rest) if row["suspended"]]
    whole = {row["message_id"] for row in suspended if row["whole"]}
    if whole:
        await Message.update({Message.state: "dormant"}).where(any_of(Message.id, whole))
    apart = [row["id"] for row in suspended if not row["whole"]]
    if apart:
        await execute(notice_statements.SET_APART, apart, secrets.token_hex(12))
    return [one for one in rest if one not in whole]


async def revive(learner_ids: Sequence[int]) -> None:
    """They are in again: what waits for them is due, one message of each kind. Accounts that come back wake theirs by a trigger."""
    await execute(notice_statements.WAKE, list(learner_ids))
