"""Named audiences: totals, following edits, circles, and what depends on them."""

from typing import Any

import httpx

from tests.harness.instance import Muster
from tests.harness.world import World


def create(http: httpx.Client, name: str, rule: Any) -> Any:
    answer = http.post("/segments", json={"name": name, "rule": rule})
    assert answer.status_code == 201, answer.text
    return answer.json()


def inside(group: int, segment: int) -> Any:
    return {
        "blocks": [{"groups": [group], "filters": [{"type": "segment", "op": "in", "segments": [segment]}]}]
    }


def test_a_segment_has_a_total_that_follows(http: httpx.Client, world: World) -> None:
    group = world.group()
    world.join(group, world.learner())
    made = create(http, "Followers", {"blocks": [{"groups": [group]}]})
    assert made["total"] == 1
    world.join(group, world.learner())
    assert http.get(f"/segments/{made['id']}").json()["total"] == 2
    listed = http.get("/segments", params={"q": "follow"}).json()
    assert [segment["id"] for segment in listed["items"]] == [made["id"]]


def test_an_edit_is_followed_by_everything_that_uses_it(http: httpx.Client, world: World) -> None:
    wide, narrow = world.group(), world.group()
    world.join(wide, *world.learners(3))
    inner = create(http, "Inner", {"blocks": [{"groups": [narrow]}]})
    outer = create(http, "Outer", inside(wide, inner["id"]))
    assert outer["total"] == 0
    answer = http.patch(f"/segments/{inner['id']}", json={"rule": {"blocks": [{"groups": [wide]}]}})
    assert (answer.status_code, answer.json()["total"], answer.json()["version"]) == (200, 3, 2)
    assert http.get(f"/segments/{outer['id']}").json()["total"] == 3


def test_a_segment_cannot_contain_itself_through_others(http: httpx.Client, world: World) -> None:
    group = world.group()
    first = create(http, "First", {"blocks": [{"groups": [group]}]})
    second = create(http, "Second", inside(group, first["id"]))
    answer = http.patch(f"/segments/{first['id']}", json={"rule": inside(group, second["id"])})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "rule.blocks[0].filters[0].segments[0]"


def test_a_stale_version_is_a_conflict(http: httpx.Client, world: World) -> None:
    made = create(http, "Versioned", {"blocks": [{"groups": [world.group()]}]})
    assert (
        http.patch(f"/segments/{made['id']}", json={"name": "B"}, headers={"If-Match": "1"}).status_code
        == 200
    )
    assert (
        http.patch(f"/segments/{made['id']}", json={"name": "C"}, headers={"If-Match": "1"}).status_code
        == 409
    )


def test_nothing_is_deleted_from_under_others(http: httpx.Client, world: World) -> None:
    group = world.group()
    used = create(http, "Used", {"blocks": [{"groups": [group]}]})
    user = create(http, "User", inside(group, used["id"]))
    answer = http.delete(f"/segments/{used['id']}")
    assert answer.status_code == 409
    assert [(d["kind"], d["id"]) for d in answer.json()["dependents"]] == [("segment", user["id"])]
    assert http.delete(f"/segments/{user['id']}").status_code == 204
    assert http.delete(f"/segments/{used['id']}").status_code == 204
    assert http.get(f"/segments/{used['id']}").status_code == 404


def test_names_are_taken_once(http: httpx.Client, world: World) -> None:
    rule = {"blocks": [{"groups": [world.group()]}]}
    create(http, "Unique", rule)
    answer = http.post("/segments", json={"name": "Unique", "rule": rule})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (409, "name")


def test_who_is_not_an_admin_sees_no_rules_and_changes_nothing(
    muster: Muster, http: httpx.Client, world: World
) -> None:
    group = world.group()
    made = create(http, "Secret", {"blocks": [{"groups": [group]}]})
    someone = world.learner()
    world.join(group, someone, role="coach")
    coach = muster.anonymous()
    coach.headers["Authorization"] = f"Bearer {world.token(someone)}"
    shown = coach.get(f"/segments/{made['id']}").json()
    assert (shown["name"], shown["total"], shown["rule"]) == ("Secret", None, {})
    assert coach.patch(f"/segments/{made['id']}", json={"name": "Mine"}).status_code == 403
    assert coach.delete(f"/segments/{made['id']}").status_code == 403
    learner = muster.anonymous()
    learner.headers["Authorization"] = f"Bearer {world.token(world.learner())}"
    assert learner.get("/segments").status_code == 403
