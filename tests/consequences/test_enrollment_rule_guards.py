"""People pinned to an enrollment rule, in all its sessions, and the rules that it has had."""

from typing import Any

import pytest

from tests.consequences.asking import Json
from tests.consequences.test_enrollment_rules import PATH, saved, shown
from tests.harness.system import System


def of(*groups: int) -> Json:
    """A rule of people in groups."""
    return {"blocks": [{"groups": list(groups)}]}


class Place:
    """A rule of a group in two sessions."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self) -> None:
        system = self.system
        self.sales, self.support = await system.group("Sales"), await system.group("Support")
        self.ana = await system.person("ana@example.org", first_name="Ana", last_name="Lopez")
        await system.join(self.sales, self.ana)
        self.one, self.other, self.third = [await system.session() for _ in range(3)]
        body: Json = {"name": "Newcomers", "rule": of(self.sales), "targets": self.targets("one", "other")}
        self.id = (await saved(system, **body)).json()["id"]
        self.path = f"{PATH}/{self.id}"

    def targets(self, *names: str) -> list[Json]:
        return [{"session_id": getattr(self, name)} for name in names]

    async def pin(self, learner: int, expected: str = "in") -> Json:
        body = {"learner_id": learner, "expected": expected, "note": "On duty"}
        answer = await self.system.admin.post(f"{self.path}/pins", json=body)
        assert answer.status_code == 201, answer.text
        found: Json = answer.json()
        return found

    async def pins(self, path: str = "") -> list[Json]:
        answer = await self.system.admin.get(f"{path or self.path}/pins")
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["items"]
        return found

    async def methods(self) -> dict[int, str]:
        """By session the path of its method."""
        told = (await self.system.admin.get(self.path)).json()
        return {
            target["session_id"]: f"/sessions/{target['session_id']}/methods/{target['method_id']}"
            for target in told["targets"]
        }

    async def refused(self, **change: Any) -> list[Json]:
        """Whom the change would put elsewhere, as the refusal names them."""
        told = await shown(self.system, **change, id=self.id)
        answer = await self.system.admin.patch(
            self.path, json=change, headers={"If-Consequences": told["hash"]}
        )
        assert (answer.status_code, answer.json()["type"]) == (409, "broken_pins"), answer.text
        found: list[Json] = answer.json()["broken_pins"]
        return found


@pytest.fixture
async def place(system: System) -> Place:
    made = Place(system)
    await made.begin()
    return made


async def test_a_pin_stands_in_all_its_sessions_and_a_break_is_accepted_on_purpose(place: Place) -> None:
    system = place.system
    made = await place.pin(place.ana)
    assert (made["expected"], made["holds"], made["note"]) == ("in", True, "On duty")
    assert [one["learner"]["id"] for one in await place.pins()] == [place.ana]
    for method in (await place.methods()).values():
        assert [one["learner"]["id"] for one in await place.pins(method)] == [place.ana]
    checked = await system.admin.post(f"{place.path}/pins/check", json={"rule": of(place.support)})
    assert [(one["learner"]["id"], one["holds"]) for one in checked.json()] == [(place.ana, False)]
    # Named once, although both methods have the pin.
    (named,) = await place.refused(rule=of(place.support))
    assert (named["learner"]["first_name"], named["expected"]) == ("Ana", "in")
    assert place.ana in await system.enrolled(place.one)
    await saved(system, place.id, rule=of(place.support), accept_broken_pins=True)
    told = (await system.admin.get(place.path)).json()
    assert (told["pins"], told["broken_pins"]) == (1, 1)
    (broken,) = await place.pins()
    assert (broken["holds"], broken["cause"]["cause"]) == (False, "rule_changed")
    assert await system.enrolled(place.one) == await system.enrolled(place.other) == set()
    assert (await system.admin.delete(f"{place.path}/pins/{place.ana}")).status_code == 204
    assert await place.pins() == []
    assert (await system.admin.delete(f"{place.path}/pins/{place.ana}")).status_code == 404


async def test_a_session_that_is_added_takes_the_pins_over(place: Place) -> None:
    await place.pin(place.ana)
    # Also where it goes on in none of its sessions.
    (named,) = await place.refused(rule=of(place.support), targets=place.targets("third"))
    assert named["learner"]["id"] == place.ana
    await saved(place.system, place.id, targets=place.targets("one", "third"))
    methods = await place.methods()
    assert set(methods) == {place.one, place.third}
    (pin,) = await place.pins(methods[place.third])
    assert (pin["learner"]["id"], pin["expected"], pin["note"], pin["holds"]) == (
        place.ana,
        "in",
        "On duty",
        True,
    )


async def test_a_draft_has_nothing_to_pin_to(system: System) -> None:
    group, session = await system.group(), await system.session()
    (ana,) = await system.people(1, group)
    body = {"name": "Later", "rule": of(group), "targets": [{"session_id": session}]}
    draft = (await system.post(PATH, body)).json()
    path = f"{PATH}/{draft['id']}"
    answer = await system.admin.post(f"{path}/pins", json={"learner_id": ana, "expected": "in"})
    assert (answer.status_code, answer.json()["type"]) == (409, "rule_is_draft")
    (only,) = (await system.admin.get(f"{path}/versions")).json()["items"]
    assert (only["number"], only["current"]) == (1, True)


async def test_its_versions_are_told_with_what_differs_and_one_is_had_again(place: Place) -> None:
    system = place.system
    await saved(system, place.id, rule=of(place.sales, place.support))
    latest, first = (await system.admin.get(f"{place.path}/versions")).json()["items"]
    assert [one["change"] for one in latest["difference"]] != []
    assert (latest["restorable"], first["restorable"]) == (False, True)
    older = (await system.admin.get(f"{place.path}/versions/{first['number']}")).json()
    await saved(system, place.id, **older["restore"])
    now = (await system.admin.get(place.path)).json()
    assert now["sentence"] == first["sentence"]
    assert (await system.admin.get(f"{place.path}/versions/99")).status_code == 404
