"""What a plan warns of: nothing that is refused, but much that is seldom meant."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import msgspec
from asyncpg import Record
from babel.dates import format_date

from backend.enrollment.follow_modes import is_running
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.enrollment.planning import Plan
from backend.rules.value_words import number_in_words
from backend.runtime import clock
from backend.schemas.enrollment.plans import PlanWarning, WarningCode
from backend.services.audiences.rule_pins import PinRow, pinned_names
from backend.services.enrollment.drafts.inner_activities import Inside
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.words import Message, spoken_language

_WARNINGS: dict[WarningCode, Message] = {
    "session_ended": Message(
        "This session has ended: nobody is told, and a dynamic audience no longer follows changes."
    ),
    "nobody": Message("Nobody matches this audience now."),
    "erases": Message("The progress of {count} people in this session will be erased."),
    "many": Message(
        "More than {number} people would be enrolled in this session. That works; several sessions are easier to look after: "
        "consider a session for each part of them."
    ),
    "excluded": Message(
        "Left out of this session by name: {excluded} of these people. Lift that first if they are to be enrolled."
    ),
    "not_started": Message("This method starts on {begins}: it enrolls nobody before that."),
    "over": Message("This method ended on {over}: it holds nobody any more."),
    "inner_entries": Message("Steps inside this path enroll some of them, too: {inner}."),
    "inner_waiting": Message(
        "Steps inside this path need a session first, and wait until somebody chooses one: {waiting}."
    ),
    "broken_pins": Message(
        "Pinned people would not be where they must be: {pins}. Applying this has to say that it is meant."
    ),
    "over_capacity": Message(
        "The session has {capacity} places, and {after} people would be enrolled: nobody is left out, and nobody moves up before there are places."
    ),
    "inactive": Message("The method is switched off: nobody enters or leaves."),
    "due_missing": Message(
        "{missing} of these people have no date in “{field}”: by this method they have no due date."
    ),
    "due_in_past": Message("It is due on {due}, which has passed: whoever is enrolled is overdue at once."),
    "due_before_start": Message("It is due on {due}, before the session starts on {starts}."),
    "due_after_end": Message("It is due on {due}, after the session ends on {ends}."),
    "due_days_before_start": Message(
        "Who is enrolled now is due on {due}, before the session starts on {starts}."
    ),
    "due_days_after_end": Message("Who is enrolled now is due on {due}, after the session ends on {ends}."),
}

# Up to here the request puts everybody into one session, and advises to divide more; Muster enrolls any number.
MANY = 60_000

_INNER: tuple[tuple[WarningCode, str, bool], ...] = (
    ("inner_entries", "inner", True),
    ("inner_waiting", "waiting", False),
)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """When it is, where, and who reads."""

    now: datetime
    timezone: str
    language: str
    # How many are enrolled in the session now, as far as the reader may know; 0 where they may not.
    enrolled: int = 0
    # The field by which they are due, and how many of those who are to be held have no date in it.
    field: str = ""
    missing: int = 0


def warnings_of(  # noqa: PLR0913, PLR0917 - all that a plan is made of
    session: Record,
    draft: MethodDraft,
    made: Plan,
    context: Context,
    inside: Sequence[Inside] = (),
    broken: Sequence[PinRow] = (),
) -> list[PlanWarning]:
    """The warnings of a plan, the most important first, in the reader's language."""
    language = spoken_language(context.language)
    told: dict[str, Any] = {
        "count": len(made.leaving),
        "excluded": len(made.excluded),
        "number": number_in_words(MANY, language),
        "field": context.field,
        "missing": number_in_words(context.missing, language),
        "capacity": number_in_words(session["capacity"] or 0, language),
        "after": number_in_words(_enrolled_after(made, context), language),
        "due": _told(due_at(draft, context), context, language),
        "begins": _told(draft.starts_at, context, language),
        "over": _told(draft.ends_at, context, language),
        "starts": _told(session["starts_at"], context, language),
        "ends": _told(session["ends_at"], context, language),
    }
    codes = [*_codes(session, draft, made, context)]
    if broken:
        codes.insert(0, "broken_pins")
        told["pins"] = pinned_names(broken).render(language)
    for code, slot, follows in _INNER:
        some = _inner_counts(made, [one for one in inside if (one.method is not None) is follows], language)
        if some:
            told[slot] = some
            codes.append(code)
    return [PlanWarning(code=code, message=_WARNINGS[code].render(language, **told)) for code in codes]


def _enrolled_after(made: Plan, context: Context) -> int:
    return context.enrolled + len(made.entering) - len(made.leaving)


def _inner_counts(made: Plan, inside: Sequence[Inside], language: str) -> str:
    """How many of those who enter are in none of each activity's sessions: "Basics (12)"."""
    counts = {one.step.title: len(made.entering - one.inside) for one in inside}
    return ", ".join(
        f"{title} ({number_in_words(count, language)})" for title, count in counts.items() if count
    )


def _codes(session: Record, draft: MethodDraft, made: Plan, context: Context) -> Iterator[WarningCode]:
    if session["ends_at"] is not None and session["ends_at"] <= context.now:
        yield "session_ended"
    if draft.starts_at is not None and context.now < draft.starts_at:
        yield "not_started"
    elif not is_running(draft, context.now):
        yield "over"
    elif not (made.opening or made.staying or made.blocked) and not METHOD_KINDS[draft.kind].by_name:
        yield "nobody"
    if made.leaving and draft.on_leave == "erase":
        yield "erases"
    if _enrolled_then(made, context) > MANY and made.entering:
        yield "many"
    if made.excluded:
        yield "excluded"
    yield from _about_limits(session, made, context)
    if not draft.active:
        yield "inactive"
    yield from _about_due(session, draft, context)


def _enrolled_then(made: Plan, context: Context) -> int:
    """How many the session has once it is confirmed: at least those whom the method holds then."""
    held = len(made.opening) + len(made.staying)
    return max(held, context.enrolled + len(made.entering) - len(made.leaving))


def _about_limits(session: Record, made: Plan, context: Context) -> Iterator[WarningCode]:
    if made.entering and session["capacity"] and _enrolled_after(made, context) > session["capacity"]:
        yield "over_capacity"
    if context.missing:
        yield "due_missing"


def _about_due(session: Record, draft: MethodDraft, context: Context) -> Iterator[WarningCode]:
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


def due_at(draft: MethodDraft, context: Context) -> datetime | None:
    """When whoever is enrolled now is due; a number of days ends with the last of them on the organisation's clocks."""
    if draft.due_at is not None or draft.due_days is None:
        return draft.due_at
    day = _day(context.now, context) + timedelta(days=draft.due_days)
    return datetime.combine(day, time(23, 59, 59), clock.zone(context.timezone))


def _day(at: datetime, context: Context) -> Any:
    return clock.day_of(at, context.timezone)


def _told(at: datetime | None, context: Context, language: str) -> str:
    return "" if at is None else format_date(_day(at, context), "d MMMM y", locale=language)
