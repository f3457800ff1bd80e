"""What waits for whom, counted, listed, and pushed when it changes."""

import asyncio
from typing import Any

from backend.database import fetch
from tests.harness.system import System
from tests.live.client import live_socket


async def counted(client: Any) -> dict[str, int]:
    answer = await client.get("/needs-you")
    assert answer.status_code == 200, answer.text
    return {kind: number for kind, number in answer.json().items() if number}


async def listed(client: Any, kind: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/needs-you/{kind}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_what_waits_is_counted_and_listed_for_each_role(system: System) -> None:
    group, far = await system.group("Sales"), await system.group("Far")
    for email, where, role in (("coach@example.org", group, "coach"), ("other@example.org", far, "coach")):
        await system.join(where, await system.person(email), role=role)
    coach, other = await system.client("coach@example.org"), await system.client("other@example.org")
    people = await system.people(12, group)
    activity = await system.activity()
    first = await system.session(activity, group_id=group, fuse_count=3, fuse_percent=1)
    second = await system.session(activity, group_id=group, name="Autumn")
    method = (await system.enroll_group(first, group, client=coach, name="All of Sales"))["method_id"]
    wide = {"blocks": [{"everyone": True, "filters": [{"type": "group", "op": "in", "groups": [far]}]}]}
    frozen = (await system.apply(first, kind="audience", rule=wide, dynamic=True))["method_id"]
    assert await counted(system.admin) == {}
    await system.apply(second, kind="audience", rule={"include": people[:2]}, dynamic=True)
    await system.write(
        "UPDATE enrollment_method SET state = 'frozen', version = version + 1 WHERE id = $1", frozen
    )
    await system.leave(group, *people[:6])
    await system.settled()
    assert await counted(system.admin) == {"held_removals": 1, "blocked": 1, "frozen": 1}
    # The coach decides about their own method; what reaches beyond their group is not theirs.
    assert await counted(coach) == {"held_removals": 1, "blocked": 1}
    assert await counted(other) == {}
    (held,) = await listed(coach, "held_removals")
    assert (held["method_id"], held["method_name"], held["people"]) == (method, "All of Sales", 6)
    (blocked,) = await listed(coach, "blocked")
    assert (blocked["session_id"], blocked["people"]) == (second, 2)
    assert await listed(other, "held_removals") == []
    (why,) = await listed(system.admin, "frozen")
    assert why["method_id"] == frozen
    assert (await coach.get("/needs-you/nothing")).status_code == 404
    decided = await coach.post(f"/runs/{held['run_id']}/reject", json={"reason": "a mistake"})
    assert decided.status_code == 200, decided.text
    await system.settled()
    assert await counted(coach) == {"frozen": 1, "blocked": 1}
    sheet = {"file": ("people.csv", b"email\nx@example.org\n")}
    await system.admin.post("/imports", files=sheet, data={"kind": "learners"})
    await system.write("UPDATE import_job SET state = 'ready'")
    assert (await counted(system.admin))["imports"] == 1
    assert "imports" not in await counted(coach)


async def test_whoever_may_decide_is_told_once_an_hour_of_what_is_theirs(system: System) -> None:
    group, doomed = await system.group("Sales"), await system.group("Doomed")
    staff = {}
    for name in ("coach", "below", "former", "instructor", "stranger"):
        staff[name] = await system.person(f"{name}@example.org")
    await system.join(group, staff["coach"], staff["former"], role="coach")
    await system.join(await system.group("Part of Sales", group), staff["below"], role="admin")
    await system.join(doomed, staff["stranger"], role="coach")
    people = await system.people(12, group)
    for number in (1, 2):
        session = await system.session(group_id=group, name=f"Term {number}", fuse_count=3, fuse_percent=1)
        await system.write("INSERT INTO session_instructor VALUES ($1, $2)", session, staff["instructor"])
        await system.enroll_group(session, group, name=f"All of Sales {number}")
    wide = {"blocks": [{"groups": [group, doomed]}]}
    third = await system.session(group_id=group)
    await system.apply(third, kind="audience", rule=wide, dynamic=True, name="Far and wide")
    await system.settled()
    await system.leave(group, *people[:6])
    await system.write("DELETE FROM learner_group WHERE id = $1", doomed)
    await system.settled()
    told = await fetch(
        "SELECT l.email, m.id, array_agg(n.kind ORDER BY n.kind) AS kinds, extract(minute FROM m.due_at)::integer AS minute"
        " FROM message m JOIN notice n ON n.message_id = m.id JOIN learner l ON l.id = n.learner_id"
        " WHERE m.kind = 'alert' GROUP BY l.email, m.id"
    )
    # An instructor who leads none of its people decides about nothing here, nor does who leads a part of them.
    assert {row["email"]: (row["kinds"], row["minute"]) for row in told} == {
        "root@example.org": (["frozen", "held", "held"], 0),
        "coach@example.org": (["held", "held"], 0),
        "former@example.org": (["held", "held"], 0),
    }
    await system.leave(group, staff["former"])
    texts = {}
    for row in told:
        texts[row["email"]] = (await system.admin.get(f"/outbox/{row['id']}")).json()["text"] or ""
    named = [name in texts["coach@example.org"] for name in ("Term 1", "Term 2", "wide")]
    assert named == [True, True, False]
    assert "Far and wide" in texts["root@example.org"]
    # Whoever is of the staff no longer when the mail goes out hears nothing.
    assert "Term" not in texts["former@example.org"]


async def test_what_waits_is_pushed(system: System) -> None:
    group = await system.group()
    people = await system.people(8, group)
    session = await system.session(fuse_count=3, fuse_percent=1)
    await system.enroll_group(session, group)
    await system.settled()
    token = (await system.admin.post("/tokens", json={"name": "t", "scopes": ["read"]})).json()["token"]
    address = system.address.replace("http", "ws") + "/api/v1/live"
    async with live_socket(address, token) as socket:
        await socket.send("watch", id="m", topic="me")

        def told(kind: str, number: int) -> Any:
            return lambda frame: frame["type"] == "state" and frame["data"]["needs_you"][kind] == number

        await socket.until(told("held_removals", 0))
        await system.leave(group, *people[:5])
        await socket.until(told("held_removals", 1))
        (held,) = await listed(system.admin, "held_removals")
        _, frame = await asyncio.gather(
            system.admin.post(f"/runs/{held['run_id']}/reject", json={"reason": "a mistake"}),
            socket.until(lambda frame: told("held_removals", 0)(frame) and told("frozen", 1)(frame)),
        )
        assert frame["data"]["id"] == system.admin_id
