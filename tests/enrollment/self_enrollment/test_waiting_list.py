"""Who waits for a place: in the order of coming, each place filled once, however it became free. Places of methods and of sessions."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from backend.runtime import clock
from backend.services.enrollment.self_enrollment.waiting_list import fill_all
from tests.enrollment.self_enrollment.test_self_enrollment import join, leave
from tests.harness.system import System

Person = tuple[int, httpx.AsyncClient]


async def people(system: System, number: int) -> list[Person]:
    """People with a client each."""
    found = []
    for i in range(number):
        person = await system.person(f"w{i}@example.org", first_name=f"W{i}")
        found.append((person, await system.client(f"w{i}@example.org")))
    return found


async def full(system: System, number: int, **method: Any) -> tuple[int, int, list[Person]]:
    """A session of one place, a method, and so many people who came one after the other."""
    came = await people(system, number)
    session = await system.session(catalog="everyone")
    done = await system.apply(session, kind="self", open=True, **{"capacity": 1, **method})
    for _, client in came:
        await join(client, session)
    return session, done["method_id"], came


async def waiting(session: int) -> list[int]:
    """Who waits, in order."""
    rows = await fetch("SELECT learner_id FROM waiting_place WHERE session_id = $1 ORDER BY id", session)
    return [row["learner_id"] for row in rows]


async def enrollment_of(system: System, session: int, learner: int) -> int:
    return int((await system.enrollment(session, learner))["id"])


async def test_nobody_overtakes_who_waits(system: System) -> None:
    session, _, ((ana, _), (ben, _), (cleo, third)) = await full(system, 3)
    late = await system.person("late@example.org")
    newcomer = await system.client("late@example.org")
    # A place is free, and nobody has moved up yet.
    await system.write("DELETE FROM source WHERE learner_id = $1", ana)
    await system.write("DELETE FROM enrollment WHERE learner_id = $1", ana)
    assert await join(newcomer, session) == (202, "waiting", 2)
    assert (await system.enrolled(session), await waiting(session)) == ({ben}, [cleo, late])
    assert await join(third, session) == (202, "waiting", 1)


async def test_two_who_leave_at_once_free_two_places(system: System) -> None:
    session, _, came = await full(system, 6, capacity=3)
    ids = [person for person, _ in came]
    done = await asyncio.gather(*(leave(client, session) for _, client in came[:2]))
    assert [state for _, state in done] == ["left", "left"]
    await fill_all()
    assert await system.enrolled(session) == {ids[2], ids[3], ids[4]}
    assert await waiting(session) == [ids[5]]
    # Who left and comes back waits behind.
    assert await join(came[0][1], session) == (202, "waiting", 2)


async def test_leaving_coming_and_filling_at_once_fill_each_place_once(system: System) -> None:
    session, _, came = await full(system, 8, capacity=3)
    acts = [leave(client, session) for _, client in came[:3]]
    again = [join(client, session) for _, client in came[3:]]
    await asyncio.gather(*acts, fill_all(), *again, fill_all())
    await fill_all()
    assert await system.enrolled(session) == {person for person, _ in came[3:6]}
    assert await waiting(session) == [person for person, _ in came[6:]]
    moved = "SELECT count(*) FROM source WHERE session_id = $1 AND until IS NULL"
    assert await fetch_value(moved, session) == 3


async def test_undoing_a_move_up_gives_the_place_to_the_next(system: System) -> None:
    session, _, ((_, first), (ben, second), (cleo, _)) = await full(system, 3)
    await leave(first, session)
    assert await system.enrolled(session) == {ben}
    run = await fetch_value(
        "SELECT run_id FROM source WHERE learner_id = $1 AND session_id = $2", ben, session
    )
    assert (await system.admin.post(f"/runs/{run}/undo", json={})).status_code == 200
    assert await system.enrolled(session) == set()
    await fill_all()
    assert await system.enrolled(session) == {cleo}
    assert await join(second, session) == (202, "waiting", 1)


async def test_undoing_an_unenrollment_takes_nobodys_place(system: System) -> None:
    session, _, ((ana, _), (ben, _), (cleo, _)) = await full(system, 3)
    one = await enrollment_of(system, session, ana)
    done = await system.admin.post(f"/enrollments/{one}/unenroll", json={})
    assert done.status_code == 200, done.text
    await fill_all()
    assert await system.enrolled(session) == {ben}
    run = await fetch_value("SELECT max(id) FROM run WHERE cause = 'act' AND session_id = $1", session)
    assert (await system.admin.post(f"/runs/{run}/undo", json={})).status_code == 200
    # Whoever undoes it has both in: nobody is moved out for that, and nobody else moves up.
    await fill_all()
    assert await system.enrolled(session) == {ana, ben}
    assert await waiting(session) == [cleo]
    await system.admin.post(f"/enrollments/{one}/unenroll", json={})
    await fill_all()
    assert await system.enrolled(session) == {ben}


async def test_who_is_excluded_while_waiting_is_passed_over(system: System) -> None:
    session, _, ((_, first), (ben, _), (cleo, _)) = await full(system, 3)
    body = {"learner_ids": [ben], "reason": "Not this time"}
    assert (await system.admin.post(f"/sessions/{session}/exclusions", json=body)).status_code < 300
    await leave(first, session)
    assert await system.enrolled(session) == {cleo}
    # Their turn is kept for when that is lifted.
    assert await waiting(session) == [ben]
    await system.write("DELETE FROM exclusion WHERE learner_id = $1", ben)
    one = await enrollment_of(system, session, cleo)
    await system.admin.post(f"/enrollments/{one}/unenroll", json={})
    await fill_all()
    assert await system.enrolled(session) == {ben}


async def test_who_is_paused_keeps_their_place(system: System) -> None:
    session, _, ((ana, _), (ben, _)) = await full(system, 2)
    one = await enrollment_of(system, session, ana)
    assert (await system.admin.post(f"/enrollments/{one}/suspend", json={})).status_code == 200
    await fill_all()
    assert await system.enrolled(session) == {ana}
    await system.write("UPDATE learner SET status = 'suspended' WHERE id = $1", ana)
    await fill_all()
    assert await waiting(session) == [ben]


async def test_more_and_fewer_places(system: System) -> None:
    session, method, came = await full(system, 4)
    ids = [person for person, _ in came]
    path = f"/sessions/{session}/methods/{method}"
    await system.admin.patch(path, json={"capacity": 2})
    await fill_all()
    assert await system.enrolled(session) == set(ids[:2])
    # Fewer than are in: nobody is put out, and nobody moves up before there are places.
    await system.admin.patch(path, json={"capacity": 1})
    await leave(came[0][1], session)
    await fill_all()
    assert (await system.enrolled(session), await waiting(session)) == ({ids[1]}, ids[2:])
    await leave(came[1][1], session)
    assert await system.enrolled(session) == {ids[2]}
    # Without a limit all move up.
    await system.admin.patch(path, json={"capacity": None})
    await fill_all()
    assert (await system.enrolled(session), await waiting(session)) == ({ids[2], ids[3]}, [])


async def test_a_method_that_is_switched_off_keeps_its_list(system: System) -> None:
    session, method, ((_, first), (ben, second)) = await full(system, 2)
    path = f"/sessions/{session}/methods/{method}"
    await system.admin.patch(path, json={"active": False})
    await leave(first, session)
    await fill_all()
    assert (await system.enrolled(session), await waiting(session)) == (set(), [ben])
    assert (await join(second, session))[0] == 403
    # Who waits may still see it, and stop waiting.
    (item,) = (await second.get("/me/catalog")).json()["items"]
    assert (item["waiting"], item["can_leave"]) == (1, True)
    plan: dict[str, Any] = {"method_id": method, "active": True}
    await system.apply(session, **plan)
    await fill_all()
    assert await system.enrolled(session) == {ben}


async def test_a_method_that_is_removed_ends_its_list(system: System) -> None:
    session, method, (_, (_, second)) = await full(system, 2)
    answer = await system.admin.delete(f"/sessions/{session}/methods/{method}", params={"people": "expire"})
    assert answer.status_code in {200, 204}, answer.text
    await fill_all()
    assert await system.enrolled(session) == set()
    items = (await second.get("/me/catalog")).json()["items"]
    assert [item["waiting"] for item in items if item["waiting"]] == []


async def test_who_is_deleted_frees_their_place_and_their_turn(system: System) -> None:
    session, _, ((ana, _), (ben, _), (cleo, _)) = await full(system, 3)
    for gone in (ana, ben):
        assert (await system.admin.delete(f"/learners/{gone}")).status_code == 204
    await fill_all()
    assert (await system.enrolled(session), await waiting(session)) == ({cleo}, [])


async def test_who_is_enrolled_in_another_way_waits_no_longer_and_takes_no_place(system: System) -> None:
    session, _, ((ana, first), (ben, _), (cleo, _)) = await full(system, 3)
    await system.apply(session, kind="manual", rule={"include": [ben]})
    await leave(first, session)
    await fill_all()
    assert (await system.enrolled(session), await waiting(session)) == ({ben, cleo}, [])
    kinds = (
        "SELECT count(*) FROM source o JOIN enrollment_method m ON m.id = o.method_id"
        " WHERE o.learner_id = $1 AND o.until IS NULL AND m.kind = 'self'"
    )
    assert (await fetch_value(kinds, ben), await fetch_value(kinds, cleo)) == (0, 1)
    assert ana not in await system.enrolled(session)


# ── places of a session ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_session_is_full_however_its_people_came(system: System) -> None:
    (ana, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    await system.apply(session, kind="self", open=True)
    assert (await system.admin.patch(f"/sessions/{session}", json={"capacity": 1})).status_code == 200
    (item,) = (await first.get("/me/catalog")).json()["items"]
    assert (item["places"], item["queue"]) == (1, 0)
    await system.apply(session, kind="manual", rule={"include": [ana]})
    await system.settled()
    assert await join(second, session) == (202, "waiting", 1)
    assert await join(third, session) == (202, "waiting", 2)
    (item,) = (await third.get("/me/catalog")).json()["items"]
    assert (item["places"], item["queue"], item["waiting"]) == (0, 2, 2)
    shown = (await system.admin.get(f"/sessions/{session}")).json()
    assert (shown["capacity"], shown["queue"]) == (1, 2)
    counts = (await system.admin.get(f"/sessions/{session}/counts")).json()
    assert (counts["enrolled"], counts["capacity"]) == (1, 1)
    # Raised, it fills at once.
    await system.admin.patch(f"/sessions/{session}", json={"capacity": 2})
    assert (await system.enrolled(session), await waiting(session)) == ({ana, ben}, [cleo])
    one = await enrollment_of(system, session, ana)
    await system.admin.post(f"/enrollments/{one}/unenroll", json={})
    await fill_all()
    assert await system.enrolled(session) == {ben, cleo}


async def test_the_first_of_all_methods_moves_up(system: System) -> None:
    (_, first), (ben, second), (cleo, third) = await people(system, 3)
    session = await system.session(catalog="everyone", capacity=1)
    await system.apply(session, kind="self", key="sesame", name="With a key")
    await join(first, session, "sesame")
    await join(second, session, "sesame")
    await system.apply(session, kind="self", open=True, name="Open")
    await join(third, session)
    assert await waiting(session) == [ben, cleo]
    await leave(first, session)
    assert (await system.enrolled(session), await waiting(session)) == ({ben}, [cleo])
    await system.admin.patch(f"/sessions/{session}", json={"capacity": None})
    assert await system.enrolled(session) == {ben, cleo}


async def test_plans_beyond_the_places_warn_and_leave_nobody_out(system: System) -> None:
    group = await system.group()
    several = await system.people(3, group)
    session = await system.session(capacity=2)
    await system.settled()
    body: dict[str, Any] = {
        "kind": "audience",
        "rule": {"blocks": [{"groups": [group]}]},
        "dynamic": True,
    }
    plan = await system.plan(session, **body)
    assert plan["entering"] == 3
    (warning,) = [one for one in plan["warnings"] if one["code"] == "over_capacity"]
    assert ("2" in warning["message"], "3" in warning["message"]) == (True, True)
    targets = {"group_id": group, "targets": [{"session_id": session}], "dynamic": True}
    (shown,) = (await system.admin.post("/enrollments/plan", json=targets)).json()["sessions"]
    assert (shown["capacity"], shown["enrolled"]) == (2, 3)
    await system.apply(session, **body)
    assert await system.enrolled(session) == set(several)
    # A rule takes in whom it finds later, too.
    late = await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == {*several, *late}
    plan = await system.plan(session, kind="manual", rule={"include": several[:1]})
    assert "over_capacity" not in {one["code"] for one in plan["warnings"]}


@pytest.mark.parametrize("capacity", [0, -1, "many", 10_000_001])
async def test_places_are_a_number(system: System, capacity: object) -> None:
    session = await system.session()
    answer = await system.admin.patch(f"/sessions/{session}", json={"capacity": capacity})
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["path"] == "capacity"


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_catalog_says_what_can_be_left(system: System) -> None:
    (ana, client), (_, other), (_, third) = await people(system, 3)
    session = await system.session(catalog="everyone")
    await system.apply(session, kind="self", open=True, capacity=2)
    await join(client, session)
    await join(other, session)
    await join(third, session)

    async def mine(of: httpx.AsyncClient) -> tuple[bool, bool, int]:
        (item,) = (await of.get("/me/catalog")).json()["items"]
        return item["can_leave"], item["stays"], item["queue"]

    assert await mine(client) == (True, False, 1)
    assert await mine(third) == (True, False, 1)
    await system.apply(session, kind="manual", rule={"include": [ana]})
    assert await mine(client) == (True, True, 1)
    assert await leave(client, session) == (200, "enrolled")
    assert (await mine(client))[:2] == (False, True)
    # The place has gone to who waited.
    assert await mine(third) == (True, False, 0)


async def test_who_closes_the_door_keeps_the_promise(system: System) -> None:
    session, method, ((_, first), (ben, second)) = await full(system, 2)
    closed = (clock.now() - timedelta(hours=1)).isoformat()
    await system.admin.patch(f"/sessions/{session}/methods/{method}", json={"closes_at": closed})
    await leave(first, session)
    # Who came in time moves up; who comes now is refused.
    assert await system.enrolled(session) == {ben}
    assert (await join(first, session))[0] == 403
    assert await leave(second, session) == (200, "left")
