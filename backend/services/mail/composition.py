"""What a message has to say at the moment it goes out: read again, because people leave, complete and are suspended."""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from backend.database import execute, fetch, fetch_row
from backend.database.stored_json import stored_object
from backend.enrollment.audience_sizes import SizeCause
from backend.enrollment.causes import plain_sentence
from backend.enrollment.size_sentences import causes_sentence, jump_sentence
from backend.enrollment.state_causes import state_sentence
from backend.mail import Alert, Alerts, Invitation, Item, Letter, MailSettings, Recipient, Rendered, render
from backend.mail.envelope import one_line
from backend.services.audiences.enrollment_reasons import what_holds, why_enrolled
from backend.services.audiences.rule_pins import MORE, MUST_BE_IN, MUST_BE_OUT
from backend.services.mail import statements
from backend.words import Message, joined, spoken_language

INVITATION_LIFE = timedelta(days=30)
COUNTABLE = ("invited", "active")


class Composed(msgspec.Struct, frozen=True):
    """A message ready to go; `rendered` None: it has nothing to say any more."""

    message_id: int
    email: str
    rendered: Rendered | None


async def compose(
    message_ids: Sequence[int], mail: MailSettings, now: datetime, *, preview: bool = False
) -> list[Composed]:
    """Render these messages in the caller's transaction; makes the invitations' tokens, but not for a preview."""
    organisation = await fetch_row(statements.SENDER)
    heads = await fetch(
        statements.HEADS,
        list(message_ids),
    )
    countable = [head for head in heads if head["status"] in COUNTABLE]
    invited = [head for head in countable if head["kind"] == "invitation" and not head["has_password"]]
    contents: dict[int, Letter | Invitation | Alerts] = {
        **await _letters([head["id"] for head in countable if head["kind"] == "enrollment"], mail),
        **(_previewed(invited, mail, now) if preview else await _invitations(invited, mail, now)),
        **await _alerts([head["id"] for head in countable if head["kind"] == "alert"], mail),
    }
    composed = []
    for head in heads:
        content = contents.get(head["id"])
        rendered = None if content is None else render(content, _recipient(head, organisation))
        composed.append(Composed(head["id"], head["email"], rendered))
    return composed


def _recipient(head: Any, organisation: Any) -> Recipient:
    return Recipient(
        first_name=head["first_name"],
        last_name=head["last_name"],
        language=head["language"],
        organisation=organisation["name"],
        organisation_language=organisation["language"],
        timezone=organisation["timezone"],
    )


async def _letters(message_ids: Sequence[int], mail: MailSettings) -> dict[int, Letter]:
    """Sessions that the person is still in and has not completed; a letter without any is left out."""
    rows = await fetch(
        statements.LETTERS,
        list(message_ids),
    )
    reasons = await _reasons([row["learner_id"] for row in rows], [row["session_id"] for row in rows])
    items: dict[int, list[Item]] = defaultdict(list)
    for row in rows:
        item = Item(
            kind=row["kind"],
            title=row["title"],
            session=row["session"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            due_at=row["due_at"],
            mandatory=row["mandatory"],
            why=[*_asked_by(row), *reasons[row["learner_id"], row["session_id"]]],
            link=f"{mail.base_url}/learn/{row['activity_id']}",
        )
        items[row["message_id"]].append(item)
    return {message_id: Letter(found) for message_id, found in items.items()}


def _asked_by(row: Any) -> list[Message]:
    """Who had them reminded, and in what words."""
    if row["kind"] != "nudged":
        return []
    asked = (
        [Message("{name} asked us to remind you.", name=one_line(row["by_name"]))] if row["by_name"] else []
    )
    return [*asked, Message("“{name}”", name=one_line(row["note"]))] if row["note"] else asked


async def _reasons(learner_ids: list[int], session_ids: list[int]) -> dict[tuple[int, int], list[Message]]:
    """Per (learner, session) why they are enrolled: one reason for each method that holds them there."""
    reasons: dict[tuple[int, int], list[Message]] = defaultdict(list)
    for row in await what_holds(learner_ids, session_ids):
        reasons[row["learner_id"], row["session_id"]].append(why_enrolled(row))
    return reasons


def _previewed(heads: Sequence[Any], mail: MailSettings, now: datetime) -> dict[int, Invitation]:
    return {head["id"]: Invitation(f"{mail.base_url}/invite/…", now + INVITATION_LIFE) for head in heads}


async def _invitations(heads: Sequence[Any], mail: MailSettings, now: datetime) -> dict[int, Invitation]:
    """A token each; the table keeps only its hash, the message the token itself until it is sent."""
    expires_at = now + INVITATION_LIFE
    tokens = {head["id"]: secrets.token_urlsafe(32) for head in heads}
    await execute(
        statements.INVITE,
        [hashlib.sha256(token.encode()).digest() for token in tokens.values()],
        [head["learner_id"] for head in heads],
        now,
        expires_at,
    )
    return {
        message_id: Invitation(f"{mail.base_url}/invite/{token}", expires_at)
        for message_id, token in tokens.items()
    }


async def _alerts(message_ids: Sequence[int], mail: MailSettings) -> dict[int, Alerts]:
    """The methods of each message that are still held or frozen, runs that were given up, and what is proposed."""
    rows = await fetch(
        statements.ALERTS,
        list(message_ids),
    )
    found: dict[int, list[Alert]] = defaultdict(list)
    for row in rows:
        found[row["message_id"]].append(
            Alert(
                kind=row["kind"],
                method=row["method"] or row["session"],
                session=row["session"],
                figures=row["figures"],
                # What is held says how much in figures.
                reason=_why_frozen(row) if row["kind"] == "frozen" else "",
                link=f"{mail.base_url}/runs"
                if row["kind"] != "frozen"
                else f"{mail.base_url}/sessions/{row['session_id']}",
            )
        )
    for row in await fetch(statements.JUMPS, list(message_ids)):
        found[row["message_id"]].append(
            Alert(
                kind="jumped",
                method=row["name"],
                session=row["session"] or row["name"],
                figures={},
                reason=_jump(row),
                link=f"{mail.base_url}/needs-you",
            )
        )
    for row in await fetch(statements.PROPOSALS, list(message_ids)):
        found[row["message_id"]].append(
            Alert(
                kind=row["kind"],
                method=row["by_name"],
                session=row["session"],
                figures={},
                reason=row["note"],
                link=f"{mail.base_url}/proposals"
                if row["kind"] == "proposed"
                else f"{mail.base_url}/sessions/{row['session_id']}",
            )
        )
    for message_id, alerts in (await _broken_pins(message_ids, mail)).items():
        found[message_id] += alerts
    return {message_id: Alerts(alerts, f"{mail.base_url}/needs-you") for message_id, alerts in found.items()}


async def _broken_pins(message_ids: Sequence[int], mail: MailSettings) -> dict[int, list[Alert]]:
    """One alert a method or segment; who is pinned, and what it came from, is named to admins alone."""
    rows = await fetch(statements.BROKEN_PINS, list(message_ids))
    found: dict[int, list[Alert]] = defaultdict(list)
    for (message_id, method_id, _), some in groupby(
        rows, lambda row: (row["message_id"], row["method_id"], row["segment_id"])
    ):
        pins = list(some)
        first = pins[0]
        language = spoken_language(first["language"], first["organisation_language"])
        place = f"segments/{first['segment_id']}" if method_id is None else f"sessions/{first['session_id']}"
        told = _pins_named(pins) if first["is_admin"] else _pins_counted(len(pins))
        found[message_id].append(
            Alert(
                kind="broken_pin",
                method=first["name"],
                session=first["session"] or "",
                figures={},
                reason=told.render(language),
                link=f"{mail.base_url}/{place}",
            )
        )
    return found


# So many are named in a message; the page has them all.
MOST_PINS_NAMED = 5


def _pins_named(pins: Sequence[Any]) -> Message:
    said = []
    for pin in pins[:MOST_PINS_NAMED]:
        one = MUST_BE_IN if pin["expected"] == "in" else MUST_BE_OUT
        why = stored_object(pin["broken_by"])
        because = None if why is None else plain_sentence(why)
        said.append(
            one.fill(name=one_line(pin["person"]))
            if because is None
            else _BECAUSE.fill(what=one.fill(name=one_line(pin["person"])), why=because)
        )
    more = len(pins) - MOST_PINS_NAMED
    if more > 0:
        said.append(MORE.fill(count=more))
    return joined("; ", said)


def _pins_counted(count: int) -> Message:
    return Message.plural("{count} person", "{count} people", count)


_BECAUSE = Message("{what} ({why})")


def _jump(row: Any) -> str:
    """How much, what is usual, and which facts moved how many; which act wrote them is read where it can be looked at."""
    causes = msgspec.convert(row["causes"], list[SizeCause])
    told = causes_sentence(causes, {}) if causes else None
    language = spoken_language(row["language"], row["organisation_language"])
    return jump_sentence(row["net"], row["low"], row["high"], told).render(language)


def _why_frozen(row: Any) -> str:
    """In the addressee's language; what exactly is wrong with the rule may be named to admins alone."""
    details = row["state_details"] if row["is_admin"] else None
    language = spoken_language(row["language"], row["organisation_language"])
    return state_sentence(row["state_cause"], details, language)
