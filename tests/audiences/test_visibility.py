"""What those who are not platform admins may ask: no count tells of people they may not see."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.runtime import clock
from backend.services.access import throttling
from tests.harness.instance import Muster
from tests.harness.world import World


class Town:
    """A coach's own group of three, and a private one of two with one person in common."""

    def __init__(self, muster: Muster, world: World) -> None:
        self.own, self.below, self.private = world.group("Own"), 0, world.group("Hidden", private=True)
        self.below = world.group("Below", self.own)
        self.people = world.learners(4)
        world.join(self.own, *self.people[:2])
        world.join(self.below, self.people[2])
        world.join(self.private, *self.people[2:])
        self.coach = world.learner()
        world.join(self.own, self.coach, role="coach")
        self.client = muster.anonymous()
        self.client.headers["Authorization"] = f"Bearer {world.token(self.coach)}"


@pytest.fixture(scope="module")
def town(muster: Muster, world: World) -> Town:
    return Town(muster, world)


@pytest.fixture(scope="module")
def ask(town: Town) -> Callable[..., Any]:
    def question(what: str, status: int = 200, **body: Any) -> Any:
        answer = town.client.post(f"/audiences/{what}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return question


def test_own_groups_and_those_below_are_open(ask: Callable[..., Any], town: Town) -> None:
    found = ask("preview", rule={"blocks": [{"groups": [town.own]}]})
    assert found["total"] == 4  # with the coach
    assert ask("preview", rule={"blocks": [{"groups": [town.below]}]})["total"] == 1


def test_a_block_with_a_foreign_group_is_sealed(ask: Callable[..., Any], town: Town) -> None:
    rule = {"blocks": [{"groups": [town.own]}, {"groups": [town.private, town.own], "filters": []}]}
    found = ask("preview", rule=rule)
    assert found["total"] == 4
    sealed = found["blocks"][1]
    assert (sealed["sealed"], sealed["total"], sealed["filters"]) == (True, None, [])
    assert sealed["groups"] == [
        {"id": None, "name": None, "count": 2},
        {"id": town.own, "name": "Own", "count": 4},
    ]
    people = ask("members", rule=rule, limit=100)
    assert people["total"] == 4
    assert town.people[3] not in [person["id"] for person in people["items"]]
    # Nor does anybody's list of groups name the private one.
    assert town.private not in [group["id"] for person in people["items"] for group in person["groups"]]


@pytest.mark.parametrize("op", ["in", "not_in"])
def test_a_filter_cannot_play_a_foreign_group_against_ones_own(
    ask: Callable[..., Any], town: Town, op: str
) -> None:
    filter_ = {"type": "group", "op": op, "groups": [town.private]}
    nested = {"type": "any", "of": [filter_, {"type": "none", "of": [filter_]}]}
    for found in (filter_, nested):
        counted = ask("preview", rule={"blocks": [{"groups": [town.own], "filters": [found]}]})
        assert (counted["total"], counted["blocks"][0]["sealed"]) == (0, True)


def test_picked_and_excluded_people_count_only_where_they_may_be_seen(
    ask: Callable[..., Any], town: Town
) -> None:
    found = ask("preview", rule={"include": town.people, "exclude": [town.people[3]]})
    assert (found["total"], found["included"], found["excluded"]) == (3, 3, 0)


def test_everyone_is_for_admins(ask: Callable[..., Any]) -> None:
    problem = ask("preview", status=422, rule={"blocks": [{"everyone": True}]})
    assert problem["errors"][0]["path"] == "rule.blocks[0].everyone"


def test_others_are_not_explained_and_sentences_name_no_private_group(
    ask: Callable[..., Any], town: Town
) -> None:
    rule = {"blocks": [{"groups": [town.own]}, {"groups": [town.private]}]}
    ask("explain", status=404, rule=rule, learner_id=town.people[3])
    found = ask("explain", rule=rule, learner_id=town.people[2])
    assert (found["matches"], found["tree"]["blocks"][1]) == (
        True,
        {"matches": None, "groups": None, "filters": [], "sealed": True},
    )
    assert "Hidden" not in ask("describe", rule=rule)["sentence"]


def test_who_leaves_is_not_told_where_a_block_is_sealed(
    ask: Callable[..., Any], town: Town, world: World
) -> None:
    session = world.session(world.activity(), town.own)
    rule = {"blocks": [{"groups": [town.own]}, {"groups": [town.private]}]}
    ask("members", status=403, rule=rule, session_id=session, tab="leaving")
    foreign = world.session(world.activity(), world.group())
    ask("preview", status=404, rule=rule, session_id=foreign)


def test_learners_ask_nothing(muster: Muster, world: World) -> None:
    client = muster.anonymous()
    client.headers["Authorization"] = f"Bearer {world.token(world.learner())}"
    for what in ("preview", "members", "describe"):
        assert client.post(f"/audiences/{what}", json={"rule": {}}).status_code == 403
    assert httpx.post(f"{muster.address}/api/v1/audiences/preview", json={"rule": {}}).status_code == 401


def test_who_left_ones_groups_does_not_count_in_their_past(
    muster: Muster, ask: Callable[..., Any], town: Town, world: World
) -> None:
    group = world.group("Past", town.own)
    stays, left = world.learners(2)
    world.join(group, stays, left)
    rule = {"blocks": [{"groups": [group]}]}
    assert ask("preview", rule=rule)["total"] == 2
    # What has happened so far was some days ago.
    world.run("UPDATE change_log SET at = at - interval '3 days'")
    world.leave(group, left)
    then = str(clock.now().date() - timedelta(days=1))
    admin = muster.sign_in()
    everybody = admin.post("/audiences/preview", json={"rule": rule, "at": then}).json()
    assert everybody["total"] == 2
    seen = ask("preview", rule=rule, at=then, sample=10)
    assert (seen["total"], seen["blocks"][0]["groups_total"]) == (1, 1)
    assert [person["id"] for person in seen["sample"]] == [stays]
    assert ask("members", rule=rule, at=then)["total"] == 1
    assert [day["total"] for day in ask("history", rule=rule, days=[then])] == [1]


def test_numbers_of_private_groups_are_added_and_not_set_against_others(
    muster: Muster, ask: Callable[..., Any], town: Town, world: World
) -> None:
    mixed = world.group("Mixed")
    inner = world.group("Inner", mixed, private=True)
    both, other = world.learners(2)
    world.join(mixed, both, other)
    world.join(inner, both)
    assert muster.sign_in().get(f"/groups/{mixed}").json()["total_count"] == 2
    shown = town.client.get(f"/groups/{mixed}").json()
    assert (shown["member_count"], shown["total_count"]) == (2, 3)
    (block,) = ask("preview", rule={"blocks": [{"groups": [mixed]}]})["blocks"]
    assert block["groups"] == [{"id": mixed, "name": "Mixed", "count": 3}]


def test_addresses_of_strangers_answer_that_somebody_has_to_be_asked(town: Town, world: World) -> None:
    session = world.session(world.activity(), town.own)
    stranger = world.learner(email="stranger@elsewhere.example")
    address = world.run("SELECT email FROM learner WHERE id = $1", town.people[0])
    pasted = ["stranger@elsewhere.example", "Stranger@elsewhere.example", "new@elsewhere.example", address]
    answer = town.client.post(f"/sessions/{session}/emails", json={"emails": pasted})
    assert answer.status_code == 200, answer.text
    found = [(item["kind"], item["learner_id"]) for item in answer.json()["items"]]
    assert found == [("ask", None), ("duplicate", None), ("new", None), ("known", town.people[0])]
    assert answer.json()["ask"] == 1
    assert str(stranger) not in [str(item["learner_id"]) for item in answer.json()["items"]]
    many = [f"guess{i}@elsewhere.example" for i in range(throttling.LIMITS["pasted"])]
    refused = town.client.post(f"/sessions/{session}/emails", json={"emails": many})
    assert refused.status_code == 429


def test_a_paste_that_is_refused_under_an_idempotency_key_counts(town: Town, world: World) -> None:
    world.run("DELETE FROM sign_in_attempt WHERE key LIKE 'pasted:%' RETURNING 1")
    session = world.session(world.activity(), town.own)
    path = f"/sessions/{session}/emails"
    many = [f"guess{i}@elsewhere.example" for i in range(throttling.LIMITS["pasted"])]
    body = {"emails": many, "hash": "0" * 64}
    refused = town.client.post(path, json=body, headers={"Idempotency-Key": "first"})
    assert refused.status_code == 409, refused.text
    one = {"emails": many[:1]}
    for key in ({"Idempotency-Key": "second"}, {"Idempotency-Key": "second"}, {}):
        assert town.client.post(path, json=one, headers=key).status_code == 429
