"""The board's lines over time."""

from backend.database import execute
from tests.enrolling.house import House


async def points(house: House, session: int, days: int) -> list[tuple[int, int]]:
    answer = await house.admin.get(f"/sessions/{session}/timeline", params={"days": days})
    return [(point["enrolled"], point["completed"]) for point in answer.json()]


async def test_never_more_completed_than_enrolled(house: House) -> None:
    group = await house.group()
    early, late, never = await house.people(3, group)
    activity = await house.activity()
    session = await house.session(activity)
    await house.write(
        "INSERT INTO result (learner_id, activity_id, status, started_at, completed_at)"
        " VALUES ($1, $2, 'completed', muster_now() - interval '40 days', muster_now() - interval '30 days')",
        early, activity,
    )  # fmt: skip
    await house.enroll_group(session, group)
    await house.settled()
    assert await points(house, session, 60) == [(0, 0)] * 59 + [(3, 1)]
    await execute("UPDATE enrollment SET since = since - interval '10 days' WHERE session_id = $1", session)
    await execute(
        "UPDATE enrollment SET state = 'completed', completed_at = muster_now() - interval '2 days'"
        " WHERE learner_id = $1",
        late,
    )
    await execute(
        "UPDATE enrollment SET state = 'expired', until = muster_now() - interval '5 days' WHERE learner_id = $1",
        never,
    )
    assert await points(house, session, 13) == (
        [(0, 0)] * 2 + [(3, 1)] * 5 + [(2, 1)] * 3 + [(2, 2)] * 3
    )  # fmt: skip
    assert await points(house, session, 2) == [(2, 2)] * 2
