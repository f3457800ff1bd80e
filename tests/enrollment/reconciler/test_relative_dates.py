"""A rule about dates told from today enrolls and lets go as days begin where the organisation is, without any change of facts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backend.runtime import clock
from tests.harness.system import System, until

ZONE = "Pacific/Auckland"
LIVE = "SELECT coalesce(array_agg(learner_id ORDER BY learner_id), '{}') FROM enrollment WHERE session_id = $1 AND state <> 'expired'"


@pytest.fixture(autouse=True)
def _restored_clock() -> Iterator[None]:
    yield
    clock.set_offset(timedelta(0))


async def test_a_new_day_moves_people(system: System) -> None:
    await system.write("UPDATE organisation SET timezone = $1", ZONE)
    await system.settled()
    body = {"name": "Hired", "key": "hired", "type": "date"}
    assert (await system.admin.post("/fields", json=body)).is_success
    group = await system.group()
    soon, later = await system.people(2, group)
    today = clock.today(ZONE)
    for learner, days in ((soon, 2), (later, 3)):
        fields = {"hired": str(today + timedelta(days=days))}
        answer = await system.admin.patch(f"/learners/{learner}", json={"fields": fields})
        assert answer.is_success, answer.text
    session = await system.session(fuse_count=1000)
    asked = {"type": "field", "field": "hired", "op": "in_days", "values": [2]}
    method: Any = {
        "kind": "audience",
        "dynamic": True,
        "rule": {"blocks": [{"groups": [group], "filters": [asked]}]},
    }
    await system.apply(session, **method)
    assert await system.enrolled(session) == {soon}
    clock.set_offset(timedelta(days=1))
    await until(LIVE, session, is_=[later])
