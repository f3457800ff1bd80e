"""Self enrollment: open by choice, places and who waits for one, opening and closing, leaving."""

from datetime import timedelta

import httpx
import pytest

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.enrollment.self_enrollment.waiting_list import fill_all
from tests.harness.system import System


async def people(system: System, number: int) -> list[tuple[int, httpx.AsyncClient]]:
    """People with a client each."""
    found = []
    for i in range(number):
        person = await system.person(f"self{i}@example.org")
        found.append((person, await system.client(f"self{i}@example.org")))
    return found


async def join(client: httpx.AsyncClient, session: int, key: str | None = None) -> tuple[int, object, object]:
    answer = await client.post(f"/sessions/{session}/self-enroll", json={} if key is None else {"key": key})
    body = answer.json()
    return answer.status_code, body.get("state"), body.get("position")


async def leave(client: httpx.AsyncClient, session: int) -> tuple[int, object]:
    answer = await client.post(f"/sessions/{session}/leave")
    body = answer.json()
    return answer.status_code, body.get("state") or body["type"]


async def test_who_comes_late_waits_and_moves_up_by_themselves(system: System) -> None:
    (ana, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    done = await system.apply(session, kind="self", open=True, capacity=1)
    assert await join(first, session) == (200, "active", None)
    assert await join(second, session) == (202, "waiting", 1)
    assert await join(third, session) == (202, "waiting", 2)
    assert await join(third, session) == (202, "waiting", 2)
    (item,) = (await third.get("/me/catalog")).json()["items"]
    assert (item["section"], item["waiting"]) == ("open", 2)
    shown = (await system.admin.get(f"/sessions/{session}/methods/{done['method_id']}")).json()
    assert (shown["people"], shown["queue"], shown["capacity"]) == (1, 2, 1)
    assert await leave(first, session) == (200, "left")
    assert await system.enrolled(session) == {ben}
    # Moving up is mailed.
    told = "SELECT count(*) FROM notice WHERE learner_id = $1 AND kind = 'enrolled' AND cancelled_at IS NULL"
    assert (await fetch_value(told, ben), await fetch_value(told, ana), await fetch_value(told, cleo)) == (
        1,
        0,
        0,
    )
    await system.admin.patch(f"/sessions/{session}/methods/{done['method_id']}", json={"capacity": 2})
    await fill_all()
    assert await system.enrolled(session) == {ben, cleo}
    await fill_all()
    assert await fetch_value("SELECT count(*) FROM waiting_place") == 0


async def test_a_place_that_an_admin_frees_goes_to_who_may_have_it(system: System) -> None:
    (_, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    await system.apply(session, kind="self", open=True, capacity=1)
    for client in (first, second, third):
        await join(client, session)
    # Who is suspended keeps their turn, and nobody waits for them.
    await system.write("UPDATE learner SET status = 'suspended' WHERE id = $1", ben)
    (one,) = (await system.admin.get(f"/sessions/{session}/enrollments")).json()["items"]
    await system.admin.post(f"/enrollments/{one['id']}/unenroll", json={})
    await fill_all()
    assert await system.enrolled(session) == {cleo}
    assert await fetch_value("SELECT learner_id FROM waiting_place") == ben


async def test_who_is_enrolled_in_another_way_takes_no_place(system: System) -> None:
    (_, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    done = await system.apply(session, kind="self", open=True, capacity=1)
    for client in (first, second, third):
        await join(client, session)
    await system.apply(session, kind="manual", rule={"include": [ben]})
    await fill_all()
    shown = (await system.admin.get(f"/sessions/{session}/methods/{done['method_id']}")).json()
    assert (shown["people"], shown["queue"]) == (1, 1)
    assert await leave(first, session) == (200, "left")
    assert await system.enrolled(session) == {ben, cleo}
    held = "SELECT learner_id FROM source WHERE method_id = $1 AND until IS NULL"
    assert await fetch_value(held, done["method_id"]) == cleo


async def test_who_waited_for_a_method_that_is_gone_waits_anew(system: System) -> None:
    (_, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    gone = await system.apply(session, kind="self", open=True, capacity=1)
    await join(first, session)
    assert await join(second, session) == (202, "waiting", 1)
    path = f"/sessions/{session}/methods/{gone['method_id']}"
    assert (await system.admin.delete(path, params={"people": "keep"})).is_success
    await system.apply(session, kind="self", open=True, capacity=1)
    assert await join(third, session) == (200, "active", None)
    assert await join(second, session) == (202, "waiting", 1)
    assert await leave(third, session) == (200, "left")
    assert ben in await system.enrolled(session)
    assert cleo not in await system.enrolled(session)


async def test_it_opens_and_closes(system: System) -> None:
    ((_, client),) = await people(system, 1)
    now = clock.now()
    session = await system.session(catalog="everyone")
    done = await system.apply(session, kind="self", open=True, opens_at=(now + timedelta(days=1)).isoformat())
    assert (await join(client, session))[0] == 403
    assert (await client.get("/me/catalog")).json()["items"] == []
    path = f"/sessions/{session}/methods/{done['method_id']}"
    await system.admin.patch(
        path, json={"opens_at": None, "closes_at": (now - timedelta(days=1)).isoformat()}
    )
    assert (await join(client, session))[0] == 403
    await system.admin.patch(path, json={"closes_at": (now + timedelta(days=1)).isoformat()})
    assert await join(client, session) == (200, "active", None)


@pytest.mark.parametrize("key", [None, "", " "])
async def test_without_a_key_it_is_open_only_where_that_was_said(system: System, key: str | None) -> None:
    ((_, client),) = await people(system, 1)
    session = await system.session(catalog="everyone")
    await system.apply(session, kind="self", key="sesame")
    # As an earlier release may have left it.
    await system.write("UPDATE enrollment_method SET key = $2 WHERE session_id = $1", session, key)
    for tried in (None, "sesame", "x"):
        assert (await join(client, session, tried))[0] in {403, 422}
    assert await system.enrolled(session) == set()


async def test_one_leaves_only_what_one_joined(system: System) -> None:
    (ana, client), (_, other) = await people(system, 2)
    group = await system.group()
    await system.join(group, ana)
    session = await system.session(catalog="everyone")
    await system.enroll_group(session, group)
    assert await leave(client, session) == (409, "not_joined")
    await system.apply(session, kind="self", open=True)
    # Who is enrolled already stays so, and has joined nothing.
    await join(client, session)
    assert await leave(client, session) == (409, "not_joined")
    await join(other, session)
    assert await leave(other, session) == (200, "left")
    assert await leave(other, session) == (409, "not_joined")
    assert await system.enrolled(session) == {ana}
    hidden = await system.session()
    assert (await other.post(f"/sessions/{hidden}/leave")).status_code == 404


async def test_another_source_holds_who_leaves_and_what_is_completed_stays(system: System) -> None:
    (ana, client), (ben, other) = await people(system, 2)
    group = await system.group()
    session = await system.session(catalog="everyone")
    await system.apply(session, kind="self", open=True)
    await join(client, session)
    await join(other, session)
    await system.enroll_group(session, group)
    await system.join(group, ana)
    await system.settled()
    assert await leave(client, session) == (200, "enrolled")
    activity = (await system.enrollment(session, ben))["activity_id"]
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', now())",
        ben,
        activity,
    )
    assert (await leave(other, session))[0] == 409
    assert await system.enrolled(session) == {ana, ben}
