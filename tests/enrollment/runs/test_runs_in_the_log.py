"""Whatever enrolls, unenrolls or sets free does so as a run, which the log names of each change."""

from backend.database import fetch, fetch_value
from tests.harness.system import System

# Changes of enrollments, sources and of who waits, of which the log names no run, or one that does not know the person.
_NAMELESS = """
SELECT c.facet, c.old, c.new, l.id, c.run_id FROM change_log c
CROSS JOIN LATERAL unnest(coalesce(c.learners, ARRAY[c.learner_id])) AS l(id)
WHERE c.facet IN ('enrollment', 'source', 'blocked') AND NOT EXISTS (
    SELECT FROM each_run_change d WHERE d.run_id = c.run_id AND d.learner_id = l.id AND CASE c.facet
        WHEN 'blocked' THEN d.change = CASE WHEN c.new IS NULL THEN 'unblocked' ELSE 'blocked' END
        WHEN 'enrollment' THEN d.change = CASE WHEN coalesce(c.new->>0, 'expired') = 'expired' THEN 'left'
            WHEN coalesce(c.old->>0, 'expired') = 'expired' THEN 'entered'
            -- Whom one method more brings, or one less holds, may be due on another day.
            ELSE CASE WHEN c.old->>0 <> c.new->>0 THEN 'updated' ELSE d.change END END
        ELSE true END)
"""
MANY = 120


async def test_every_change_of_an_enrollment_names_its_run(system: System) -> None:
    activity = await system.activity()
    spring, summer, other = (
        await system.session(activity),
        await system.session(activity),
        await system.session(),
    )
    sales, paris, crowd = await system.group(), await system.group("Paris"), await system.group("Crowd")
    freed, released, stays = await system.people(3, sales)
    await system.people(MANY, crowd)
    await system.enroll_group(spring, sales)
    await system.enroll_group(summer, paris)
    # Two methods of one session, of which one lets go; and one that is due sooner than the other.
    await system.enroll_group(other, sales)
    await system.enroll_group(other, paris, due_days=3)
    large = await system.enroll_group(other, crowd)
    await system.join(paris, freed, released, stays)
    await system.settled()
    assert await fetch_value("SELECT count(*) FROM blocked") == 3
    await system.leave(paris, released)
    await system.leave(sales, freed)
    await system.settled()
    assert await system.enrolled(summer) == {freed}
    enrollment = (await system.enrollment(spring, stays))["id"]
    for act, body in (
        ("suspend", {}),
        ("resume", {}),
        ("extend", {"days": 30}),
        ("unenroll", {"reason": "Moved"}),
    ):
        answer = await system.post(f"/enrollments/{enrollment}/{act}", body)
        assert answer.status_code == 200, answer.text
    await system.settled()
    await system.post(f"/runs/{large['run_id']}/undo", {})
    unenrolled = await fetch_value("SELECT max(id) FROM run WHERE detail->>'act' = 'unenroll'")
    await system.post(f"/runs/{unenrolled}/undo", {})
    await system.settled()
    assert [dict(row) for row in await fetch(_NAMELESS)] == []
    # Also of many at once, and of those who were set free by a run of several.
    assert await fetch_value("SELECT count(*) FROM change_log WHERE learners IS NOT NULL") >= 2
    assert await fetch_value("SELECT count(*) FROM change_log WHERE facet = 'blocked' AND new IS NULL") == 3
