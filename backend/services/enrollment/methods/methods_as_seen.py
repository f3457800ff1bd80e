"""A method as somebody sees it: its sentence and figures, without what is sealed to them."""

from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import fetch
from backend.database.stored_json import stored_object
from backend.enrollment.state_causes import shown_details, state_sentence
from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.index.time_slices import TimeSlice
from backend.rules import InvalidRule, Rule, convert
from backend.schemas.enrollment import methods as wire
from backend.services.access.actor import Actor
from backend.services.audiences.visibility import AudienceScope
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.methods.method_sentences import sentence_steps
from backend.services.enrollment.rights.enrollment_rights import Permit

# What of a sealed method would tell whom it is about, or let somebody in.
SEALED: dict[str, Any] = dict.fromkeys(
    ("kind", "name", "segment_id", "group_id", "subgroups", "after_activity_id", "after_status", "course_group_id", "key", "open", "capacity", "opens_at", "closes_at", "enrollment_rule_id", "held_run_id",
     "state_cause", "state_details")
) | {"state_reason": ""}  # fmt: skip


async def method_as_seen(
    actor: Actor, index: FacetIndex, permit: Permit, session_id: int, method_id: int
) -> wire.Method:
    """One method of the session. Raises `NotFound`."""
    await method_row(session_id, method_id)
    (row,) = await fetch(method_statements.METHODS, session_id, method_id - 1, 1)
    return await row_as_seen(row, index, actor, permit, TimeSlice())


async def row_as_seen(
    row: Record, index: FacetIndex, actor: Actor, permit: Permit, time_slice: TimeSlice
) -> wire.Method:
    """A method's row in `METHODS`; of many in a row, in slices of their common time."""
    return await index.sliced(lambda: _steps(row, index, actor, permit), time_slice)


def _steps(row: Record, index: FacetIndex, actor: Actor, permit: Permit) -> Steps[wire.Method]:
    names = wire.Method.__struct_fields__
    stored = {name: row[name] for name in names if name in row and name != "rule"}
    # A stored rule of thousands of filters takes some milliseconds to read.
    yield
    draft, sight = stored_draft(row), permit.reader
    yield
    stored |= {"on_leave": draft.on_leave, "subgroups": draft.subgroups}
    stored |= {name: _seen(row[name], sight, index) for name in ("pins", "broken_pins")}
    editable = permit.opens(index, draft)
    yield
    sealed = sight.seals_method(row["kind"], row["rule"], index) or not permit.reads(index, draft)
    hidden = sight.hidden(index, index.groups)
    details = stored_object(row["state_details"])
    stored |= {
        "state_reason": state_sentence(row["state_cause"], details, actor.reads),
        "state_details": shown_details(details, actor.reads),
    }
    yield
    rule = sentence = None
    if sealed:
        stored |= SEALED | {"pins": 0, "broken_pins": 0}
    else:
        rule = _rule(row, sight, index)
        sentence = yield from sentence_steps(row, index, actor.reads, hidden)
    return wire.Method(
        **stored,
        rule=rule,
        sentence=sentence,
        people=index.sources(row["id"]).intersection_cardinality(index.countable),
        waiting=index.blocked_for(row["id"]).intersection_cardinality(index.countable),
        sealed=sealed,
        editable=editable and row["enrollment_rule_id"] is None,
    )


def _seen(people: list[int], sight: AudienceScope, index: FacetIndex) -> int:
    """How many of them the reader may see."""
    if sight.groups is None or not people:
        return len(people)
    return len(sight.people(index) & BitMap(people))


def _rule(row: Record, sight: AudienceScope, index: FacetIndex) -> Rule | None:
    """The rule, without people picked or left out by name whom the reader may not see."""
    try:
        return None if row["rule"] is None else sight.opened(convert(row["rule"]), index)
    except InvalidRule:
        return None
