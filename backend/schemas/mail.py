"""Messages as the outbox shows them."""

from datetime import datetime
from typing import Literal

from backend.schemas.base import Output

# `dormant`: it fell due while the person did not count, or was suspended in the session, and goes out when they are back.
MessageState = Literal["pending", "dormant", "sending", "sent", "kept", "failed", "cancelled"]
CancelledWhy = Literal[
    "left",
    "undone",
    "moved",
    "completed",
    "no_due_date",
    "nothing_left",
    "has_password",
    "settled",
    "inactive",
    "gathered",
    "restored",
    "by_hand",
]
MessageKind = Literal["enrollment", "invitation", "alert"]


class Message(Output):
    """One e-mail. Until it goes out (`pending`) it is shown as it would read now; `error` is why it failed or waits.

    `cancelled_why`: they left, the run was undone, it is told in another message (`moved` with the session, `gathered` with what
    waited too), it was not sent before a backup was restored, they completed it, nothing is due or left to say, they have a password, the alert is settled, the account
    is not active, or an admin took it back.
    """

    id: int
    learner_id: int
    kind: MessageKind
    state: MessageState
    due_at: datetime
    email: str
    subject: str
    attempts: int
    retry_at: datetime | None
    sent_at: datetime | None
    created_at: datetime
    error: str | None
    cancelled_why: CancelledWhy | None


class MessageDetail(Message):
    """With its bodies; they are empty when there is nothing (any more) to say. Links of invitations are masked for all but the addressee."""

    html: str
    text: str
    message_id: str


class InvitationLink(Output):
    """Where somebody who was invited chooses a password: whoever opens it becomes them."""

    link: str
