# ruff: noqa: C901, PLR0911, PLR0912 - one plain line a case is what makes it believable
"""Who is in an audience, by loops. Written from the semantics alone, without a look at the index."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from backend.rules import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    AtLeastFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    PersonFilter,
    Rule,
    SegmentFilter,
)
from tests.naive.world import World


def audience(world: World, rule: Rule, day: date) -> set[int]:
    """The people of a rule on a day."""
    return {learner for learner in world.learners() if in_rule(world, rule, learner, day)}


def audience_of_block(world: World, block: Block, day: date) -> set[int]:
    """The countable people of a block on a day."""
    return {
        learner
        for learner in world.learners()
        if counts(world, learner) and in_block(world, block, learner, day)
    }


def in_rule(world: World, rule: Rule, learner: int, day: date) -> bool:
    if not counts(world, learner) or learner in rule.exclude:
        return False
    return learner in rule.include or any(in_block(world, block, learner, day) for block in rule.blocks)


def counts(world: World, learner: int) -> bool:
    return world.fact("status", learner) in ("invited", "active")


def in_block(world: World, block: Block, learner: int, day: date) -> bool:
    if not block.everyone and not in_groups(world, block.groups, block.subgroups, learner):
        return False
    return all(holds(world, found, learner, day) for found in block.filters)


def in_groups(world: World, groups: list[Any], subgroups: bool, learner: int) -> bool:
    for group in world.table("learner_group"):
        if world.fact("membership", learner, group) is None:
            continue
        above = [group]
        while subgroups and world.table("learner_group").get(above[-1], {}).get("parent_id") is not None:
            above.append(world.table("learner_group")[above[-1]]["parent_id"])
        if any(found in groups for found in above):
            return True
    return False


def fact_day(world: World, instant: str) -> date:
    """The calendar day of an instant where the organisation is."""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(world.timezone)).date()


# Filter types that a test makes known, each with its own plain answer.
OTHERS: dict[type[Filter], Callable[[World, Any, int, date], bool]] = {}


def holds(world: World, found: Filter, learner: int, day: date) -> bool:
    """Whether a filter holds for a learner on a day."""
    match found:
        case AllFilter():
            return all(holds(world, inner, learner, day) for inner in found.of)
        case AnyFilter():
            return any(holds(world, inner, learner, day) for inner in found.of)
        case NoneFilter():
            return not any(holds(world, inner, learner, day) for inner in found.of)
        case AtLeastFilter():
            return len([inner for inner in found.of if holds(world, inner, learner, day)]) >= found.count
        case PersonFilter():
            return (learner in found.learners) is (found.op == "in")
        case FieldFilter():
            return field_holds(world, found, learner, day)
        case GroupFilter():
            return in_groups(world, found.groups, found.subgroups, learner) is (found.op == "in")
        case PathResultFilter():
            wanted = found.status.removeprefix("not_")
            if found.days_ago or found.since:
                reached = [reached_in_time(world, found, learner, path, day) for path in found.paths]
                return any(reached) if found.match == "any" else all(reached)
            each = [
                standing(world, wanted, learner, path) is (wanted == found.status) for path in found.paths
            ]
            return any(each) if found.match == "any" else all(each)
        case CertificateFilter():
            each = [certificate_holds(world, found, learner, c, day) for c in found.certificates]
            return any(each) if found.match == "any" else all(each)
        case LanguageFilter():
            return (world.fact("language", learner) in found.values) is (found.op == "in")
        case AddedFilter():
            return added_holds(world, found, learner, day)
        case ManagerFilter(op="is_manager"):
            return any(world.fact("manager", other) == learner for other in world.learners())
        case ManagerFilter():
            return managed(world, found, learner) is (found.op == "in")
        case SegmentFilter():
            rules = [world.table("segment")[segment]["rule"] for segment in found.segments]
            return any(in_rule(world, rule_from(rule), learner, day) for rule in rules) is (found.op == "in")
        case _:
            return OTHERS[type(found)](world, found, learner, day)


def rule_from(row: Any) -> Rule:
    return msgspec.convert(row, Rule)


def field_holds(world: World, found: FieldFilter, learner: int, day: date) -> bool:
    value = world.fact("field", learner, found.field)  # type: ignore[arg-type]
    if value == "":
        value = None
    wanted: list[Any] = found.values
    if found.op == "is_empty":
        return value is None
    if found.op == "not_in":
        return value not in wanted
    if value is None:
        return False
    answers: dict[str, Callable[[], bool]] = {
        "is_set": lambda: True,
        "in": lambda: value in wanted,
        "lt": lambda: value < wanted[0],
        "lte": lambda: value <= wanted[0],
        "gt": lambda: value > wanted[0],
        "gte": lambda: value >= wanted[0],
        "between": lambda: wanted[0] <= value <= wanted[1],
        "contains": lambda: any(part.casefold() in value.casefold() for part in wanted),
        "starts_with": lambda: any(value.casefold().startswith(part.casefold()) for part in wanted),
        "today": lambda: value == str(day),
        "last_days": lambda: any(value == str(day - timedelta(days=ago)) for ago in range(wanted[0])),
        "next_days": lambda: any(value == str(day + timedelta(days=i + 1)) for i in range(wanted[0])),
        "in_days": lambda: value == str(day + timedelta(days=wanted[0])),
        "anniversary_within_days": lambda: any(
            is_anniversary(date.fromisoformat(value), day + timedelta(days=i)) for i in range(wanted[0] + 1)
        ),
    }
    return answers[found.op]()


def is_anniversary(began: date, day: date) -> bool:
    """Whether `began` was some years before `day`; who began on 29 February has it on the 28th where there is no 29th."""
    if day.year <= began.year:
        return False
    ends_february = (day + timedelta(days=1)).month == 3 and day.month == 2
    on_leap_day = (began.month, began.day) == (2, 29) and ends_february
    return (began.month, began.day) == (day.month, day.day) or on_leap_day


def standing(world: World, wanted: str, learner: int, activity: Any) -> bool:
    if wanted == "enrolled":
        return any(
            row["activity_id"] == activity
            and (world.fact("enrollment", learner, session) or ["none"])[0]
            in ("active", "completed", "suspended")
            for session, row in world.table("session").items()
        )
    result = world.fact("result", learner, activity)
    if result is None:
        return False
    status, successful, *_ = result
    return bool({"started": True, "completed": status == "completed", "successful": successful}[wanted])


def reached_in_time(world: World, found: PathResultFilter, learner: int, activity: Any, day: date) -> bool:
    result = world.fact("result", learner, activity) or []
    at = dict(zip(("completed", "successful"), result[3:5], strict=False)).get(found.status)
    if at is None:
        return False
    reached = fact_day(world, at)
    waited = not found.days_ago or reached + timedelta(days=found.days_ago) <= day
    return waited and (found.since is None or reached >= found.since)


def certificate_holds(
    world: World, found: CertificateFilter, learner: int, certificate: Any, day: date
) -> bool:
    award = world.fact("award", learner, certificate)
    if award is None:
        return found.status == "not_obtained"
    _, expires = award
    valid = expires is None or day < fact_day(world, expires)
    match found.status:
        case "valid":
            return valid
        case "expired":
            return not valid
        case "expiring":
            days = 30 if found.days is None else found.days
            return valid and expires is not None and fact_day(world, expires) <= day + timedelta(days=days)
        case _:
            return False


def added_holds(world: World, found: AddedFilter, learner: int, day: date) -> bool:
    added = fact_day(world, world.fact("added", learner))
    if found.op == "last_days":
        days = int(found.values[0])
        return any(added == day - timedelta(days=ago) for ago in range(days))
    given = [date.fromisoformat(str(value)) for value in found.values]
    if found.op == "before":
        return added < given[0]
    if found.op == "after":
        return added > given[0]
    return given[0] <= added <= given[1]


def managed(world: World, found: ManagerFilter, learner: int) -> bool:
    boss = world.fact("manager", learner)
    seen: list[int] = []
    while boss is not None and boss not in seen:
        if boss in found.managers:
            return True
        if not found.indirect:
            return False
        seen.append(boss)
        boss = world.fact("manager", boss)
    return False
