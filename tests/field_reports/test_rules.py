"""Cases of the field reports about what a rule means.

Cases 3 and 5 are told for fields of one value, as Muster has them. 11 needs a directory, 20 to 23 SCIM: both come later.
"""

from typing import Any

import httpx

from tests.field_reports.asking import among, audience, enrolled, members, of_field, until
from tests.harness.world import World


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
    said = http.post("/audiences/describe", json={"rule": rule}).json()
    assert "(whose Place is Bremen or whose Place is Lagos) and whose Opted_Out is no" in said["sentence"]
    # Nothing has to be looked for in the sentence: each noun says what it is and what of the rule it comes from.
    assert "".join(part["text"] for part in said["parts"]) == said["sentence"]
    nouns = [
        (part["kind"], part["id"], part["path"].removeprefix("rule.blocks[0]."))
        for part in said["parts"]
        if part["kind"]
    ]
    assert nouns == [
        ("group", group, "groups"),
        ("field", place, "filters[0].of[0]"),
        ("value", None, "filters[0].of[0]"),
        ("field", place, "filters[0].of[1]"),
        ("value", None, "filters[0].of[1]"),
        ("field", opted_out, "filters[1]"),
        ("value", None, "filters[1]"),
    ]


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
