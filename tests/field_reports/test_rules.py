"""Cases 1 to 14, 35 and 38 of the field reports, where Muster has the ability: rules and who is in them.

Cases 3 and 5 are told for fields of one value, as Muster has them. 11 needs a directory, 20 to 23 SCIM: both come later.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of

# A change is reflected within a second; a loaded machine may take longer.
PATIENCE_SECONDS = 30


@pytest.fixture
def world(muster: Muster) -> Iterator[World]:
    with world_of(muster.database_url) as made:
        yield made


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def members(http: httpx.Client, rule: dict[str, Any]) -> set[int]:
    answer = http.post("/audiences/members", json={"rule": rule, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return {one["id"] for one in answer.json()["items"]}


def among(group: int, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": [{"groups": [group], "filters": list(filters)}]}


def of_field(field: int, op: str, *values: object) -> dict[str, Any]:
    return {"type": "field", "field": field, "op": op, "values": list(values)}


def audience(http: httpx.Client, session: int, rule: dict[str, Any], **more: Any) -> int:
    """A live dynamic method; its id."""
    body = {"kind": "audience", "rule": rule, "dynamic": True, **more}
    plan = http.post(f"/sessions/{session}/plan", json=body)
    assert plan.status_code == 200, plan.text
    applied = http.post(f"/sessions/{session}/apply", json=body | {"hash": plan.json()["hash"]})
    assert applied.status_code in (200, 202), applied.text
    made: int = applied.json()["method_id"]
    return made


def enrolled(http: httpx.Client, session: int) -> set[int]:
    items = http.get(f"/sessions/{session}/enrollments", params={"state": "active", "limit": 1000}).json()[
        "items"
    ]
    return {one["learner"]["id"] for one in items}


def method(http: httpx.Client, session: int, method_id: int) -> Any:
    return next(
        one for one in http.get(f"/sessions/{session}/methods").json()["items"] if one["id"] == method_id
    )


def test_not_in_another_audience_follows_it(http: httpx.Client, world: World) -> None:
    """Case 1: who is not in audience A, kept true when only A changed."""
    everybody, drivers = world.group(), world.group("Drivers 1")
    people = world.learners(10)
    world.join(everybody, *people)
    world.join(drivers, *people[:3])
    segment = http.post("/segments", json={"name": "A", "rule": among(drivers)}).json()["id"]
    rule = among(everybody, {"type": "segment", "op": "not_in", "segments": [segment]})
    assert members(http, rule) == set(people[3:])
    session = world.session(world.activity())
    audience(http, session, rule)
    until(lambda: enrolled(http, session) == set(people[3:]))
    world.join(drivers, people[3])
    until(lambda: enrolled(http, session) == set(people[4:]))
    world.leave(drivers, people[0])
    until(lambda: enrolled(http, session) == {people[0], *people[4:]})


def test_not_completed_holds_for_who_never_started(http: httpx.Client, world: World) -> None:
    """Case 2: not completed, started but not completed, enrolled but not completed are three different questions."""
    group = world.group()
    ana, ben, cem, dia = people = world.learners(4)
    world.join(group, *people)
    fire = world.activity("Fire Safety")
    session = world.session(fire)
    for learner, status in ((ana, "completed"), (ben, "started")):
        world.run(
            "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, $3, CASE WHEN $3 = 'completed' THEN now() END)",
            learner, fire, status,
        )  # fmt: skip
    world.enroll(session, ben, cem)

    def stands(status: str) -> dict[str, Any]:
        return {"type": "path_result", "status": status, "paths": [fire]}

    not_completed = stands("not_completed")
    assert members(http, among(group, not_completed)) == {ben, cem, dia}
    assert members(http, among(group, stands("started"), not_completed)) == {ben}
    assert members(http, among(group, stands("enrolled"), not_completed)) == {ben, cem}


def test_the_status_is_asked_of_each_path(http: httpx.Client, world: World) -> None:
    """With several paths `match` says of how many the status must hold, negated ones too; the sentence says which."""
    group = world.group()
    neither, one, both = people = world.learners(3)
    world.join(group, *people)
    first, second = world.activity("Lifting"), world.activity("Ladders")
    for learner, paths in ((one, [first]), (both, [first, second])):
        for path in paths:
            world.run(
                "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', now())",
                learner, path,
            )  # fmt: skip
    expected = {
        ("completed", "any"): ({one, both}, "have completed Lifting or Ladders"),
        ("completed", "all"): ({both}, "have completed Lifting and Ladders"),
        ("not_completed", "any"): ({neither, one}, "have not completed at least one of Lifting, Ladders"),
        ("not_completed", "all"): ({neither}, "have completed none of Lifting, Ladders"),
        ("not_started", "any"): ({neither, one}, "have not started at least one of Lifting, Ladders"),
        ("not_successful", "all"): ({neither}, "have passed none of Lifting, Ladders"),
    }
    for (status, match), (found, said) in expected.items():
        rule = among(
            group, {"type": "path_result", "status": status, "paths": [first, second], "match": match}
        )
        assert members(http, rule) == found, (status, match)
        assert said in http.post("/audiences/describe", json={"rule": rule}).json()["sentence"]
        for learner in people:
            told = http.post("/audiences/explain", json={"rule": rule, "learner_id": learner}).json()
            assert told["matches"] is (learner in found), (status, match)


def test_no_value_is_none_of_these(http: httpx.Client, world: World) -> None:
    """Case 3: never saved and cleared count alike as none of these; who is deactivated never counts."""
    group = world.group()
    field = world.field("skill", options=("Crane", "Forklift"))
    ana, ben, dia, eli, fay = people = world.learners(5)
    world.join(group, *people)
    world.set_text(field, "Crane", ana)
    world.set_text(field, "Forklift", ben)
    world.set_text(field, "Crane", eli)
    world.set_text(field, None, eli)
    world.run("UPDATE learner SET status = 'deactivated' WHERE id = $1", fay)
    assert members(http, among(group, of_field(field, "not_in", "Crane"))) == {ben, dia, eli}
    assert members(http, among(group, of_field(field, "is_empty"))) == {dia, eli}


def test_an_unfinished_filter_is_refused_with_its_place(http: httpx.Client, world: World) -> None:
    """Case 4: it neither narrows to nobody nor is dropped; an empty choice is no value."""
    group = world.group()
    site = world.field("site", options=("Bremen", "Lagos"))
    people = world.learners(5)
    world.join(group, *people)
    world.set_text(site, "Bremen", *people[:2])
    for learner in people[2:]:
        assert http.patch(f"/learners/{learner}", json={"fields": {"site": ""}}).is_success
    unfinished = [
        (of_field(site, "in"), "values"),
        ({"type": "group", "groups": []}, "groups"),
        ({"type": "path_result", "status": "completed", "paths": []}, "paths"),
        ({"type": "certificate", "status": "valid", "certificates": []}, "certificates"),
        ({"type": "language", "values": []}, "values"),
        ({"type": "added", "op": "before", "values": []}, "values"),
        ({"type": "manager", "managers": []}, "managers"),
        ({"type": "segment", "segments": []}, "segments"),
        ({"type": "any", "of": []}, "of"),
    ]
    session = world.session(world.activity())
    for found, name in unfinished:
        rule = among(group, of_field(site, "is_set"), found)
        for answer in (
            http.post("/segments", json={"name": f"Unfinished {name}", "rule": rule}),
            http.post(f"/sessions/{session}/plan", json={"kind": "audience", "rule": rule, "dynamic": True}),
        ):
            assert answer.status_code == 422, answer.text
            (mistake,) = answer.json()["errors"]
            assert (mistake["path"], mistake["code"]) == (f"rule.blocks[0].filters[1].{name}", "empty")
    assert members(http, among(group, of_field(site, "is_set"))) == set(people[:2])


def test_options_are_renamed_with_values_and_rules(http: httpx.Client, world: World) -> None:
    """Case 5: renaming moves nobody; what rules name is not deleted silently; a name made again brings nobody back."""
    group = world.group()
    people = world.learners(5)
    world.join(group, *people)
    grade = http.post(
        "/fields", json={"name": "Grade", "type": "choice", "options": ["7", "13", "21"]}
    ).json()["id"]
    world.set_text(grade, "13", *people[:4])
    session, other = world.session(world.activity()), world.session(world.activity())
    rule = among(group, of_field(grade, "in", "13"))
    live = audience(http, session, rule)
    draft = http.post(
        f"/sessions/{other}/methods", json={"kind": "audience", "rule": rule, "dynamic": True}
    ).json()["id"]
    segment = http.post("/segments", json={"name": "Grade 13", "rule": rule}).json()["id"]
    until(lambda: enrolled(http, session) == set(people[:4]))
    runs = world.run("SELECT count(*) FROM run")

    # (a) Another label for the same option.
    renamed = http.post(f"/fields/{grade}/options/rename", json={"from": "13", "to": "13, senior"})
    assert renamed.status_code == 200, renamed.text
    assert renamed.json()["options"] == ["7", "13, senior", "21"]
    for kept in (
        method(http, session, live),
        method(http, other, draft),
        http.get(f"/segments/{segment}").json(),
    ):
        assert kept["rule"]["blocks"][0]["filters"][0]["values"] == ["13, senior"]
    assert "13, senior" in method(http, session, live)["sentence"]
    assert http.get(f"/learners/{people[0]}").json()["fields"]["grade"] == "13, senior"
    joined = world.learner()
    world.join(group, joined)
    world.set_text(grade, "13, senior", joined)
    until(lambda: joined in enrolled(http, session))
    assert enrolled(http, session) == {*people[:4], joined}
    assert world.run("SELECT count(*) FROM run") == runs + 1
    assert http.post(f"/fields/{grade}/options/rename", json={"from": "13", "to": "x"}).status_code == 422
    assert http.post(f"/fields/{grade}/options/rename", json={"from": "7", "to": "21"}).status_code == 409

    # (b) It is used by people, then by rules alone: neither is forgotten silently.
    change = {"options": ["7", "21"]}
    assert http.patch(f"/fields/{grade}", json=change).status_code == 409
    world.set_text(grade, None, *people, joined)
    refused = http.patch(f"/fields/{grade}", json=change)
    assert refused.status_code == 409, refused.text
    assert {(one["kind"], one["id"]) for one in refused.json()["dependents"]} == {
        ("method", live), ("method", draft), ("segment", segment),
    }  # fmt: skip
    assert http.get(f"/fields/{grade}").json()["options"] == ["7", "13, senior", "21"]

    # (c) Once nothing names it, it can go; made again it is nobody's.
    for address in (
        f"/sessions/{other}/methods/{draft}",
        f"/segments/{segment}",
        f"/sessions/{session}/methods/{live}",
    ):
        gone = http.request("DELETE", address)
        assert gone.is_success, gone.text
    assert http.patch(f"/fields/{grade}", json=change).status_code == 200
    assert http.patch(f"/fields/{grade}", json={"options": ["7", "21", "13, senior"]}).status_code == 200
    assert members(http, among(group, of_field(grade, "in", "13, senior"))) == set()


def test_numbers_are_compared_as_numbers(http: httpx.Client, world: World) -> None:
    """Case 6."""
    group = world.group()
    years = world.field("years", "number")
    people = world.learners(6)
    world.join(group, *people)
    for learner, value in zip(people, (2, 9, 10, 100, 9.5), strict=False):
        world.run(
            "INSERT INTO field_value (learner_id, field_id, number_value) VALUES ($1, $2, $3)",
            learner,
            years,
            value,
        )
    two, nine, ten, hundred, half, _ = people
    assert members(http, among(group, of_field(years, "gt", 9))) == {ten, hundred, half}
    assert members(http, among(group, of_field(years, "lt", 10))) == {two, nine, half}
    assert members(http, among(group, of_field(years, "in", 9.5))) == {half}
    refused = http.post("/audiences/preview", json={"rule": among(group, of_field(years, "gt", "9"))})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "rule.blocks[0].filters[0].values[0]"


def test_or_stays_within_its_brackets(http: httpx.Client, world: World) -> None:
    """Case 7: an exclusion holds for all that an "or" unites, and the sentence shows the brackets."""
    group = world.group()
    place, opted_out = (
        world.field("place", options=("Bremen", "Lagos", "Kyiv")),
        world.field("opted_out", "boolean"),
    )
    ana, ben, cem, dia = people = world.learners(4)
    world.join(group, *people)
    for learner, where in ((ana, "Bremen"), (ben, "Lagos"), (cem, "Lagos"), (dia, "Kyiv")):
        world.set_text(place, where, learner)
        world.run(
            "INSERT INTO field_value (learner_id, field_id, boolean_value) VALUES ($1, $2, $3)",
            learner, opted_out, learner in (ana, ben),
        )  # fmt: skip
    either = {"type": "any", "of": [of_field(place, "in", "Bremen"), of_field(place, "in", "Lagos")]}
    rule = among(group, either, of_field(opted_out, "in", False))
    assert members(http, rule) == {cem}
    sentence = http.post("/audiences/describe", json={"rule": rule}).json()["sentence"]
    assert "(whose Place is Bremen or whose Place is Lagos) and whose Opted_Out is no" in sentence


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


def test_a_rule_of_nobody_is_said(http: httpx.Client, world: World) -> None:
    """Case 9: with its last part gone a rule is neither everybody nor silently nobody."""
    group = world.group()
    people = world.learners(3)
    world.join(group, *people)
    session = world.session(world.activity())
    live = audience(http, session, among(group))
    segment = http.post("/segments", json={"name": "Three", "rule": among(group)}).json()["id"]
    until(lambda: enrolled(http, session) == set(people))
    empty: list[dict[str, Any]] = [{}, {"blocks": []}, {"blocks": [], "include": [], "exclude": [people[0]]}]
    for rule in empty:
        for answer in (
            http.post("/segments", json={"name": "Nobody", "rule": rule}),
            http.patch(f"/segments/{segment}", json={"rule": rule}),
            http.post(f"/sessions/{session}/plan", json={"method_id": live, "rule": rule}),
            http.post(f"/sessions/{session}/apply", json={"method_id": live, "rule": rule, "hash": "0" * 64}),
            http.post(f"/sessions/{session}/plan", json={"kind": "audience", "rule": rule}),
        ):
            assert answer.status_code == 422, answer.text
            assert [(one["path"], one["code"]) for one in answer.json()["errors"]] == [("rule", "empty")]
    assert enrolled(http, session) == set(people)
    assert http.patch(f"/segments/{segment}", json={"rule": {"nobody": True}}).json()["total"] == 0
    plan = http.post(f"/sessions/{session}/plan", json={"method_id": live, "rule": {"nobody": True}})
    assert plan.json()["leaving"] == len(people)
    both = http.post("/audiences/preview", json={"rule": {"nobody": True, "include": [people[0]]}})
    assert both.json()["errors"][0]["path"] == "rule.nobody"
    assert http.post("/audiences/describe", json={"rule": {"nobody": True}}).json()["sentence"] == "Nobody."


def test_what_rules_refer_to_is_not_deleted_silently(http: httpx.Client, world: World) -> None:
    """Case 10: a group used by an audience, a segment and a group assignment; nobody moves, the rest goes on."""
    drivers, others = world.group("Drivers 10"), world.group()
    people = world.learners(2)
    world.join(drivers, people[0])
    session, assigned = world.session(world.activity()), world.session(world.activity())
    live = audience(http, session, among(drivers))
    body = {"kind": "group", "group_id": drivers, "dynamic": True, "due_at": "2030-01-01T00:00:00Z"}
    plan = http.post(f"/sessions/{assigned}/plan", json=body).json()
    group_method = http.post(f"/sessions/{assigned}/apply", json=body | {"hash": plan["hash"]}).json()[
        "method_id"
    ]
    segment = http.post("/segments", json={"name": "Drivers", "rule": among(drivers)}).json()["id"]
    until(lambda: enrolled(http, session) == enrolled(http, assigned) == {people[0]})
    refused = http.delete(f"/groups/{drivers}")
    assert refused.status_code == 409, refused.text
    assert {(one["kind"], one["id"]) for one in refused.json()["dependents"]} >= {
        ("method", live), ("method", group_method), ("segment", segment),
    }  # fmt: skip
    assert enrolled(http, session) == enrolled(http, assigned) == {people[0]}
    assert http.delete(f"/groups/{others}").is_success


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


def test_nothing_stored_is_not_the_same_as_no(http: httpx.Client, world: World) -> None:
    """Case 13: "not yes" holds for who has nothing stored, for people just made as for others; who is gone never counts."""
    group = world.group()
    world.run("UPDATE learner_group SET external_id = 'aid-13' WHERE id = $1", group)
    first_aid, night = world.field("first_aid", "boolean"), world.field("night_work", "boolean")
    ana, ben, cem, dia = people = world.learners(4)
    world.join(group, *people)

    def put(learner: int, field: int, *, yes: bool) -> None:
        world.run(
            "INSERT INTO field_value (learner_id, field_id, boolean_value) VALUES ($1, $2, $3)",
            learner,
            field,
            yes,
        )

    for learner in people:
        put(learner, night, yes=True)
    put(ana, first_aid, yes=False)
    put(cem, first_aid, yes=True)
    put(dia, first_aid, yes=False)
    world.run("UPDATE learner SET status = 'deactivated' WHERE id = $1", dia)
    rule = among(group, of_field(first_aid, "not_in", True), of_field(night, "in", True))
    session = world.session(world.activity())
    audience(http, session, rule)
    until(lambda: enrolled(http, session) == {ana, ben})
    row = {"email": "eve13@x.example", "groups": ["aid-13"], "fields": {"night_work": True}}
    assert http.post("/learners/bulk", json={"learners": [row]}).json()["created"] == 1
    until(lambda: len(enrolled(http, session)) == 3)
    assert members(http, among(group, of_field(first_aid, "in", False))) == {ana}


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


def test_circles_of_managers_are_refused(http: httpx.Client, world: World) -> None:
    """Case 35: over the API, one by one and in bulk, where the rest of each row is kept; stored circles hang nothing."""
    names = ("avi", "bruna", "chen", "dario", "eli")
    rows = [
        {"email": f"{name}@circle.example", "external_id": f"c-{name}", "first_name": name} for name in names
    ]
    assert http.post("/learners/bulk", json={"learners": rows}).json()["created"] == len(names)
    ids = {name: world.run("SELECT id FROM learner WHERE external_id = $1", f"c-{name}") for name in names}
    managers = {"avi": "bruna", "bruna": "chen", "chen": "avi", "dario": "dario", "eli": "avi"}
    rows = [
        {
            "email": f"{name}@circle.example",
            "external_id": f"c-{name}",
            "last_name": "New",
            "manager_external_id": f"c-{boss}",
        }
        for name, boss in managers.items()
    ]
    told = http.post("/learners/bulk", json={"learners": rows}).json()
    assert {(one["row"], one["path"], one["code"]) for one in told["errors"]} == {
        (0, "manager_external_id", "circle"),
        (1, "manager_external_id", "circle"),
        (2, "manager_external_id", "circle"),
        (3, "manager_external_id", "self"),
    }
    assert told["updated"] == len(names)
    found = {name: http.get(f"/learners/{learner}").json() for name, learner in ids.items()}
    assert {one["last_name"] for one in found.values()} == {"New"}
    assert {name: one["manager_id"] for name, one in found.items()} == {
        **dict.fromkeys(names),
        "eli": ids["avi"],
    }

    # One by one: through others, and with oneself.
    assert http.patch(f"/learners/{ids['avi']}", json={"manager_id": ids["bruna"]}).is_success
    assert http.patch(f"/learners/{ids['bruna']}", json={"manager_id": ids["chen"]}).is_success
    for name, boss, code in (("chen", "avi", "circle"), ("chen", "eli", "circle"), ("chen", "chen", "self")):
        refused = http.patch(f"/learners/{ids[name]}", json={"manager_id": ids[boss]})
        assert refused.status_code == 422, refused.text
        assert [(one["path"], one["code"]) for one in refused.json()["errors"]] == [("manager_id", code)]

    below = {
        "blocks": [
            {"everyone": True, "filters": [{"type": "manager", "managers": [ids["chen"]], "indirect": True}]}
        ]
    }
    assert members(http, below) == {ids["avi"], ids["bruna"], ids["eli"]}
    # From before circles were refused, or by psql.
    world.run("UPDATE learner SET manager_id = $1 WHERE id = $2", ids["avi"], ids["chen"])
    assert members(http, below) >= {ids["avi"], ids["bruna"], ids["eli"]}
    assert http.patch(f"/learners/{ids['eli']}", json={"manager_id": ids["bruna"]}).is_success
    assert http.patch(f"/learners/{ids['chen']}", json={"manager_id": None}).is_success


def test_people_made_one_by_one_are_counted_at_once(http: httpx.Client, world: World) -> None:
    """Case 38: each is in every count as soon as the call has ended. What cannot be counted is 503, never 0: `ground/test_serving`."""
    group = world.group()
    world.run("UPDATE learner_group SET external_id = 'g-38' WHERE id = $1", group)
    for number in range(20):
        row = {"email": f"n{number}@38.example", "groups": ["g-38"]}
        assert http.post("/learners/bulk", json={"learners": [row]}).json()["created"] == 1
        preview = http.post("/audiences/preview", json={"rule": among(group)}).json()
        assert preview["total"] == number + 1
