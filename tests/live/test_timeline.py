"""The board's lines over time."""

from backend.database import execute
from tests.harness.system import System


async def points(system: System, session: int, days: int) -> list[tuple[int, int]]:
    answer = await system.admin.get(f"/sessions/{session}/timeline", params={"days": days})
    return [(point["enrolled"], point["completed"]) for point in answer.json()]


async def test_never_more_completed_than_enrolled(system: System) -> None:
    group = await system.group()
    early, late, never = await system.people(3, group)
    activity = await system.activity()
    session = await system.session(activity)
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, started_at, completed_at)"
        " VALUES ($1, $2, 'completed', muster_now() - interval '40 days', muster_now() - interval '30 days')",
        early, activity,
    )  # fmt: skip
    await system.enroll_group(session, group)
    await system.settled()
    assert await points(system, session, 60) == [(0, 0)] * 59 + [(3, 1)]
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
    assert await points(system, session, 13) == (
        [(0, 0)] * 2 + [(3, 1)] * 5 + [(2, 1)] * 3 + [(2, 2)] * 3
    )  # fmt: skip
    assert await points(system, session, 2) == [(2, 2)] * 2
