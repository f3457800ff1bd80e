"""Audiences of the same people: found whatever their rules look like, and told of only to who may look into both as a whole."""

from typing import Any

import pytest

from tests.harness.system import System
from tests.harness.system_fixtures import Systems

Json = dict[str, Any]


def of(*groups: int, exclude: list[int] | None = None) -> Json:
    return {"blocks": [{"groups": list(groups)}], "exclude": exclude or []}


async def same(system: System, rule: Json, client: Any = None, **more: Any) -> list[tuple[str, str]]:
    answer = await system.post("/audiences/same", {"rule": rule, **more}, client)
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["name"]) for one in answer.json()["items"]]


async def segment(system: System, name: str, rule: Json) -> int:
    answer = await system.admin.post("/segments", json={"name": name, "rule": rule})
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["id"]
    return made


async def test_the_same_people_are_found_however_the_rule_is_written(systems: Systems) -> None:
    async with systems(reconciling=True) as system:
        sales, support, nobody = [await system.group(name) for name in ("Sales", "Support", "Nobody")]
        people = await system.people(12, sales)
        await system.join(support, *people[:6])
        session = await system.session(name="Spring")
        method = (await system.enroll_group(session, sales, name="All of Sales"))["method_id"]
        static = await system.session(name="Snapshot")
        await system.apply(static, kind="audience", rule=of(sales), dynamic=False)
        salespeople = await segment(system, "Salespeople", of(sales))
        await segment(system, "Supporters", of(support))
        await system.settled()

        # By the other half of two groups: a rule of its own, and the same people. A snapshot is none.
        assert await same(system, of(sales, support)) == [
            ("segment", "Salespeople"), ("method", "All of Sales")
        ]  # fmt: skip
        assert await same(system, of(sales), except_methods=[method]) == [("segment", "Salespeople")]
        assert await same(system, of(sales), except_segment=salespeople) == [("method", "All of Sales")]
        assert await same(system, of(support)) == [("segment", "Supporters")]
        # One less is another audience; few people are the same by chance, and nobody is nobody.
        assert await same(system, of(sales, exclude=people[:1])) == []
        assert await same(system, of(support, exclude=people[:3])) == []
        assert await same(system, of(nobody)) == []
        # Who uses a segment is not told to use it, nor of the others who do.
        uses = {"type": "segment", "op": "in", "segments": [salespeople]}
        by_segment = {"blocks": [{"groups": [], "everyone": True, "filters": [uses]}]}
        other = await system.session(name="Autumn")
        await system.apply(other, kind="segment", segment_id=salespeople, dynamic=True)
        await system.settled()
        assert await same(system, by_segment) == [("method", "All of Sales")]

        # It follows: whom the session leaves out is of the audience all the same, and who comes is in it at once.
        excluded = await system.admin.post(
            f"/sessions/{session}/exclusions", json={"learner_id": people[0], "reason": "Away"}
        )
        assert excluded.is_success, excluded.text
        await system.settled()
        assert ("method", "All of Sales") in await same(system, of(sales))
        await system.join(sales, *await system.people(3))
        await system.settled()
        assert ("method", "All of Sales") in await same(system, of(sales))
        assert ("method", "All of Sales") not in await same(system, of(support))
        # What is switched off keeps no audience.
        row = await system.method(method)
        switched = await system.admin.patch(
            f"/sessions/{session}/methods/{method}",
            json={"active": False},
            headers={"If-Match": str(row["version"])},
        )
        assert switched.is_success, switched.text
        await system.settled()
        assert await same(system, of(sales)) == [("segment", "Salespeople"), ("method", "Autumn")]


async def test_nothing_is_claimed_beyond_ones_reach(systems: Systems) -> None:
    async with systems(reconciling=True) as system:
        own, board = await system.group("Own"), await system.group("Board")
        coach_id = await system.person("coach@example.org")
        await system.join(own, coach_id, role="coach")
        both = await system.people(6, own)
        await system.join(board, *both)
        mine = await system.session(name="Mine", group_id=own)
        theirs = await system.session(name="Theirs", group_id=board)
        await system.enroll_group(mine, own, name="Ours")
        await system.enroll_group(theirs, own, name="Out of sight")
        # Of Own and of the Board: the same people, in a rule of which the coach may evaluate a half.
        await system.apply(mine, kind="audience", rule=of(own, board), dynamic=True, name="Sealed")
        await segment(system, "Everybody of Own", of(own))
        await system.settled()
        coach = await system.client("coach@example.org")
        everybody = [
            ("segment", "Everybody of Own"),
            *(("method", one) for one in ("Ours", "Out of sight", "Sealed")),
        ]
        assert await same(system, of(own)) == everybody
        assert await same(system, of(own), coach) == [("method", "Ours")]
        # Somebody outside joins Own, and nobody knows of whom the coach does not see.
        outside = (await system.people(1))[0]
        assert await same(system, {**of(own), "include": [outside]}, coach) == []
        assert await same(system, of(own, board), coach) == []
        assert await same(system, {"blocks": [*of(own)["blocks"], *of(board)["blocks"]]}, coach) == []
        refused = await coach.post(
            "/audiences/same",
            json={"rule": {"blocks": [{"groups": [], "everyone": True, "filters": []}]}},
        )
        assert refused.status_code == 422
        await system.person("learner@example.org")
        learner = await system.client("learner@example.org")
        assert (await learner.post("/audiences/same", json={"rule": of(own)})).status_code == 403


@pytest.mark.parametrize("broken", [{"blocks": [{"groups": [999_999]}]}, {"blocks": "none"}])
async def test_what_is_no_rule_is_refused_with_its_path(systems: Systems, broken: Json) -> None:
    async with systems(reconciling=False) as system:
        answer = await system.post("/audiences/same", {"rule": broken})
        assert answer.status_code in (400, 422)
        assert answer.json()["errors"][0]["path"].startswith("rule.blocks")
