"""The outbox as admins see it: what waits, what went out, what did not, and why."""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_value, transaction
from backend.mail import MailSettings, Rendered
from backend.schemas.commons import LARGEST_ID, Page
from backend.schemas.outbox import InvitationLink, Message, MessageDetail, MessageState
from backend.services import audit, jobs
from backend.services.actor import Actor
from backend.services.composing import compose
from backend.services.conditions import Conditions, chosen_sort
from backend.services.errors import Conflict, Forbidden, NotFound
from backend.services.paging import page_of
from backend.services.rights import require_admin
from backend.services.signing_in import is_invitation

_SELECT = """
SELECT m.id, m.learner_id, m.kind, m.state, m.due_at, coalesce(m.email, l.email) AS email, coalesce(m.subject, '') AS subject,
       m.attempts, m.retry_at, m.sent_at, m.created_at, m.error, m.cancelled_why, m.message_id, coalesce(m.html, '') AS html,
       coalesce(m.body, '') AS text
FROM message m JOIN learner l ON l.id = m.learner_id
"""
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


async def list_messages(actor: Actor, mail: MailSettings, query: MessageQuery) -> Page[Message]:
    """Messages, those due last first. For platform admins."""
    require_admin(actor)
    order = chosen_sort(query.sort, _SORTS, "-due")
    conditions = Conditions()
    if query.states:
        conditions.add("m.state = ANY({}::text[])", list(query.states))
    conditions.add_search(query.q, "coalesce(m.email, l.email)", "l.first_name", "l.last_name", "m.subject")
    # One snapshot: messages change their state all the time, and the number is that of what is listed.
    async with transaction(isolation="repeatable_read"):
        total = await fetch_value(
            f"SELECT count(*) FROM message m JOIN learner l ON l.id = m.learner_id WHERE {conditions.sql}",
            *conditions.values,
        )
        order.after(conditions, query.cursor)
        rows = await fetch(
            f"{_SELECT.replace('FROM message', f', {order.columns} FROM message')} WHERE {conditions.sql}"
            f" ORDER BY {order.order} LIMIT {query.limit + 1}",
            *conditions.values,
        )
    now = await _as_of_now(rows[: query.limit], mail)
    return page_of(
        rows, query.limit, total, item=lambda row: _message(row, now.get(row["id"])), key=order.key
    )


async def get_message(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """One message with what it says. For platform admins."""
    require_admin(actor)
    rows = await fetch(f"{_SELECT} WHERE m.id = $1", message_id)
    if not rows:
        raise NotFound(f"There is no message {message_id}.")
    row = rows[0]
    rendered = (await _as_of_now(rows, mail)).get(row["id"])
    values = {name: row[name] for name in MessageDetail.__struct_fields__}
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
        raise Forbidden("The link of an invitation is shown to admins who are signed in, not to tokens.")
    if mail.smtp_url is not None:
        raise Conflict(
            "A mail server is set up: invitations go out by mail. Invite the person again instead."
        )
    async with transaction():
        rows = await fetch(f"{_SELECT} WHERE m.id = $1", message_id) if 0 < message_id <= LARGEST_ID else []
        if not rows:
            raise NotFound(f"There is no message {message_id}.")
        found = INVITATION_LINK.search(rows[0]["text"])
        secret = found["secret"] if found is not None else None
        if secret is None or not await is_invitation(secret):
            raise Conflict("This message holds no invitation that is still open.")
        await audit.record(
            actor, "invitation.reveal", "message", message_id, learner_id=rows[0]["learner_id"]
        )
    return InvitationLink(link=f"{mail.base_url}/invite/{secret}")


async def retry(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """Try a failed message again at once, unchanged. For platform admins."""
    require_admin(actor)
    async with transaction():
        await _change(
            message_id,
            ("failed",),
            "UPDATE message SET state = 'sending', attempts = 0, retry_at = $2, due_at = least(due_at, $2)",
            clock.now(),
        )
        await audit.record(actor, "message.retry", "message", message_id)
        jobs.wake("send_mail")
    return await get_message(actor, mail, message_id)


async def cancel(actor: Actor, mail: MailSettings, message_id: int) -> MessageDetail:
    """Take back a message that waits. For platform admins."""
    require_admin(actor)
    async with transaction():
        await _change(
            message_id,
            ("pending", "dormant"),
            "UPDATE message SET state = 'cancelled', cancelled_why = 'by_hand', error = NULL",
        )
        await execute(
            "UPDATE notice SET cancelled_at = $2, cancelled_why = 'by_hand' WHERE message_id = $1 AND cancelled_at IS NULL",
            message_id,
            clock.now(),
        )
        await audit.record(actor, "message.cancel", "message", message_id)
    return await get_message(actor, mail, message_id)


async def _change(message_id: int, states: Sequence[MessageState], update: str, *arguments: datetime) -> None:
    if not 0 < message_id <= LARGEST_ID:
        raise NotFound(f"There is no message {message_id}.")
    found = await fetch_value("SELECT state FROM message WHERE id = $1 FOR UPDATE", message_id)
    if found is None:
        raise NotFound(f"There is no message {message_id}.")
    if found not in states:
        raise Conflict(f"This message is {found}, not {states[0]}.")
    await execute(f"{update} WHERE id = $1", message_id, *arguments)


async def _as_of_now(rows: Sequence[Record], mail: MailSettings) -> dict[int, Rendered]:
    """What the pending ones among `rows` would say if they went out now."""
    pending = [row["id"] for row in rows if row["state"] == "pending"]
    if not pending:
        return {}
    composed = await compose(pending, mail, clock.now(), preview=True)
    return {one.message_id: one.rendered for one in composed if one.rendered is not None}


def _message(row: Record, rendered: Rendered | None) -> Message:
    values = {name: row[name] for name in Message.__struct_fields__}
    if rendered is not None:
        values["subject"] = rendered.subject
    return Message(**values)
