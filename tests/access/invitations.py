"""Inviting people as the product does: by a message that no mail server takes, whose link an admin may hand over."""

from backend.database import fetch_value
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail import notices
from backend.services.mail.dispatch import send_due


async def invite(learner_id: int) -> int:
    """An invitation that nobody has mailed; the id of its message."""
    await notices.file_invitations([learner_id])
    assert await send_due(MailSettings(None, "https://muster.example"), clock.now()) == 1
    found: int = await fetch_value(
        "SELECT id FROM message WHERE learner_id = $1 ORDER BY id DESC LIMIT 1", learner_id
    )
    return found


async def invited_secret(message_id: int) -> str:
    """The secret in the link of an invitation, as its addressee reads it."""
    body: str = await fetch_value("SELECT body FROM message WHERE id = $1", message_id)
    return body.partition("/invite/")[2].split()[0]
