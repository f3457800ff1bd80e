"""Messages as the outbox shows them."""

from datetime import datetime
from typing import Literal

from backend.schemas.commons import Output

MessageState = Literal["pending", "sending", "sent", "kept", "failed", "cancelled"]
MessageKind = Literal["enrollment", "invitation", "alert"]


class Message(Output):
    """One e-mail. Until it goes out (`pending`) it is shown as it would read now; `error` is why it failed or waits."""

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


class MessageDetail(Message):
    """With its bodies; they are empty when there is nothing (any more) to say. Links of invitations are masked for all but the addressee."""

    html: str
    text: str
    message_id: str


class InvitationLink(Output):
    """Where somebody who was invited chooses a password: whoever opens it becomes them."""

    link: str
