"""What a message has to say at the moment it goes out: read again, because people leave, complete and are suspended."""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from backend.database import execute, fetch, fetch_row
from backend.enrollment.state_causes import state_sentence
from backend.mail import Alert, Invitation, Item, Letter, MailSettings, Recipient, Rendered, Why, render
from backend.mail.wording import language_of
from backend.services.change_kinds import FIGURES

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
    organisation = await fetch_row("SELECT name, timezone, language FROM organisation")
    heads = await fetch(
        """
        SELECT m.id, m.kind, l.id AS learner_id, l.email, l.first_name, l.last_name, l.language, l.status,
               l.password_hash IS NOT NULL AS has_password
        FROM message m JOIN learner l ON l.id = m.learner_id WHERE m.id = ANY($1::bigint[])
        """,
        list(message_ids),
    )
    countable = [head for head in heads if head["status"] in COUNTABLE]
    invited = [head for head in countable if head["kind"] == "invitation" and not head["has_password"]]
    contents: dict[int, Letter | Invitation | Alert] = {
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
        """
        SELECT n.message_id, n.kind, n.learner_id, n.session_id, s.name AS session, s.starts_at, s.ends_at,
               a.id AS activity_id, a.title, e.due_at, e.mandatory, n.detail->>'note' AS note,
               trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))) AS by_name
        FROM notice n
        LEFT JOIN learner by ON by.id = (n.detail->>'by')::integer
        JOIN session s ON s.id = n.session_id
        JOIN activity a ON a.id = s.activity_id
        JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
        LEFT JOIN standing t ON t.activity_id = a.id AND t.learner_id = n.learner_id
        WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL AND e.state = 'active'
          -- What was completed in an earlier session counts unless the activity is meant to be taken again.
          AND (a.several_sessions OR t.status IS DISTINCT FROM 'completed')
          AND (n.kind <> 'due_changed' OR e.due_at IS NOT NULL)
        ORDER BY n.message_id, s.starts_at NULLS LAST, a.title, s.id
        """,
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


def _asked_by(row: Any) -> list[Why]:
    """Who had them reminded, and in what words."""
    if row["kind"] != "nudged":
        return []
    asked = [Why("nudged_by", row["by_name"])] if row["by_name"] else []
    return [*asked, Why("note", row["note"])] if row["note"] else asked


async def _reasons(learner_ids: list[int], session_ids: list[int]) -> dict[tuple[int, int], list[Why]]:
    """Per (learner, session) why they are enrolled: one reason for each method that holds them there."""
    rows = await fetch(
        """
        SELECT DISTINCT o.learner_id, o.session_id, em.id, em.kind, em.name, em.visible,
               trim(concat_ws(' ', nullif(by.first_name, ''), nullif(by.last_name, ''))) AS by_name,
               g.name AS group_name, g.private, a.title AS after
        FROM unnest($1::integer[], $2::integer[]) AS w(learner_id, session_id)
        JOIN source o ON o.learner_id = w.learner_id AND o.session_id = w.session_id AND o.until IS NULL
        JOIN enrollment_method em ON em.id = o.method_id
        LEFT JOIN run r ON r.id = o.run_id
        LEFT JOIN learner by ON by.id = r.actor_id
        LEFT JOIN learner_group g ON g.id = em.group_id
        LEFT JOIN activity a ON a.id = em.after_activity_id
        ORDER BY em.id
        """,
        learner_ids,
        session_ids,
    )
    reasons: dict[tuple[int, int], list[Why]] = defaultdict(list)
    for row in rows:
        reasons[row["learner_id"], row["session_id"]].append(_why(row))
    return reasons


def _why(row: Any) -> Why:
    """What may be told to the enrolled person: no method that is hidden from learners, and no segment, which is for staff."""
    if not row["visible"]:
        return Why("organisation")
    match row["kind"]:
        case "manual":
            return Why("manual_by", row["by_name"]) if row["by_name"] else Why("manual")
        case "audience" | "segment":
            return Why("audience", row["name"]) if row["name"] else Why("audience_unnamed")
        case "group":
            return Why("group_private") if row["private"] else Why("group", row["group_name"] or row["name"])
        case "chain":
            return Why("chain", row["after"] or row["name"])
        case kind:
            return Why(kind)


def _previewed(heads: Sequence[Any], mail: MailSettings, now: datetime) -> dict[int, Invitation]:
    return {head["id"]: Invitation(f"{mail.base_url}/invite/…", now + INVITATION_LIFE) for head in heads}


async def _invitations(heads: Sequence[Any], mail: MailSettings, now: datetime) -> dict[int, Invitation]:
    """A token each; the table keeps only its hash, the message the token itself until it is sent."""
    expires_at = now + INVITATION_LIFE
    tokens = {head["id"]: secrets.token_urlsafe(32) for head in heads}
    await execute(
        """
        INSERT INTO invitation (token_hash, learner_id, created_at, expires_at)
        SELECT h, l, $3, $4 FROM unnest($1::bytea[], $2::integer[]) AS w(h, l)
        """,
        [hashlib.sha256(token.encode()).digest() for token in tokens.values()],
        [head["learner_id"] for head in heads],
        now,
        expires_at,
    )
    return {
        message_id: Invitation(f"{mail.base_url}/invite/{token}", expires_at)
        for message_id, token in tokens.items()
    }


async def _alerts(message_ids: Sequence[int], mail: MailSettings) -> dict[int, Alert]:
    """The first alert of each message whose method is still held or frozen, or of a run that was given up."""
    rows = await fetch(
        f"""
        WITH held AS MATERIALIZED (
            SELECT r.id, f.figures FROM run r CROSS JOIN LATERAL (SELECT to_jsonb(f) AS figures FROM ({FIGURES}) AS f) AS f
            WHERE r.id IN (SELECT run_id FROM notice WHERE message_id = ANY($1::bigint[]) AND kind = 'held')
        )
        SELECT DISTINCT ON (n.message_id) n.message_id, n.kind, n.run_id, n.session_id, em.name AS method,
               em.state_cause, em.state_details, s.name AS session,
               l.language, l.is_admin, o.language AS organisation_language, coalesce(h.figures, '{{}}') AS figures
        FROM notice n
        CROSS JOIN organisation o
        JOIN learner l ON l.id = n.learner_id
        JOIN enrollment_method em ON em.id = n.method_id AND (em.state = n.kind OR n.kind = 'failed')
        JOIN session s ON s.id = n.session_id
        LEFT JOIN held h ON h.id = n.run_id
        WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL
        ORDER BY n.message_id, n.id
        """,
        list(message_ids),
    )
    return {
        row["message_id"]: Alert(
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
        for row in rows
    }


def _why_frozen(row: Any) -> str:
    """In the addressee's language; what exactly is wrong with the rule may be named to admins alone."""
    details = row["state_details"] if row["is_admin"] else None
    language = language_of(row["language"], row["organisation_language"])
    return state_sentence(row["state_cause"], details, language)
