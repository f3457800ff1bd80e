"""Groups that end: the clock ends them, lists leave them out, and rules that name them freeze unless they go on."""

from datetime import timedelta

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.groups.groups import end_groups
from tests.harness.system import System


async def named(system: System, **query: bool) -> list[str]:
    answer = await system.admin.get("/groups", params=query)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


async def test_a_group_ends_by_the_clock_and_its_rules_freeze(system: System) -> None:
    project, going_on = await system.group("Project"), await system.group("Going on")
    anna, ben = await system.people(2, project)
    await system.join(going_on, anna, ben)
    of_project, of_both = await system.session(name="Project"), await system.session(name="Going on")
    method = (await system.apply(of_project, kind="group", group_id=project))["method_id"]
    await system.apply(of_both, kind="group", group_id=going_on)
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    for group, after_end in ((project, "freeze"), (going_on, "keep")):
        body = {"ends_at": tomorrow, "after_end": after_end}
        changed = await system.admin.patch(f"/groups/{group}", json=body)
        assert (changed.status_code, changed.json()["ended"]) == (200, False), changed.text
    await end_groups()
    await system.settled()
    assert (await system.method(method))["state"] == "live"

    # A day goes by, and nobody touches anything.
    await system.write("UPDATE learner_group SET ends_at = muster_now() - interval '1 second'")
    await end_groups()
    await system.settled()
    assert await named(system) == []
    assert await named(system, ended=True) == ["Going on", "Project"]
    frozen = await system.method(method)
    assert (frozen["state"], frozen["state_cause"]) == ("frozen", "broken_rule")
    for group in (project, going_on):
        await system.leave(group, ben)
    await system.settled()
    assert await system.enrolled(of_project) == {anna, ben}
    assert await system.enrolled(of_both) == {anna}
    asked: dict[str, object] = {"kind": "group", "group_id": project}
    refused = await system.post(f"/sessions/{await system.session()}/plan", asked)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "ended")

    # With a later end it goes on where it was; the consequences say so first.
    change = {"act": "group", "id": project, "ends_at": tomorrow}
    shown = (await system.post("/consequences", {"changes": [change]})).json()
    assert shown["leaving"] == 1
    done = await system.post("/consequences/apply", {"changes": [change], "hash": shown["hash"]})
    assert done.status_code == 200, done.text
    await system.settled()
    assert (await system.method(method))["state"] == "live"
    assert await system.enrolled(of_project) == {anna}
    # Ended again by hand, it is said before what freezes.
    change = {"act": "group", "id": project, "ends_at": clock.now().isoformat()}
    shown = (await system.post("/consequences", {"changes": [change]})).json()
    assert [one["method_id"] for one in shown["frozen"]] == [method]
    assert await fetch_value("SELECT ended FROM learner_group WHERE id = $1", project) is False
