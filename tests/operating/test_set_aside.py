"""One stored value stops nothing: it is set aside and told, what rests on it freezes, the rest goes on."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of

PATIENCE_SECONDS = 30
DEEP = "[" * 2_000 + "]" * 2_000


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@pytest.fixture
def world(muster: Muster) -> Iterator[World]:
    with world_of(muster.database_url) as made:
        yield made


def audience(http: httpx.Client, session: int, block: dict[str, Any]) -> int:
    """A live dynamic method; its id."""
    body = {"kind": "audience", "rule": {"blocks": [block]}, "dynamic": True}
    plan = http.post(f"/sessions/{session}/plan", json=body)
    assert plan.status_code == 200, plan.text
    applied = http.post(f"/sessions/{session}/apply", json=body | {"hash": plan.json()["hash"]})
    assert applied.status_code in (200, 202), applied.text
    made: int = applied.json()["method_id"]
    return made


def total(http: httpx.Client, block: dict[str, Any]) -> int:
    answer = http.post("/audiences/preview", json={"rule": {"blocks": [block]}})
    assert answer.status_code == 200, answer.text
    found: int = answer.json()["total"]
    return found


def state(http: httpx.Client, session: int, method: int) -> str:
    found = http.get(f"/sessions/{session}/methods").json()
    return str(next(one["state"] for one in found["items"] if one["id"] == method))


def enrolled(world: World, session: int) -> int:
    found: int = world.run(
        "SELECT count(*) FROM enrollment WHERE session_id = $1 AND state = 'active'", session
    )
    return found


def test_it_is_set_aside_and_the_rest_goes_on(  # noqa: PLR0915 - one system, seen from every side
    muster: Muster, http: httpx.Client, world: World
) -> None:
    group = world.group("Drivers")
    people = world.learners(3)
    world.join(group, *people)
    hired = world.field("hired", "date")
    years = world.field("years", "number")
    for learner in people:
        world.run(
            "INSERT INTO field_value (learner_id, field_id, date_value) VALUES ($1, $2, '2020-01-01')",
            learner,
            hired,
        )
    sound, resting = world.session(world.activity()), world.session(world.activity())
    by_group = audience(http, sound, {"groups": [group]})
    by_day = audience(
        http,
        resting,
        {
            "groups": [group],
            "filters": [{"type": "field", "field": hired, "op": "lt", "values": ["2021-01-01"]}],
        },
    )
    until(lambda: (enrolled(world, sound), enrolled(world, resting)) == (3, 3))
    by_year = {"groups": [group], "filters": [{"type": "field", "field": years, "op": "gt", "values": [9]}]}
    broken, deep = (
        world.run("INSERT INTO segment (name, rule) VALUES ($1, $2::text::jsonb) RETURNING id", name, rule)
        for name, rule in (("Broken", '{"blocks": 5}'), ("Deep", f'{{"blocks": {DEEP}}}'))
    )

    # What psql, an import past Muster or an older release may have left.
    world.run("UPDATE session SET starts_at = '-infinity', ends_at = 'infinity' WHERE id = $1", sound)
    world.run("UPDATE session SET ends_at = '294276-01-01' WHERE id = $1", resting)
    world.run("UPDATE learner SET added_at = '4713-01-01 BC' WHERE id = $1", people[0])
    world.run("UPDATE enrollment SET due_at = '-infinity' WHERE session_id = $1", sound)
    world.run(
        "UPDATE field_value SET date_value = 'infinity' WHERE learner_id = $1 AND field_id = $2",
        people[0],
        hired,
    )
    world.run(
        "INSERT INTO field_value (learner_id, field_id, number_value) VALUES ($1, $2, 18446744073709551616)",
        people[0],
        years,
    )
    world.run(
        "INSERT INTO field_value (learner_id, field_id, text_value) VALUES ($1, $2, 'nine')", people[1], years
    )
    world.run("UPDATE enrollment_method SET due_at = '20000-01-01' WHERE id = $1", by_group)

    def goes_on() -> None:
        assert httpx.get(f"{muster.address}/api/health").status_code == 200
        assert total(http, {"groups": [group]}) == len(people)
        assert (
            total(
                http,
                {"groups": [group], "filters": [{"type": "added", "op": "before", "values": ["1950-01-01"]}]},
            )
            == 1
        )
        # What rests on values that cannot be read is told of, and nobody leaves because of it.
        for filters in (by_year["filters"], [{"type": "segment", "segments": [broken]}]):
            preview = http.post(
                "/audiences/preview", json={"rule": {"blocks": [{"groups": [group], "filters": filters}]}}
            )
            assert preview.status_code == 409, preview.text
            assert preview.json()["type"] == "broken_rule"
        for path in (
            "/sessions",
            "/learners",
            "/segments",
            f"/sessions/{sound}/enrollments",
            f"/sessions/{sound}/methods",
        ):
            assert http.get(path).status_code == 200, path
        told = http.get("/set-aside").json()["items"]
        assert {(one["what"], one["id"]) for one in told} >= {
            ("session", sound),
            ("session", resting),
            ("field", hired),
            ("field", years),
            ("segment", broken),
            ("segment", deep),
        }
        assert {one["rules_freeze"] for one in told if one["what"] == "session"} == {False}
        people_told = {learner for one in told if one["id"] == hired for learner in one["learner_ids"]}
        assert people_told == {people[0]}

    until(lambda: state(http, resting, by_day) == "frozen")
    until(lambda: len(http.get("/set-aside").json()["items"]) >= 6)
    goes_on()
    people.append(world.learner())
    world.join(group, people[-1])
    until(lambda: enrolled(world, sound) == len(people))
    assert enrolled(world, resting) == 3
    assert "muster_rows_set_aside" in httpx.get(f"{muster.address}/metrics").text

    doctor = muster.cli("doctor")
    assert f"session {sound}: starts_at is '-infinity'" in doctor.stdout, doctor.stdout + doctor.stderr
    assert "index:" in doctor.stdout
    assert "it differed" not in doctor.stdout

    muster.stop()
    muster.start()
    http = muster.sign_in()
    goes_on()

    # Put right, everything thaws.
    world.run("UPDATE field_value SET date_value = '2020-01-01' WHERE date_value = 'infinity'")
    until(lambda: state(http, resting, by_day) == "live")
    until(lambda: enrolled(world, resting) == 3)


def test_a_time_zone_that_nobody_knows_stops_nothing(muster: Muster, world: World) -> None:
    """Rules about days freeze; all others are answered, the doctor works, and a restart is ready."""
    http = muster.sign_in()
    group = world.group()
    world.join(group, *world.learners(2))
    days = {"groups": [group], "filters": [{"type": "added", "op": "last_days", "values": [3]}]}
    zone = world.run("SELECT timezone FROM organisation")
    world.run("UPDATE organisation SET timezone = 'Mars/Phobos'")
    until(lambda: any(one["what"] == "organisation" for one in http.get("/set-aside").json()["items"]))
    for _ in range(2):
        assert httpx.get(f"{muster.address}/api/health").status_code == 200
        assert total(http, {"groups": [group]}) == 2
        assert http.post("/audiences/preview", json={"rule": {"blocks": [days]}}).status_code == 409
        assert http.get("/sessions").status_code == 200
        muster.stop()
        muster.start()
        http = muster.sign_in()
    doctor = muster.cli("doctor")
    assert "nobody knows the organisation's time zone, 'Mars/Phobos'" in doctor.stdout, (
        doctor.stdout + doctor.stderr
    )
    assert "index:" in doctor.stdout
    world.run("UPDATE organisation SET timezone = $1", zone)
    until(lambda: http.post("/audiences/preview", json={"rule": {"blocks": [days]}}).status_code == 200)
