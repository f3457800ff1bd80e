# ruff: noqa: RUF001 - French is written with its own apostrophe
"""What a plan warns of: nothing that is refused, but much that is seldom meant."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import msgspec
from asyncpg import Record
from babel.dates import format_date

from backend import clock
from backend.enrollment.planning import Plan
from backend.schemas.enrolling.plans import PlanWarning, WarningCode
from backend.services.method_drafts import BY_NAME, Draft

_WORDS: dict[str, dict[WarningCode, str]] = {
    "en": {
        "session_ended": "This session has ended: nobody is told, and a dynamic audience no longer follows changes.",
        "nobody": "Nobody matches this audience now.",
        "erases": "The progress of {count} people in this session will be erased.",
        "inactive": "The method is switched off: nobody enters or leaves.",
        "due_in_past": "It is due on {due}, which has passed: whoever is enrolled is overdue at once.",
        "due_before_start": "It is due on {due}, before the session starts on {starts}.",
        "due_after_end": "It is due on {due}, after the session ends on {ends}.",
        "due_days_before_start": "Who is enrolled now is due on {due}, before the session starts on {starts}.",
        "due_days_after_end": "Who is enrolled now is due on {due}, after the session ends on {ends}.",
    },
    "fr": {
        "session_ended": "Cette session est terminée : personne n’est prévenu, et une audience dynamique ne suit plus rien.",
        "nobody": "Personne ne correspond à cette audience en ce moment.",
        "erases": "La progression de {count} personnes dans cette session sera effacée.",
        "inactive": "La méthode est désactivée : personne n’entre ni ne part.",
        "due_in_past": "L’échéance du {due} est passée : les personnes inscrites sont en retard aussitôt.",
        "due_before_start": "L’échéance du {due} précède le début de la session, le {starts}.",
        "due_after_end": "L’échéance du {due} suit la fin de la session, le {ends}.",
        "due_days_before_start": "L’échéance de qui est inscrit maintenant, le {due}, précède le début de la session, le {starts}.",
        "due_days_after_end": "L’échéance de qui est inscrit maintenant, le {due}, suit la fin de la session, le {ends}.",
    },
}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """When it is, where, and who reads."""

    now: datetime
    timezone: str
    language: str


def warnings_of(session: Record, draft: Draft, made: Plan, context: Context) -> list[PlanWarning]:
    """The warnings of a plan, the most important first, in the reader's language."""
    language = "fr" if context.language.startswith("fr") else "en"
    told: dict[str, Any] = {
        "count": len(made.leaving),
        "due": _told(due_at(draft, context), context, language),
        "starts": _told(session["starts_at"], context, language),
        "ends": _told(session["ends_at"], context, language),
    }
    return [
        PlanWarning(code=code, message=_WORDS[language][code].format_map(told))
        for code in _codes(session, draft, made, context)
    ]


def _codes(session: Record, draft: Draft, made: Plan, context: Context) -> Iterator[WarningCode]:
    if session["ends_at"] is not None and session["ends_at"] <= context.now:
        yield "session_ended"
    if not (made.opening or made.staying or made.blocked) and draft.kind not in BY_NAME:
        yield "nobody"
    if made.leaving and draft.on_leave == "erase":
        yield "erases"
    if not draft.active:
        yield "inactive"
    yield from _about_due(session, draft, context)


def _about_due(session: Record, draft: Draft, context: Context) -> Iterator[WarningCode]:
    due = due_at(draft, context)
    if due is None:
        return
    by_days = draft.due_at is None
    if due < context.now:
        yield "due_in_past"
    if session["starts_at"] is not None and due < session["starts_at"]:
        yield "due_days_before_start" if by_days else "due_before_start"
    # The last day of a session is meant whole.
    if session["ends_at"] is not None and _day(due, context) > _day(session["ends_at"], context):
        yield "due_days_after_end" if by_days else "due_after_end"


def due_at(draft: Draft, context: Context) -> datetime | None:
    """When whoever is enrolled now is due; a number of days ends with the last of them on the organisation's clocks."""
    if draft.due_at is not None or draft.due_days is None:
        return draft.due_at
    day = _day(context.now, context) + timedelta(days=draft.due_days)
    return datetime.combine(day, time(23, 59, 59), clock.zone(context.timezone))


def _day(at: datetime, context: Context) -> Any:
    return clock.day_of(at, context.timezone)


def _told(at: datetime | None, context: Context, language: str) -> str:
    return "" if at is None else format_date(_day(at, context), "d MMMM y", locale=language)
