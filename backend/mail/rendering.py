"""From what a message has to say to its subject, HTML and text. Pure: no database, no settings, no clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backend.mail.envelope import one_line
from backend.mail.wording import DAY_AND_TIME, FIGURES, WORDS
from backend.runtime import clock
from backend.words import Message, spoken_language

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


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One session in a message."""

    kind: Literal["enrolled", "due_changed", "nudged"]
    title: str
    session: str
    starts_at: datetime | None
    ends_at: datetime | None
    due_at: datetime | None
    mandatory: bool
    why: Sequence[Message]
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

    kind: Literal["held", "frozen", "failed", "jumped", "proposed", "approved", "declined", "broken_pin"]
    # Of a proposal whoever made it.
    method: str
    session: str
    figures: Mapping[str, int]
    reason: str
    link: str


class Alerts(msgspec.Struct, frozen=True):
    """All that waits for one person at one moment; `link` is where it all stands."""

    alerts: Sequence[Alert]
    link: str


class Rendered(msgspec.Struct, frozen=True):
    """What is sent and kept."""

    subject: str
    html: str
    text: str
    language: str


def render(content: Letter | Invitation | Alerts, to: Recipient) -> Rendered:
    """The message in the recipient's language, or else the organisation's."""
    language = spoken_language(to.language, to.organisation_language)
    name = one_line(to.first_name or to.last_name)
    context: dict[str, object] = {
        # Those that templates say as they are.
        "words": {name: message.render(language) for name, message in WORDS.items()},
        "language": language,
        "hello": WORDS["hello" if name else "hello_nobody"].render(language, name=name),
        "organisation": one_line(to.organisation),
    }
    if isinstance(content, Letter):
        template, subject, more = (
            "enrollment",
            _letter_subject(content).render(language),
            _letter(content, to, language),
        )
    elif isinstance(content, Invitation):
        template, (subject, more) = "invitation", _invitation(content, to, language)
    else:
        template, (subject, more) = "alert", _alerts(content, language)
    context |= more
    return Rendered(
        one_line(subject)[:LONGEST_SUBJECT],
        _templates.get_template(f"{template}.html").render(context),
        _templates.get_template(f"{template}.txt").render(context).strip() + "\n",
        language,
    )


def _letter_subject(letter: Letter) -> Message:
    subjects = {"enrolled": "enrolled", "due_changed": "changed", "nudged": "nudged"}
    kind = next(kind for kind in subjects if any(item.kind == kind for item in letter.items))
    told = [item for item in letter.items if item.kind == kind]
    if len({item.title for item in told}) == 1:
        return WORDS[f"{subjects[kind]}_one"].fill(title=told[0].title)
    return WORDS[f"{subjects[kind]}_many"].fill(count=len(told))


def _letter(letter: Letter, to: Recipient, language: str) -> dict[str, object]:
    def moment(instant: datetime | None) -> str | None:
        if instant is None:
            return None
        zone = clock.zone(to.timezone)
        said = format_datetime(instant, DAY_AND_TIME, tzinfo=zone, locale=language)
        return f"{said} ({to.timezone.replace('_', ' ')})"

    sections = []
    left = MOST_LISTED
    leads = {"enrolled": "enrolled_lead", "due_changed": "changed_lead", "nudged": "nudged_lead"}
    for kind, lead in leads.items():
        rows = [
            {
                "title": one_line(item.title),
                "session": one_line(item.session),
                "facts": [
                    (WORDS[label].render(language), said)
                    for label, said in (
                        ("starts", moment(item.starts_at)),
                        ("ends", moment(item.ends_at)),
                        ("due", moment(item.due_at)),
                    )
                    if said is not None
                ],
                "mandatory": item.mandatory,
                "why": [why.render(language) for why in item.why],
                "link": item.link,
            }
            for item in letter.items
            if item.kind == kind
        ][:left]
        left -= len(rows)
        if rows:
            sections.append({"lead": WORDS[lead].render(language), "rows": rows})
    unlisted = len(letter.items) - (MOST_LISTED - left)
    more = WORDS["and_more"].render(language, count=unlisted) if unlisted else None
    return {"sections": sections, "more": more}


def _invitation(invitation: Invitation, to: Recipient, language: str) -> tuple[str, dict[str, object]]:
    day = format_date(clock.day_of(invitation.expires_at, to.timezone), "d MMMM y", locale=language)
    return WORDS["invitation_subject"].render(language, organisation=to.organisation), {
        "lead": WORDS["invitation_lead"].render(language, organisation=one_line(to.organisation)),
        "until": WORDS["invitation_until"].render(language, day=day),
        "link": invitation.link,
    }


def _figures(figures: Mapping[str, int], language: str) -> str:
    """`35 people would lose access, 27 have completed and stay`."""
    return ", ".join(
        said(count).render(language) for name, said in FIGURES.items() if (count := figures.get(name, 0))
    )


def _alerts(content: Alerts, language: str) -> tuple[str, dict[str, object]]:
    listed = [_alert(alert, language) for alert in content.alerts[:MOST_LISTED]]
    count = len(content.alerts)
    unlisted = count - len(listed)
    several = WORDS["several_subject"].render(language, count=count)
    return listed[0][0] if count == 1 else several, {
        "rows": [row for _, row in listed],
        "more": WORDS["and_more_waiting"].render(language, count=unlisted) if unlisted else None,
        "all": content.link if count > 1 else None,
    }


def _alert(alert: Alert, language: str) -> tuple[str, dict[str, object]]:
    named = {
        "method": one_line(alert.method),
        "session": one_line(alert.session),
        "figures": _figures(alert.figures, language),
    }
    return WORDS[f"{alert.kind}_subject"].render(language, **named), {
        "lead": WORDS[f"{alert.kind}_lead"].render(language, **named),
        "reason": one_line(alert.reason),
        "link": alert.link,
    }
