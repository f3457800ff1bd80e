"""The outbox as admins see it: what waits, what went out, what did not, and why."""

import re
from collections.abc import Sequence

import msgspec
from asyncpg import Record
from piccolo.querystring import QueryString

from backend import tables
from backend.database import fetch, fetch_value, row_by_id, transaction
from backend.mail import MailSettings, Rendered
from backend.runtime import clock
from backend.schemas.base import LARGEST_ID, Page
from backend.schemas.mail import InvitationLink, MessageDetail, MessageState
from backend.schemas.mail import Message as SentMessage
from backend.services import jobs
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.access.sign_ins import is_invitation
from backend.services.errors import Conflict, Forbidden, NotFound
from backend.services.mail import statements
from backend.services.mail.composition import compose
from backend.services.paging import page_of
from backend.services.statements import count_rows, page_of_rows
from backend.services.where_clauses import Conditions, chosen_sort
from backend.words import Message
from backend.words.nouns import message_state
from backend.words.stored import told_again

# What waits, the soonest due first; then what is over, the latest first.
_WAITS = "m.state IN ('pending', 'dormant', 'sending')"
_WHEN = "extract(epoch FROM coalesce(m.sent_at, m.due_at, m.created_at))"
_SORTS = {
    "next": (
        (f"(NOT {_WAITS})", "boolean"),
        (f"(CASE WHEN {_WAITS} THEN {_WHEN} ELSE -{_WHEN} END)", "numeric"),
        ("m.id", "bigint"),
    ),
    "due": (("m.due_at", "timestamptz"), ("m.id", "bigint")),
    "id": (("m.id", "bigint"),),
}


# How `composing.py` writes it, as HTML and as text.
INVITATION_LINK = re.compile(r"/invite/(?P<secret>[-_A-Za-z0-9]+)")
MASKED = "/invite/…"


class MessageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the list."""

    states: Sequence[MessageState] = ()
    q: str | None = None
    sort: str | None = None
    limit: int
    cursor: str | None = None


async def list_messages(actor: Actor, mail: MailSettings, query: MessageQuery) -> Page[SentMessage]:
    """Messages, those due last first. For platform admins."""
    require_admin(actor)
    order = chosen_sort(query.sort, _SORTS, "-due")
    conditions = Conditions()
    if query.states:
        conditions.add("m.state = ANY({}::text[])", list(query.states))
    conditions.add_search(query.q, "coalesce(m.email, l.email)", "l.first_name", "l.last_name", "m.subject")
    # One snapshot: messages change their state all the time, and the number is that of what is listed.
    async with transaction(isolation="repeatable_read"):
        total = await fetch_value(count_rows(statements.MESSAGES, conditions.sql), *conditions.values)
        order.after(conditions, query.cursor)
        rows = await fetch(
            page_of_rows(
                f"{statements.MESSAGE_COLUMNS}, {order.columns}",
                statements.MESSAGES,
                conditions.sql,
                order.order,
                query.limit,
            ),
            *conditions.values,
        )
    now = await _as_of_now(rows[: query.limit], mail)
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: _message(row, now.get(row["id"]), actor.reads),
        key=order.key,
    )


async def get_message(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """One message with what it says. For platform admins."""
    require_admin(actor)
    rows = await fetch(statements.MESSAGE, message_id)
    if not rows:
        raise NotFound(Message("There is no message {id}.", id=message_id))
    row = rows[0]
    rendered = (await _as_of_now(rows, mail)).get(row["id"])
    values = {name: row[name] for name in MessageDetail.__struct_fields__}
    values["error"] = told_again(row["error"], row["error_made_of"], actor.reads)
    if rendered is not None:
        values |= {"subject": rendered.subject, "html": rendered.html, "text": rendered.text}
    if actor.via != "cookie" or actor.id != row["learner_id"]:
        # The link signs in as the addressee: whoever may only read must not become them.
        values |= {body: INVITATION_LINK.sub(MASKED, values[body]) for body in ("html", "text")}
    return MessageDetail(**values)


async def reveal_invitation(actor: Actor, mail: MailSettings, message_id: int) -> InvitationLink:
    """The link in an invitation that no mail server takes to its addressee, to hand it over some other way; audited.

    For platform admins who are signed in themselves: a token that leaks would make its finder anybody.
    """
    require_admin(actor)
    if actor.via != "cookie":
        raise Forbidden(
            Message("The link of an invitation is shown to admins who are signed in, not to tokens.")
        )
    if mail.smtp_url is not None:
        raise Conflict(
            Message("A mail server is set up: invitations go out by mail. Invite the person again instead.")
        )
    async with transaction():
        rows = await fetch(statements.MESSAGE, message_id) if 0 < message_id <= LARGEST_ID else []
        if not rows:
            raise NotFound(Message("There is no message {id}.", id=message_id))
        found = INVITATION_LINK.search(rows[0]["text"])
        secret = found["secret"] if found is not None else None
        if secret is None or not await is_invitation(secret):
            raise Conflict(Message("This message holds no invitation that is still open."))
        await audit.record(
            actor, "invitation.reveal", "message", message_id, learner_id=rows[0]["learner_id"]
        )
    return InvitationLink(link=f"{mail.base_url}/invite/{secret}")


async def retry(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """Try a failed message again at once, unchanged. For platform admins."""
    require_admin(actor)
    async with transaction():
        now = clock.now()
        await _check_state(message_id, ("failed",))
        await tables.Message.update(
            {
                tables.Message.state: "sending",
                tables.Message.attempts: 0,
                tables.Message.retry_at: now,
                tables.Message.due_at: QueryString("least({}, {})", tables.Message.due_at, now),
            }
        ).where(tables.Message.id == message_id)
        await audit.record(actor, "message.retry", "message", message_id)
        jobs.wake("send_mail")
    return await get_message(actor, mail, message_id)


async def cancel(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """Take back a message that waits. For platform admins."""
    require_admin(actor)
    async with transaction():
        await _check_state(message_id, ("pending", "dormant"))
        await tables.Message.update(
            {
                tables.Message.state: "cancelled",
                tables.Message.cancelled_why: "by_hand",
                tables.Message.error: None,
                tables.Message.error_made_of: None,
            }
        ).where(tables.Message.id == message_id)
        await tables.Notice.update(
            {tables.Notice.cancelled_at: clock.now(), tables.Notice.cancelled_why: "by_hand"}
        ).where(tables.Notice.message_id == message_id, tables.Notice.cancelled_at.is_null())
        await audit.record(actor, "message.cancel", "message", message_id)
    return await get_message(actor, mail, message_id)


async def _check_state(message_id: int, states: Sequence[MessageState]) -> None:
    """Lock the message. Raises `NotFound`, or `Conflict` where it is in none of these states."""
    row = await row_by_id(tables.Message, message_id, lock=True)
    if row is None:
        raise NotFound(Message("There is no message {id}.", id=message_id))
    if row["state"] not in states:
        raise Conflict(
            Message(
                "This message is {found}, not {wanted}.",
                found=message_state(row["state"]),
                wanted=message_state(states[0]),
            )
        )


async def _as_of_now(rows: Sequence[Record], mail: MailSettings) -> dict[int, Rendered]:
    """What the pending ones among `rows` would say if they went out now."""
    pending = [row["id"] for row in rows if row["state"] == "pending"]
    if not pending:
        return {}
    composed = await compose(pending, mail, clock.now(), preview=True)
    return {one.message_id: one.rendered for one in composed if one.rendered is not None}


def _message(row: Record, rendered: Rendered | None, language: str) -> SentMessage:
    values = {name: row[name] for name in SentMessage.__struct_fields__}
    values["error"] = told_again(row["error"], row["error_made_of"], language)
    if rendered is not None:
        values["subject"] = rendered.subject
    return SentMessage(**values)
