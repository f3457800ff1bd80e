"""The sessions of the demo organisation and who is enrolled in them, confirmed on several days of the past."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from backend.database import fetch_row, fetch_value
from backend.demo.learning import ROUNDS, Method, Round
from backend.demo.organisation import COACH
from backend.demo.past import days_ago
from backend.demo.structure import ensure_session
from backend.index import Follower
from backend.rules import Rule
from backend.runtime import clock
from backend.schemas.enrollment.plans import ApplyRequest, PlanRequest
from backend.schemas.learning.activities import Activity
from backend.schemas.learning.sessions import SessionInput
from backend.services.access.actor import SYSTEM
from backend.services.enrollment.plans import plans
from backend.services.mail import notices

# Results are written as of every so many days, which is what curves are made of.
STEP = 5


def days_of_change() -> list[int]:
    """How many days ago something happened, the earliest first: audiences were confirmed, and every few days people went on."""
    confirmed = {day for one in ROUNDS for method in one.methods for day in method.confirmed}
    return sorted(confirmed | set(range(0, max(confirmed), STEP)) - {0}, reverse=True)


async def enroll_on(
    day: int,
    follower: Follower,
    groups: Mapping[str, int],
    made: Mapping[str, Activity],
    named: Mapping[str, int],
) -> None:
    """Make the sessions whose audience somebody first confirmed `day` days ago, and confirm what was confirmed then."""
    for one in ROUNDS:
        for method in one.methods:
            if day not in method.confirmed:
                continue
            async with days_ago(day):
                session_id = await _session(one, day, groups, made)
            stage = len(method.blocks) - len(method.confirmed) + method.confirmed.index(day) + 1
            rule = _rule(method.blocks[:stage], groups, named)
            # Apart from the session, which the index sees once it is committed.
            async with days_ago(day):
                run_id = await _enroll(follower, session_id, method, rule)
                if run_id is not None and (one.starts is None or one.starts <= 0):
                    # The demo begins with people who have been told long ago.
                    await notices.cancel_for_run(run_id)


async def _session(one: Round, day: int, groups: Mapping[str, int], made: Mapping[str, Activity]) -> int:
    coach: int = await fetch_value("SELECT id FROM learner WHERE email = $1", COACH)
    session = msgspec.convert(
        {
            "activity_id": made[one.activity].id,
            "name": one.name,
            "external_id": one.external_id,
            "starts_at": _at(one.starts, day),
            "ends_at": _at(one.ends, day),
            "group_id": groups[one.group],
            "catalog": one.catalog,
            "instructor_ids": [coach],
        },
        SessionInput,
    )
    return await ensure_session(SYSTEM, session)


def _at(days: int | None, ago: int) -> datetime | None:
    """The morning `days` from today, on a clock that is `ago` days behind."""
    if days is None:
        return None
    return clock.start_of_day(clock.now().date() + timedelta(days=days + ago), "UTC") + timedelta(hours=8)


def _rule(blocks: Sequence[Mapping[str, Any]], groups: Mapping[str, int], named: Mapping[str, int]) -> Rule:
    return msgspec.convert(
        {
            "blocks": [
                {
                    "groups": [groups[name] for name in block["groups"]],
                    "filters": [_with_segments(one, named) for one in block["filters"]],
                }
                for block in blocks
            ]
        },
        Rule,
    )


async def _enroll(follower: Follower, session_id: int, method: Method, rule: Rule) -> int | None:
    """Plan and confirm the rule, as a person would, unless it has been; the run."""
    stored = await fetch_row(
        "SELECT id, jsonb_array_length(rule->'blocks') AS blocks FROM enrollment_method"
        " WHERE session_id = $1 AND name = $2 AND deleted_at IS NULL",
        session_id,
        method.name,
    )
    if stored is not None and stored["blocks"] >= len(rule.blocks):
        return None
    request = PlanRequest(
        method_id=None if stored is None else stored["id"],
        kind="audience",
        name=method.name,
        rule=rule,
        dynamic=method.dynamic,
        mandatory=method.mandatory,
        due_days=method.due_days,
    )
    plan = await plans.plan(SYSTEM, follower, session_id, request)
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    applied = await plans.apply(SYSTEM, follower, session_id, ApplyRequest(**fields, hash=plan.hash))
    return applied.run_id


def _with_segments(one: Mapping[str, Any], named: Mapping[str, int]) -> Mapping[str, Any]:
    if one["type"] != "segment":
        return one
    return {**one, "segments": [named[name] for name in one["segments"]]}
