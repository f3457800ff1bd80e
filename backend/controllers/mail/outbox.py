"""`/outbox`: the messages Muster sends, for admins."""

from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_200_OK

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentSettings, Cursor, Limit, Search, SortBy
from backend.controllers.http.route_options import UNREPEATABLE
from backend.mail import MailSettings
from backend.schemas.base import Page
from backend.schemas.mail import InvitationLink, Message, MessageDetail, MessageState
from backend.services.mail import outbox
from backend.services.mail.outbox import MessageQuery
from backend.settings import Settings

TAGS = ["Outbox"]
# Litestar keeps the name `state` for its own.
States = Annotated[
    list[MessageState] | None, QueryParameter(name="state", description="in any of these states")
]


def _mail(settings: Settings) -> MailSettings:
    return MailSettings.of(settings.smtp_url, settings.base_url)


@get("/outbox", operation_id="listMessages", opt=rights.admins(), tags=TAGS)
async def list_messages(
    actor: CurrentActor,
    settings: CurrentSettings,
    states: States = None,
    q: Search = None,
    sort: SortBy = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Message]:
    """Messages with their state and when they are due; `sort`: due or id. For platform admins."""
    query = MessageQuery(states=states or (), q=q, sort=sort, limit=limit, cursor=cursor)
    return await outbox.list_messages(actor, _mail(settings), query)


@get("/outbox/{message_id:int}", operation_id="getMessage", opt=rights.admins(), tags=TAGS)
async def get_message(
    message_id: FromPath[int], actor: CurrentActor, settings: CurrentSettings
) -> MessageDetail:
    """One message as HTML and as text. For platform admins."""
    return await outbox.get_message(actor, _mail(settings), message_id)


@post(
    "/outbox/{message_id:int}/retry",
    operation_id="retryMessage",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def retry_message(
    message_id: FromPath[int], actor: CurrentActor, settings: CurrentSettings
) -> MessageDetail:
    """Try a failed message again. For platform admins."""
    return await outbox.retry(actor, _mail(settings), message_id)


@post(
    "/outbox/{message_id:int}/cancel",
    operation_id="cancelMessage",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def cancel_message(
    message_id: FromPath[int], actor: CurrentActor, settings: CurrentSettings
) -> MessageDetail:
    """Take back a message that has not gone out. For platform admins."""
    return await outbox.cancel(actor, _mail(settings), message_id)


@post(
    "/outbox/{message_id:int}/invitation",
    operation_id="revealInvitation",
    # Unrepeatable: its answer holds a secret, which is kept nowhere.
    opt=rights.admins() | {UNREPEATABLE: True},
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def reveal_invitation(
    message_id: FromPath[int], actor: CurrentActor, settings: CurrentSettings
) -> InvitationLink:
    """Without a mail server: the link of one invitation, audited. For platform admins who are signed in, not for tokens."""
    return await outbox.reveal_invitation(actor, _mail(settings), message_id)
