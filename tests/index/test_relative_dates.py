"""Dates told from today: which days are meant, anniversaries of 29 February, and that time moves people."""

from datetime import date, timedelta
from typing import Any

import pytest

from backend.index import FacetIndex
from backend.rules import Block, FieldFilter, Rule
from tests import naive

DAY = date(2026, 3, 1)


def world_of(*values: str) -> naive.World:
    """Somebody for each value of a date field, numbered from 1."""
    world = naive.World()
    world.put("field", 1, {"key": "hired", "name": "Hired", "type": "date"})
    for learner, value in enumerate(values, 1):
        world.set("status", learner, None, "active")
        world.set("added", learner, None, "2026-01-01T12:00:00+00:00")
        world.set("language", learner, None, "en")
        world.set("field", learner, 1, value)
    return world


def asked(op: Any, *days: int) -> Rule:
    return Rule([Block(everyone=True, filters=[FieldFilter(1, op, list(days))])])


@pytest.mark.parametrize(
    ("op", "days", "meant"),
    [
        ("today", [], [0]),
        ("last_days", [1], [0]),
        ("last_days", [3], [-2, -1, 0]),
        ("next_days", [1], [1]),
        ("next_days", [3], [1, 2, 3]),
        ("in_days", [0], [0]),
        ("in_days", [14], [14]),
    ],
)
def test_which_days_are_meant(op: str, days: list[int], meant: list[int]) -> None:
    around = range(-20, 21)
    index = world_of(*(str(DAY + timedelta(days=ahead)) for ahead in around)).index()
    people = index.evaluate(asked(op, *days), DAY)
    assert [around[learner - 1] for learner in people] == meant


@pytest.mark.parametrize(
    ("began", "within", "day", "holds"),
    [
        ("2024-03-01", 0, "2026-03-01", True),
        ("2024-03-02", 0, "2026-03-01", False),
        ("2024-03-02", 1, "2026-03-01", True),
        # Not the day itself, and nothing in the future.
        ("2026-03-01", 0, "2026-03-01", False),
        ("2027-03-01", 366, "2026-03-01", False),
        # Over the end of the year.
        ("2020-01-03", 10, "2025-12-28", True),
        ("2025-01-03", 10, "2025-12-28", True),
        ("2025-12-27", 10, "2025-12-28", False),
        # 29 February has it on the 28th, unless there is a 29th.
        ("2024-02-29", 0, "2026-02-28", True),
        ("2024-02-29", 0, "2026-03-01", False),
        ("2024-02-29", 3, "2026-02-25", True),
        ("2024-02-29", 2, "2026-02-25", False),
        ("2020-02-29", 0, "2024-02-28", False),
        ("2020-02-29", 0, "2024-02-29", True),
        ("2023-02-28", 0, "2024-02-28", True),
        ("2023-02-28", 0, "2024-02-29", False),
    ],
)
def test_anniversaries(began: str, within: int, day: str, holds: bool) -> None:
    index = world_of(began).index()
    found = index.evaluate(asked("anniversary_within_days", within), date.fromisoformat(day))
    assert (1 in found) is holds


async def test_time_alone_moves_people(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of("2026-03-03", "2020-03-04", "2024-02-29")
    index = world.index()
    rule = asked("in_days", 2)
    assert index.depends_on_time(rule)
    totals = await index.forecast(rule, DAY, DAY + timedelta(days=3))
    assert [one.total for one in totals] == [1, 0, 0, 0]
    yearly = await index.forecast(asked("anniversary_within_days", 1), DAY, DAY + timedelta(days=366))
    turned = [one.date for one, before in zip(yearly[1:], yearly, strict=False) if one.total != before.total]
    assert [str(day) for day in turned] == [
        "2026-03-03", "2026-03-05", "2027-02-27", "2027-03-01", "2027-03-02",
    ]  # fmt: skip


def test_a_stored_number_that_is_none_breaks_the_rule() -> None:
    index: FacetIndex = world_of("2026-03-03").index()
    wrong: list[list[Any]] = [[], ["2026-03-03"], [1, 2]]
    for values in wrong:
        assert [
            one.code
            for one in index.check(Rule([Block(everyone=True, filters=[FieldFilter(1, "in_days", values)])]))
        ]
