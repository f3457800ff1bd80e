"""From what a message has to say to its subject, HTML and text. Pure: no database, no settings, no clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backend import clock
from backend.mail.envelope import one_line
from backend.mail.wording import WORDS, Words, language_of

# A message lists this many; more would be a wall nobody reads, and the catalog has them all.
MOST_LISTED = 50
# Mail programs cut subjects off much earlier; beyond this some servers refuse the header.
LONGEST_SUBJECT = 200

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["one_line"] = one_line


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads it, and the organisation it comes from (its time zone is the one dates are told in)."""

    first_name: str
    last_name: str
    language: str
    organisation: str
    organisation_language: str
    timezone: str


class Why(msgspec.Struct, frozen=True):
    """One reason for an enrollment: a key of `Words.why` with the name it mentions."""

    kind: str
    name: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One session in a message."""

    kind: Literal["enrolled", "due_changed", "nudged"]
    title: str
    session: str
    starts_at: datetime | None
    ends_at: datetime | None
    due_at: datetime | None
    mandatory: bool
    why: Sequence[Why]
    link: str


class Letter(msgspec.Struct, frozen=True):
    """All a person is owed at one moment."""

    items: Sequence[Item]


class Invitation(msgspec.Struct, frozen=True):
    """Come in and choose a password."""

    link: str
    expires_at: datetime


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something waits for a person. `figures` are what a held run would do to how many people, in the words of plans."""

    kind: Literal["held", "frozen", "failed"]
    method: str
    session: str
    figures: Mapping[str, int]
    reason: str
    link: str


class Rendered(msgspec.Struct, frozen=True):
    """What is sent and kept."""

    subject: str
    html: str
    text: str
    language: str


def render(content: Letter | Invitation | Alert, to: Recipient) -> Rendered:
    """The message in the recipient's language, or else the organisation's."""
    language = language_of(to.language, to.organisation_language)
    words = WORDS[language]
    name = one_line(to.first_name or to.last_name)
    context: dict[str, object] = {
        "words": words,
        "language": language,
        "hello": words.hello.format(name=name) if name else words.hello_nobody,
        "organisation": one_line(to.organisation),
    }
    if isinstance(content, Letter):
        template, subject, more = (
            "enrollment",
            _letter_subject(content, words),
            _letter(content, to, language),
        )
    elif isinstance(content, Invitation):
        template, (subject, more) = "invitation", _invitation(content, to, language)
    else:
        template, (subject, more) = "alert", _alert(content, words, language)
    context |= more
    return Rendered(
        one_line(subject)[:LONGEST_SUBJECT],
        _templates.get_template(f"{template}.html").render(context),
        _templates.get_template(f"{template}.txt").render(context).strip() + "\n",
        language,
    )


def _letter_subject(letter: Letter, words: Words) -> str:
    subjects = {
        "enrolled": (words.enrolled_one, words.enrolled_many),
        "due_changed": (words.changed_one, words.changed_many),
        "nudged": (words.nudged_one, words.nudged_many),
    }
    kind = next(kind for kind in subjects if any(item.kind == kind for item in letter.items))
    told = [item for item in letter.items if item.kind == kind]
    one, many = subjects[kind]
    return (
        one.format(title=told[0].title)
        if len({item.title for item in told}) == 1
        else many.format(count=len(told))
    )


def _letter(letter: Letter, to: Recipient, language: str) -> dict[str, object]:
    words = WORDS[language]

    def moment(instant: datetime | None) -> str | None:
        if instant is None:
            return None
        zone = clock.zone(to.timezone)
        said = format_datetime(instant, words.day_and_time, tzinfo=zone, locale=language)
        return f"{said} ({to.timezone.replace('_', ' ')})"

    sections = []
    left = MOST_LISTED
    leads = {"enrolled": words.enrolled_lead, "due_changed": words.changed_lead, "nudged": words.nudged_lead}
    for kind, lead in leads.items():
        rows = [
            {
                "title": one_line(item.title),
                "session": one_line(item.session),
                "facts": [
                    (label, said)
                    for label, said in (
                        (words.starts, moment(item.starts_at)),
                        (words.ends, moment(item.ends_at)),
                        (words.due, moment(item.due_at)),
                    )
                    if said is not None
                ],
                "mandatory": item.mandatory,
                "why": [words.why[why.kind].format(name=one_line(why.name)) for why in item.why],
                "link": item.link,
            }
            for item in letter.items
            if item.kind == kind
        ][:left]
        left -= len(rows)
        if rows:
            sections.append({"lead": lead, "rows": rows})
    unlisted = len(letter.items) - (MOST_LISTED - left)
    more = words.and_more.format(count=unlisted) if unlisted else None
    return {"sections": sections, "more": more}


def _invitation(invitation: Invitation, to: Recipient, language: str) -> tuple[str, dict[str, object]]:
    words = WORDS[language]
    day = format_date(clock.day_of(invitation.expires_at, to.timezone), "d MMMM y", locale=language)
    return words.invitation_subject.format(organisation=to.organisation), {
        "lead": words.invitation_lead.format(organisation=one_line(to.organisation)),
        "until": words.invitation_until.format(day=day),
        "link": invitation.link,
    }


def _figures(figures: Mapping[str, int], words: Words, language: str) -> str:
    """`35 people would lose access, 27 have completed and stay`."""
    return ", ".join(
        several[count > 1].format(count=format_decimal(count, locale=language))
        for name, several in words.held_figures.items()
        if (count := figures.get(name, 0))
    )


def _alert(alert: Alert, words: Words, language: str) -> tuple[str, dict[str, object]]:
    subject, lead = {
        "held": (words.held_subject, words.held_lead),
        "frozen": (words.frozen_subject, words.frozen_lead),
        "failed": (words.failed_subject, words.failed_lead),
    }[alert.kind]
    named = {
        "method": one_line(alert.method),
        "session": one_line(alert.session),
        "figures": _figures(alert.figures, words, language),
    }
    return subject.format(**named), {
        "lead": lead.format(**named),
        "reason": one_line(alert.reason),
        "link": alert.link,
    }
