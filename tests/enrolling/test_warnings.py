"""What a plan warns of, with codes for programs and words in the reader's language."""
# ruff: noqa: RUF001 - French is written with its own apostrophe

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.enrolling.house import House

NOW = datetime.now(UTC)


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("starts", "ends", "policy", "codes"),
    [
        (10, 20, {"due_at": at(15)}, []),
        (10, 20, {"due_at": at(20)}, []),
        (10, 20, {"due_at": at(5)}, ["due_before_start"]),
        (10, 20, {"due_at": at(25)}, ["due_after_end"]),
        (10, 20, {"due_at": at(-5)}, ["due_in_past", "due_before_start"]),
        (None, None, {"due_at": at(-5)}, ["due_in_past"]),
        (10, 20, {"due_days": 3}, ["due_days_before_start"]),
        (10, 20, {"due_days": 30}, ["due_days_after_end"]),
        (-20, -10, {"due_days": 3}, ["session_ended", "due_days_after_end"]),
        (None, None, {"due_days": 0}, []),
        (10, 20, {"active": False}, ["nobody", "inactive"]),
    ],
)
async def test_dates_that_cannot_be_met_are_warned_of(
    house: House, starts: int | None, ends: int | None, policy: dict[str, Any], codes: list[str]
) -> None:
    session = await house.session(
        starts_at=None if starts is None else NOW + timedelta(days=starts),
        ends_at=None if ends is None else NOW + timedelta(days=ends),
    )
    body = {"kind": "audience", "rule": {"include": [house.admin_id]}, **policy}
    plan = await house.plan(session, **body)
    assert [warning["code"] for warning in plan["warnings"]] == codes
    assert not any("{" in warning["message"] for warning in plan["warnings"])


async def test_warnings_are_told_in_the_reader_s_language(house: House) -> None:
    await house.write("UPDATE learner SET language = 'fr' WHERE id = $1", house.admin_id)
    session = await house.session(
        starts_at=datetime(2030, 3, 1, 12, tzinfo=UTC), ends_at=datetime(2030, 4, 1, tzinfo=UTC)
    )
    body: dict[str, Any] = {
        "kind": "audience",
        "rule": {"include": [house.admin_id]},
        "due_at": "2030-02-28T12:00:00Z",
    }
    (warning,) = (await house.plan(session, **body))["warnings"]
    assert (
        warning["message"] == "L’échéance du 28 février 2030 précède le début de la session, le 1 mars 2030."
    )
