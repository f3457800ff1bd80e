"""How far somebody is, and the reminder that their coach has sent to them."""

from backend.database import fetch_value
from tests.harness.system import System


async def test_a_coach_sees_the_steps_and_reminds_once_a_day(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    coach = await system.person("cora@people.example", first_name="Cora", last_name="Coach")
    await system.join(group, coach, role="coach")
    activity = await system.activity("First aid", kind="course")
    for position, title in enumerate(("Look", "Call")):
        await system.write(
            "INSERT INTO step (activity_id, position, kind, title) VALUES ($1, $2, 'content', $3)",
            activity,
            position,
            title,
        )
    session = await system.session(activity, group_id=group)
    await system.enroll_group(session, group)
    row = await system.enrollment(session, person)
    client = await system.client("cora@people.example")

    one = (await client.get(f"/enrollments/{row['id']}")).json()
    assert (one["learner"]["id"], one["session_id"], len(one["sources"])) == (person, session, 1)
    seen = (await client.get(f"/enrollments/{row['id']}/progress")).json()
    assert [(step["title"], step["status"]) for step in seen["steps"]] == [
        ("Look", "not_started"),
        ("Call", "not_started"),
    ]
    assert seen["nudged_at"] is None

    answer = await client.post(f"/enrollments/{row['id']}/nudge", json={"note": "Before Friday, please"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["nudged_at"] is not None
    again = await client.post(f"/enrollments/{row['id']}/nudge")
    assert again.status_code == 409, again.text
    assert (
        await fetch_value(
            "SELECT count(*) FROM notice WHERE kind = 'nudged' AND learner_id = $1 AND session_id = $2",
            person,
            session,
        )
        == 1
    )
    message = await fetch_value("SELECT message_id FROM notice WHERE kind = 'nudged'")
    shown = (await system.admin.get(f"/outbox/{message}")).json()
    assert shown["subject"] == "A reminder of First aid"
    assert "Cora Coach asked us to remind you." in shown["text"]
    assert "“Before Friday, please”" in shown["text"]


async def test_nobody_is_reminded_of_what_is_done_or_by_strangers(system: System) -> None:
    (person,) = await system.people(1)
    await system.person("stranger@people.example")
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [person]}, dynamic=False)
    row = await system.enrollment(session, person)
    stranger = await system.client("stranger@people.example")
    assert (await stranger.get(f"/enrollments/{row['id']}")).status_code == 404
    assert (await stranger.get(f"/enrollments/{row['id']}/progress")).status_code == 404
    assert (await stranger.post(f"/enrollments/{row['id']}/nudge")).status_code == 404
    await system.admin.post(f"/enrollments/{row['id']}/suspend")
    assert (await system.admin.post(f"/enrollments/{row['id']}/nudge")).status_code == 409
    assert await fetch_value("SELECT count(*) FROM notice WHERE kind = 'nudged'") == 0
