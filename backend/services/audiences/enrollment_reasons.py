"""Why people are enrolled, told to themselves: by mail and in their catalog alike, and nothing that is hidden from them."""

from collections.abc import Sequence

from asyncpg import Record

from backend.database import fetch
from backend.enrollment.method_kinds import METHOD_KINDS, ReasonNames
from backend.mail.envelope import one_line
from backend.rules.value_words import day_in_words
from backend.services.audiences import statements
from backend.words import Message, joined, spoken_language

BY_ORGANISATION = Message("Your organisation enrolled you.")


async def what_holds(learner_ids: Sequence[int], session_ids: Sequence[int | None]) -> list[Record]:
    """Of each person in each session, or in all of theirs, the methods that hold them: the longest first."""
    return await fetch(statements.HOLDING, list(learner_ids), list(session_ids))


def why_enrolled(holding: Record, among: str = "", language: str | None = None) -> Message:
    """Why a row of `what_holds` does; `among`: what of its rule covers the person, where the caller can tell.

    Days are told in `language`, the person's own if there is none. Of a method that is hidden from learners, that the organisation enrolled them.
    """
    if not holding["visible"]:
        return BY_ORGANISATION
    names = ReasonNames(
        method=one_line(holding["name"]),
        by=one_line(holding["by_name"]),
        group="" if holding["is_private"] else one_line(holding["group_name"] or ""),
        is_private=bool(holding["is_private"]),
        after=one_line(holding["after"] or ""),
        among=among,
    )
    reason = METHOD_KINDS[holding["kind"]].reason(names)
    if holding["ends_on"] is None:
        return reason
    day = day_in_words(holding["ends_on"].isoformat(), spoken_language(language or holding["language"]))
    return joined(" ", [reason, Message("That ends on {day}.", day=day)])
