"""People who must be in a rule, or out of it: asked of every plan, and found when facts put them elsewhere."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail.dispatch import send_due
from tests.harness.system import System
from tests.harness.system_fixtures import Systems, task_group


@pytest.fixture(autouse=True)
def _restored_clock() -> Iterator[None]:
    yield
    clock.set_offset(timedelta(0))


def of(*groups: int, **more: Any) -> dict[str, Any]:
    """A rule of people in groups."""
    return {"blocks": [{"groups": list(groups)}], **more}


async def pin(
    client: httpx.AsyncClient, path: str, learner: int, expected: str = "in", note: str = ""
) -> dict[str, Any]:
    answer = await client.post(
        f"{path}/pins", json={"learner_id": learner, "expected": expected, "note": note}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def pins(client: httpx.AsyncClient, path: str) -> dict[int, dict[str, Any]]:
    answer = await client.get(f"{path}/pins")
    assert answer.status_code == 200, answer.text
    return {one["learner"]["id"]: one for one in answer.json()["items"]}


async def waiting(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/needs-you/broken_pins")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


class Place:
    """A session with a dynamic audience of a group, and one member pinned to it."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self) -> None:
        system = self.system
        self.sales, self.support = await system.group("Sales"), await system.group("Support")
        self.ana = await system.person("ana@example.org", first_name="Ana", last_name="Lopez")
        await system.join(self.sales, self.ana)
        await system.people(2, self.sales)
        self.session = await system.session()
        done = await system.enroll_group(self.session, self.sales, name="All of Sales")
        self.method: int = done["method_id"]
        self.path = f"/sessions/{self.session}/methods/{self.method}"

    async def told(self) -> dict[str, Any]:
        """The method as its card has it."""
        found: dict[str, Any] = (await self.system.admin.get(self.path)).json()
        return found


@pytest.fixture
async def place(system: System) -> Place:
    made = Place(system)
    await made.begin()
    return made


async def test_a_plan_names_whom_it_breaks_and_is_applied_only_when_that_is_meant(place: Place) -> None:
    system = place.system
    made = await pin(system.admin, place.path, place.ana, note="Audit of 2026")
    assert (made["holds"], made["by"]["id"], made["note"]) == (True, system.admin_id, "Audit of 2026")
    asked: dict[str, Any] = {"method_id": place.method, "rule": of(place.support)}
    before = await system.plan(place.session, method_id=place.method, rule=of(place.sales, place.support))
    assert before["broken_pins"] == []
    plan = await system.plan(place.session, **asked)
    assert [(one["learner"]["id"], one["expected"], one["note"]) for one in plan["broken_pins"]] == [
        (place.ana, "in", "Audit of 2026")
    ]
    assert plan["warnings"][0]["code"] == "broken_pins"
    assert "Ana Lopez must be in" in plan["warnings"][0]["message"]
    refused = await system.post(f"/sessions/{place.session}/apply", {**asked, "hash": plan["hash"]})
    assert (refused.status_code, refused.json()["type"]) == (409, "broken_pins")
    assert refused.json()["broken_pins"][0]["learner"]["first_name"] == "Ana"
    assert place.ana in await system.enrolled(place.session)
    change = {"act": "method", "session_id": place.session, **asked}
    found = await system.post("/consequences", {"changes": [change]})
    assert found.status_code == 200, found.text
    acted = await system.post("/consequences/apply", {"changes": [change], "hash": found.json()["hash"]})
    assert (acted.status_code, acted.json()["type"]) == (409, "broken_pins")
    body = {**asked, "hash": plan["hash"], "accept_broken_pins": True}
    assert (await system.post(f"/sessions/{place.session}/apply", body)).status_code == 200
    await _noted(place, broken=1)
    ana = (await pins(system.admin, place.path))[place.ana]
    assert (ana["holds"], ana["cause"]["cause"]) == (False, "rule_changed")
    assert ana["broken_since"] is not None


async def _noted(place: Place, *, broken: int) -> None:
    """What the reconciler has found is on the method's card."""
    await place.system.settled()
    assert (await place.told())["broken_pins"] == broken


async def test_another_pin_that_breaks_meanwhile_is_another_plan(place: Place) -> None:
    system = place.system
    (bo,) = await system.people(1, place.sales)
    await pin(system.admin, place.path, place.ana)
    asked: dict[str, Any] = {"method_id": place.method, "rule": of(place.support)}
    plan = await system.plan(place.session, **asked)
    await pin(system.admin, place.path, bo)
    body = {**asked, "hash": plan["hash"], "accept_broken_pins": True}
    answer = await system.post(f"/sessions/{place.session}/apply", body)
    assert (answer.status_code, answer.json()["type"]) == (409, "plan_changed")
    assert len(answer.json()["plan"]["broken_pins"]) == 2


async def test_facts_that_break_a_pin_are_told_with_their_cause(place: Place) -> None:
    system = place.system
    (bo,) = await system.people(1)
    await pin(system.admin, place.path, place.ana)
    await pin(system.admin, place.path, bo, "out")
    await _noted(place, broken=0)
    assert await waiting(system.admin) == []
    await system.leave(place.sales, place.ana)
    await _noted(place, broken=1)
    ana = (await pins(system.admin, place.path))[place.ana]
    assert (ana["holds"], ana["cause"]["cause"], ana["cause"]["sentence"]) == (
        False,
        "membership",
        "No longer in Sales",
    )
    (need,) = await waiting(system.admin)
    assert (need["method_id"], need["people"], need["since"]) == (place.method, 1, ana["broken_since"])
    assert need["why"] == "Ana Lopez must be in: No longer in Sales"
    await system.join(place.sales, bo)
    await _noted(place, broken=2)
    assert (await pins(system.admin, place.path))[bo]["cause"]["sentence"] == "Now in Sales"
    # Undoing what the facts did: they hold again, and nothing waits.
    await system.join(place.sales, place.ana)
    await system.leave(place.sales, bo)
    await _noted(place, broken=0)
    assert await waiting(system.admin) == []
    assert {one["broken_since"] for one in (await pins(system.admin, place.path)).values()} == {None}


async def test_the_hourly_message_names_people_and_cause_to_admins_alone(system: System) -> None:
    own = await system.group("Own")
    coach = await system.person("coach@example.org")
    await system.join(own, coach, role="coach")
    ana = await system.person("ana@example.org", first_name="Ana", last_name="Lopez")
    await system.join(own, ana)
    session = await system.session(group_id=own)
    done = await system.enroll_group(session, own, name="Ours")
    path = f"/sessions/{session}/methods/{done['method_id']}"
    await pin(system.admin, path, ana)
    segment = (await system.admin.post("/segments", json={"name": "Followers", "rule": of(own)})).json()
    await pin(system.admin, f"/segments/{segment['id']}", ana)
    await system.settled()
    await system.leave(own, ana)
    await system.settled()
    assert [
        (need["name"], need["segment_id"]) for need in await waiting(system.admin) if need["segment_id"]
    ] == [("Followers", segment["id"])]
    clock.set_offset(timedelta(hours=2))
    await send_due(MailSettings(), clock.now())
    rows = await fetch(
        "SELECT learner_id, subject, body FROM message WHERE kind = 'alert' ORDER BY learner_id"
    )
    told = {row["learner_id"]: row["body"] for row in rows}
    assert set(told) == {system.admin_id, coach}
    for name in ("“Ours”", "“Followers”", "Ana Lopez must be in", "No longer in Own"):
        assert name in told[system.admin_id], told[system.admin_id]
    assert "“Ours”" in told[coach]
    assert "Ana" not in told[coach]
    assert "Followers" not in told[coach]


async def test_who_does_not_count_is_in_no_rule(place: Place) -> None:
    system = place.system
    await pin(system.admin, place.path, place.ana)
    answer = await system.admin.patch(f"/learners/{place.ana}", json={"status": "suspended"})
    assert answer.status_code == 200, answer.text
    await _noted(place, broken=1)
    assert (await pins(system.admin, place.path))[place.ana]["cause"]["sentence"] == "Now suspended"


async def test_a_day_that_passes_breaks_a_pin(place: Place) -> None:
    system = place.system
    rule = {
        "blocks": [
            {"groups": [place.sales], "filters": [{"type": "added", "op": "last_days", "values": [1]}]}
        ]
    }
    await system.apply(place.session, method_id=place.method, rule=rule)
    await pin(system.admin, place.path, place.ana)
    await _noted(place, broken=0)
    clock.set_offset(timedelta(days=2))
    # Whatever is written next wakes it.
    await system.people(1)
    await _noted(place, broken=1)
    assert (await pins(system.admin, place.path))[place.ana]["cause"]["cause"] == "day"


async def test_what_a_rule_stands_on_breaks_its_pins(system: System) -> None:
    """The rule of a segment inside, the group tree, and who is whose manager."""
    top, sales = await system.group("Top"), await system.group("Sales")
    ana, boss, chief = await system.people(3)
    await system.join(sales, ana)
    inner = (await system.admin.post("/segments", json={"name": "Inner", "rule": of(sales)})).json()
    asked = {"type": "segment", "op": "in", "segments": [inner["id"]]}
    outer_rule = {"blocks": [{"everyone": True, "filters": [asked]}]}
    outer = (await system.admin.post("/segments", json={"name": "Outer", "rule": outer_rule})).json()
    await pin(system.admin, f"/segments/{outer['id']}", ana)
    tree = (await system.admin.post("/segments", json={"name": "Tree", "rule": of(top)})).json()
    await pin(system.admin, f"/segments/{tree['id']}", ana, "out")
    below = {"type": "manager", "op": "in", "managers": [chief], "indirect": True}
    rule = {"blocks": [{"everyone": True, "filters": [below]}]}
    team = (await system.admin.post("/segments", json={"name": "Team", "rule": rule})).json()
    await pin(system.admin, f"/segments/{team['id']}", ana, "out")
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", boss, ana)
    await system.settled()
    assert await waiting(system.admin) == []
    await system.admin.patch(f"/segments/{inner['id']}", json={"rule": of(top)})
    await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", top, sales)
    await system.admin.patch(f"/segments/{inner['id']}", json={"rule": {"blocks": [], "nobody": True}})
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", chief, boss)
    await system.settled()
    found = {need["name"]: need["why"] for need in await waiting(system.admin)}
    assert set(found) == {"Outer", "Tree", "Team"}
    assert "The segment Inner was changed" in found["Outer"]
    assert "The group Sales was moved" in found["Tree"]


async def test_a_segment_is_saved_against_its_pins_only_when_that_is_meant(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    (ana,) = await system.people(1, sales)
    made = (await system.admin.post("/segments", json={"name": "Followers", "rule": of(sales)})).json()
    path = f"/segments/{made['id']}"
    await pin(system.admin, path, ana)
    checked = await system.admin.post(f"{path}/pins/check", json={"rule": of(support)})
    assert [(one["learner"]["id"], one["holds"]) for one in checked.json()] == [(ana, False)]
    refused = await system.admin.patch(path, json={"rule": of(support)})
    assert (refused.status_code, refused.json()["type"]) == (409, "broken_pins")
    assert (await system.admin.patch(path, json={"name": "Others"})).status_code == 200
    body = {"rule": of(support), "accept_broken_pins": True}
    assert (await system.admin.patch(path, json=body)).status_code == 200
    await system.settled()
    assert (await pins(system.admin, path))[ana]["holds"] is False


async def test_pins_are_set_again_taken_away_and_bounded(place: Place) -> None:
    system = place.system
    many = await system.people(50)
    await pin(system.admin, place.path, place.ana)
    changed = await pin(system.admin, place.path, place.ana, "out", "left")
    assert (changed["expected"], changed["note"], changed["holds"]) == ("out", "left", False)
    for one in many[:49]:
        await pin(system.admin, place.path, one, "out")
    body = {"learner_id": many[49], "expected": "out"}
    answer = await system.admin.post(f"{place.path}/pins", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "too_many_pins")
    # Just pinned: whoever did so knows, and is sent no message.
    assert not await fetch_value("SELECT count(*) FROM notice WHERE kind = 'broken_pin'")
    assert (await system.admin.delete(f"{place.path}/pins/{place.ana}")).status_code == 204
    assert (await system.admin.delete(f"{place.path}/pins/{place.ana}")).status_code == 404
    wrong = await system.admin.post(f"{place.path}/pins", json={"learner_id": many[0], "expected": "maybe"})
    assert wrong.status_code in (400, 422)
    assert wrong.json()["errors"][0]["path"] == "expected"
    missing = {"learner_id": 2_000_000_000, "expected": "in"}
    assert (await system.admin.post(f"{place.path}/pins", json=missing)).status_code == 404


async def test_nobody_can_be_pinned_where_there_is_no_rule(place: Place) -> None:
    system = place.system
    done = await system.apply(place.session, kind="manual", rule={"include": [place.ana]})
    answer = await system.admin.post(
        f"/sessions/{place.session}/methods/{done['method_id']}/pins",
        json={"learner_id": place.ana, "expected": "in"},
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "no_rule")


async def test_people_who_are_deleted_are_pinned_no_longer(place: Place) -> None:
    system = place.system
    await pin(system.admin, place.path, place.ana)
    await system.leave(place.sales, place.ana)
    await _noted(place, broken=1)
    assert (await system.admin.delete(f"/learners/{place.ana}")).status_code == 204
    await _noted(place, broken=0)
    assert await pins(system.admin, place.path) == {}
    assert await waiting(system.admin) == []
    plan = await system.plan(place.session, method_id=place.method, rule=of(place.support))
    assert plan["broken_pins"] == []


async def test_what_is_off_or_gone_holds_nobody_to_anything(place: Place) -> None:
    system = place.system
    await pin(system.admin, place.path, place.ana)
    await system.leave(place.sales, place.ana)
    await _noted(place, broken=1)
    assert (await system.admin.patch(place.path, json={"active": False})).status_code == 200
    await _noted(place, broken=0)
    await system.apply(place.session, method_id=place.method, active=True, accept_broken_pins=True)
    await _noted(place, broken=1)
    assert (await system.admin.delete(f"{place.path}?people=keep")).status_code == 200
    await system.settled()
    assert await waiting(system.admin) == []


async def test_what_happened_while_nobody_looked_is_found(systems: Systems) -> None:
    async with systems(reconciling=False) as system:
        place = Place(system)
        async with task_group(system.reconciler.run()):
            await place.begin()
            await pin(system.admin, place.path, place.ana)
            await _noted(place, broken=0)
        await system.leave(place.sales, place.ana)
        async with task_group(system.reconciler.run()):
            await _noted(place, broken=1)
        assert len(await waiting(system.admin)) == 1


class Guarded:
    """A coach's own method with a member pinned, and one of another session that is not theirs."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self) -> None:
        system = self.system
        self.own, self.board = await system.group("Own"), await system.group("Board")
        self.clients: dict[str, httpx.AsyncClient] = {}
        for role in ("coach", "other", "learner", "manager"):
            person = await system.person(f"{role}@example.org")
            if role in ("coach", "other"):
                await system.join(self.own if role == "coach" else self.board, person, role="coach")
            if role == "manager":
                self.manager = person
            self.clients[role] = await system.client(f"{role}@example.org")
        self.mine, self.stranger = (await system.people(2, self.own)), (await system.people(1, self.board))[0]
        await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", self.manager, self.mine[0])
        await system.write("UPDATE organisation SET managers_enroll = true")
        self.session = await system.session(group_id=self.own, catalog="group")
        done = await system.apply(
            self.session, client=self.clients["coach"], kind="audience", dynamic=True, rule=of(self.own)
        )
        self.path = f"/sessions/{self.session}/methods/{done['method_id']}"
        self.method: int = done["method_id"]


async def test_whom_one_may_not_reach_one_neither_pins_nor_sees_pinned(system: System) -> None:
    here = Guarded(system)
    await here.begin()
    coach = here.clients["coach"]
    await pin(coach, here.path, here.mine[0])
    await pin(system.admin, here.path, here.stranger, "out")
    assert set(await pins(coach, here.path)) == {here.mine[0]}
    assert set(await pins(system.admin, here.path)) == {here.mine[0], here.stranger}
    body = {"learner_id": here.stranger, "expected": "in"}
    assert (await coach.post(f"{here.path}/pins", json=body)).status_code == 404
    unknown = await coach.delete(f"{here.path}/pins/{here.stranger}")
    missing = await coach.delete(f"{here.path}/pins/{here.mine[1]}")
    assert (unknown.status_code, missing.status_code) == (404, 404)
    # In an admin's plan both are asked; in the coach's only who is theirs.
    await pin(system.admin, here.path, here.stranger, "in")
    asked: dict[str, Any] = {"method_id": here.method, "rule": {"nobody": True}}
    assert len((await system.plan(here.session, **asked))["broken_pins"]) == 2
    told = await system.plan(here.session, client=coach, **asked)
    assert [one["learner"]["id"] for one in told["broken_pins"]] == [here.mine[0]]
    await system.settled()
    # The stranger's pin is broken: of it the coach's card and page say nothing.
    card = (await coach.get(here.path)).json()
    assert (card["pins"], card["broken_pins"]) == (1, 0)
    assert await waiting(coach) == []
    assert len(await waiting(system.admin)) == 1
    checked = await coach.post(f"{here.path}/pins/check", json={"rule": of(here.own)})
    assert [(one["learner"]["id"], one["holds"]) for one in checked.json()] == [(here.mine[0], True)]


@pytest.mark.parametrize("role", ["other", "learner", "manager"])
async def test_others_neither_read_nor_write_pins(system: System, role: str) -> None:
    here = Guarded(system)
    await here.begin()
    await pin(system.admin, here.path, here.mine[0])
    client = here.clients[role]
    if role == "manager":
        # Managers enroll their team here; how others come to be enrolled is not theirs to know.
        assert await pins(client, here.path) == {}
    else:
        assert (await client.get(f"{here.path}/pins")).status_code in (403, 404)
    for answer in (
        await client.post(f"{here.path}/pins", json={"learner_id": here.mine[0], "expected": "out"}),
        await client.delete(f"{here.path}/pins/{here.mine[0]}"),
        await client.post(f"{here.path}/pins/check", json={"rule": of(here.own)}),
        await client.get("/segments/1/pins"),
        await client.post("/segments/1/pins", json={"learner_id": here.mine[0], "expected": "out"}),
        await client.delete("/segments/1/pins/1"),
        await client.post("/segments/1/pins/check", json={"rule": of(here.own)}),
    ):
        assert answer.status_code in (403, 404), (answer.request.url, answer.text)
    (kept,) = (await pins(system.admin, here.path)).values()
    assert kept["expected"] == "in"


async def test_pins_of_a_method_that_is_sealed_are_nobodys_to_read(system: System) -> None:
    here = Guarded(system)
    await here.begin()
    coach = here.clients["coach"]
    done = await system.apply(here.session, kind="audience", dynamic=True, rule=of(here.own, here.board))
    path = f"/sessions/{here.session}/methods/{done['method_id']}"
    await pin(system.admin, path, here.mine[0])
    assert await pins(coach, path) == {}
    body = {"learner_id": here.mine[0], "expected": "out"}
    assert (await coach.post(f"{path}/pins", json=body)).status_code == 403
    assert (await coach.post(f"{path}/pins/check", json={"rule": of(here.own)})).status_code == 403
    assert (await coach.delete(f"{path}/pins/{here.mine[0]}")).status_code == 403


async def test_an_enrollment_rule_is_not_changed_against_the_pins_of_its_methods(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    (ana,) = await system.people(1, sales)
    session = await system.session()

    async def save(rule: dict[str, Any], id_: int | None = None) -> httpx.Response:
        body: dict[str, Any] = {"name": "Newcomers", "rule": rule, "targets": [{"session_id": session}]}
        change = {"act": "enrollment_rule", **body} | ({} if id_ is None else {"id": id_})
        asked = await system.post("/consequences", {"changes": [change]})
        assert asked.status_code == 200, asked.text
        headers = {"If-Consequences": asked.json()["hash"]}
        if id_ is None:
            return await system.admin.post("/enrollment-rules", json=body, headers=headers)
        return await system.admin.patch(f"/enrollment-rules/{id_}", json=body, headers=headers)

    made = (await save(of(sales))).json()
    method = made["targets"][0]["method_id"]
    path = f"/sessions/{session}/methods/{method}"
    await pin(system.admin, path, ana)
    refused = await save(of(support), made["id"])
    assert (refused.status_code, refused.json()["type"]) == (409, "broken_pins")
    assert (await system.admin.delete(f"{path}/pins/{ana}")).status_code == 204
    assert (await save(of(support), made["id"])).status_code == 200
