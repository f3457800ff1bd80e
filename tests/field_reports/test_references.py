"""Cases of the field reports about what rules and people refer to: renamed options, deleted groups, circles of managers."""

import httpx

from tests.field_reports.asking import among, audience, enrolled, members, method, of_field, until
from tests.harness.world import World


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
