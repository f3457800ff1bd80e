"""Cases of the field reports about who is counted and who is enrolled, and why."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.field_reports.asking import among, audience, enrolled, members, of_field, until
from tests.harness.instance import Muster
from tests.harness.world import World


def test_who_is_counted_is_enrolled(http: httpx.Client, world: World) -> None:
    """Case 8: preview, members, plan and enrollments are the same people, also after a full check."""
    second, eighth, third = world.group(), world.group(), world.group()
    year = world.field("year", "number")
    ana, ben, cem, dia = people = world.learners(4)
    for learner, value, group in ((ana, 2, second), (ben, 2, eighth), (cem, 2, third), (dia, 1, eighth)):
        world.join(group, learner)
        world.run(
            "INSERT INTO field_value (learner_id, field_id, number_value) VALUES ($1, $2, $3)",
            learner,
            year,
            value,
        )
    rule = {"blocks": [{"groups": [second, eighth], "filters": [of_field(year, "in", 2)]}]}
    session = world.session(world.activity())
    body = {"kind": "audience", "rule": rule, "dynamic": True}
    plan = http.post(f"/sessions/{session}/plan", json=body).json()
    assert {one["id"] for one in plan["samples"]["entering"]} == {ana, ben} == members(http, rule)
    audience(http, session, rule)
    until(lambda: enrolled(http, session) == {ana, ben})
    assert not {cem, dia} & enrolled(http, session)
    assert people


def test_by_hand_and_by_rule_are_two_reasons(http: httpx.Client, world: World) -> None:
    """Case 12: one enrollment with two reasons; either may end, the other holds, progress stays."""
    group = world.group()
    (ben,) = world.learners(1)
    session = world.session(world.activity("Fire Safety 12"))
    by_hand = {"kind": "manual", "rule": {"include": [ben]}}
    plan = http.post(f"/sessions/{session}/plan", json=by_hand).json()
    hand = http.post(f"/sessions/{session}/apply", json=by_hand | {"hash": plan["hash"]}).json()["method_id"]
    until(lambda: enrolled(http, session) == {ben})
    messages = world.run("SELECT count(*) FROM notice WHERE learner_id = $1", ben)
    live = audience(http, session, among(group))
    world.join(group, ben)

    def sources() -> set[int]:
        (one,) = http.get(f"/sessions/{session}/enrollments").json()["items"]
        return {source["method_id"] for source in one["sources"]}

    until(lambda: sources() == {hand, live})
    assert world.run("SELECT count(*) FROM notice WHERE learner_id = $1", ben) == messages
    world.leave(group, ben)
    until(lambda: sources() == {hand})
    assert enrolled(http, session) == {ben}


def test_two_at_once_take_one_place(http: httpx.Client, muster: Muster, world: World) -> None:
    """Case 14: twenty requests for two sessions of one activity; one enrollment, and every other answer is clean."""
    onboarding = world.activity("Onboarding 14")
    tracks = [world.session(onboarding, name=name) for name in ("North", "South")]
    (ana,) = world.learners(1)
    clients = [muster.sign_in() for _ in range(4)]

    def take(number: int) -> int:
        client, session = clients[number % len(clients)], tracks[number % 2]
        body: dict[str, Any] = {"kind": "manual", "rule": {"include": [ana]}}
        plan = client.post(f"/sessions/{session}/plan", json=body)
        if plan.status_code != 200:
            return plan.status_code
        return client.post(
            f"/sessions/{session}/apply", json=body | {"hash": plan.json()["hash"]}
        ).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(take, range(20)))
    assert set(answers) <= {200, 409}
    until(lambda: world.run("SELECT count(*) FROM outbox") == 0)
    assert world.run("SELECT count(*) FROM enrollment WHERE learner_id = $1 AND state = 'active'", ana) == 1
    assert world.run("SELECT count(*) FROM notice WHERE learner_id = $1 AND kind = 'enrolled'", ana) <= 1


def test_people_made_one_by_one_are_counted_at_once(http: httpx.Client, world: World) -> None:
    """Case 38: each is in every count as soon as the call has ended. What cannot be counted is 503, never 0: `ground/test_serving`."""
    group = world.group()
    world.run("UPDATE learner_group SET external_id = 'g-38' WHERE id = $1", group)
    for number in range(20):
        row = {"email": f"n{number}@38.example", "groups": ["g-38"]}
        assert http.post("/learners/bulk", json={"learners": [row]}).json()["created"] == 1
        preview = http.post("/audiences/preview", json={"rule": among(group)}).json()
        assert preview["total"] == number + 1
