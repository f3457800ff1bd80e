"""JSON of any form, stored past Muster, stops neither who follows the log nor who reconciles, and no list."""

import pytest

from backend.database import fetch_value
from backend.services.imports import import_work
from tests.harness.system import System


@pytest.mark.parametrize("value", ["5", "-1.5", "true", '"text"', "[]", "[[1]]", "null", "{}"])
async def test_json_of_any_form_stops_nothing(system: System, value: str) -> None:
    sound, broken = await system.group("Sound"), await system.group("Broken")
    people = await system.people(2, sound)
    first, second = await system.session(), await system.session()
    await system.enroll_group(first, sound)
    method = (await system.enroll_group(second, broken))["method_id"]
    made = await system.admin.post(
        "/imports", files={"file": ("s.csv", "email\nimp@x.example\n")}, data={"kind": "learners"}
    )
    assert made.status_code == 202, made.text
    await import_work.drain()
    await system.settled()

    await system.write(
        "UPDATE enrollment_method SET rule = $2::text::jsonb, state_details = $2::text::jsonb WHERE id = $1",
        method,
        value,
    )
    await system.write("INSERT INTO segment (name, rule) VALUES ('S', $1::text::jsonb)", value)
    await system.write("UPDATE run SET detail = $1::text::jsonb", value)
    await system.write("UPDATE import_job SET detail = $1::text::jsonb", value)
    people += await system.people(1, sound)
    await system.settled()
    assert await system.enrolled(first) == set(people)
    run = await fetch_value("SELECT min(id) FROM run")
    rule = {"blocks": [{"groups": [sound]}]}
    assert (await system.admin.post("/audiences/preview", json={"rule": rule})).json()["total"] == 3
    for path in ("/segments", f"/sessions/{second}/methods", "/runs", f"/runs/{run}", "/imports", "/set-aside", "/outbox"):  # fmt: skip
        answer = await system.admin.get(path)
        assert answer.status_code == 200, (path, answer.text)


ODD = [
    "5",
    "-1.5",
    "true",
    '"text"',
    "[]",
    "[[1]]",
    "[null]",
    "{}",
    '{"session_id": {}, "state": [1]}',
    '{"facet": "membership", "ref": [1], "name": {}, "old": [], "new": [{}], "text": 5}',
    '{"facet": "by_hand", "text": {"a": []}}',
    '{"facet": "field", "ref": "x", "old": 1e400, "new": {}}',
    '{"facet": "enrollment", "ref": 1e30, "new": [[1]]}',
    "[" * 200 + "]" * 200,
    '{"facet": "field", "new": ' + '{"a":' * 900 + "1" + "}" * 901,
    "1e400",
]


@pytest.fixture
async def session(system: System) -> int:
    """A session in which two of three people of a group are, and a coach of that group, and of which one has left."""
    group = await system.group()
    people = await system.people(3, group)
    made = await system.session(group_id=group)
    await system.enroll_group(made, group)
    await system.settled()
    await system.leave(group, people[0])
    # In a run of its own: whoever comes at the same time would be in it, too.
    await system.settled()
    coach = await system.person("c@odd.example")
    await system.join(group, coach, role="coach")
    await system.settled()
    return made


async def test_what_runs_keep_of_people_stops_no_list(system: System, session: int) -> None:
    of_coach = await system.client("c@odd.example")
    run = await fetch_value("SELECT max(run_id) FROM run_change WHERE change = 'left'")
    await system.write(
        "INSERT INTO run_change (run_id, learner_id, change)"
        " SELECT $1, learner_id, 'blocked' FROM run_change WHERE run_id = $1",
        run,
    )
    runs = await fetch_value("SELECT array_agg(id) FROM run")
    lists = [f"/sessions/{session}/happenings", f"/sessions/{session}/enrollments?state=expired"]
    paths = [*(f"/runs/{one}/changes" for one in runs), *lists]
    for value in ODD:
        for table in ("run_change", "run_change_shared"):
            await system.write(
                f"UPDATE {table} SET before = $1::text::jsonb, after = $1::text::jsonb, reason = $1::text::jsonb",
                value,
            )
        for path in paths:
            for client in (system.admin, of_coach):
                answer = await client.get(path)
                assert answer.status_code == 200, (value, path, answer.text)
        changes = (await system.admin.get(f"/runs/{run}/changes")).json()["items"]
        assert len(changes) == 2
        if not value.startswith("{"):
            assert all(item["before"] is None and item["after"] is None for item in changes)
            (told,) = (item["reason"] for item in changes if item["change"] == "left")
            # What is empty was not recorded; the rest is there and cannot be read.
            assert told is None if value == "[]" else told["cause"] == "unknown"


async def test_what_a_run_keeps_of_its_method_stops_no_list(system: System, session: int) -> None:
    of_coach = await system.client("c@odd.example")
    runs = await fetch_value("SELECT array_agg(id) FROM run")
    for value in ODD:
        for kept in (value, f'{{"method": {value}}}', f'{{"left_alone": {value}, "beyond": {value}}}'):
            await system.write("UPDATE run SET detail = $1::text::jsonb", kept)
            for path in ("/runs", f"/sessions/{session}/enrollments", *(f"/runs/{one}" for one in runs)):
                for client in (system.admin, of_coach):
                    assert (await client.get(path)).status_code == 200, (kept, path)


async def test_what_the_log_keeps_of_enrollments_stops_no_happenings(system: System, session: int) -> None:
    for value in ODD:
        await system.write(
            "UPDATE change_log SET old = NULL, new = $1::text::jsonb WHERE facet = 'enrollment'", value
        )
        answer = await system.admin.get(f"/sessions/{session}/happenings")
        assert answer.status_code == 200, (value, answer.text)


async def test_what_an_import_keeps_of_rows_stops_no_page(system: System) -> None:
    made = await system.admin.post(
        "/imports",
        files={"file": ("s.csv", "email,first name\nimp@x.example,A\nno address,B\n")},
        data={"kind": "learners"},
    )
    assert made.status_code == 202, made.text
    await import_work.drain()
    path = f"/imports/{made.json()['id']}"
    for value in ODD:
        await system.write(
            "UPDATE import_row SET data = $1::text::jsonb, problem = $1::text::jsonb, changes = $1::text::jsonb",
            value,
        )
        for part in ("", "/rows", "/rows?outcome=error", "/rejects.xlsx"):
            answer = await system.admin.get(path + part)
            assert answer.status_code == 200, (value, part, answer.text)
        rows = (await system.admin.get(f"{path}/rows")).json()
        assert [row["cells"] for row in rows["items"]] == [[], []], value
    # Whoever applies it is told that it failed; the worker goes on.
    await system.write("UPDATE import_job SET state = 'applying'")
    await import_work.drain()
    assert (await system.admin.get(path)).json()["state"] == "failed"
    await system.write("UPDATE import_job SET state = 'ready'")
    for value in ODD:
        for inner in ("columns", "decisions", "created", "answers"):
            await system.write(
                "UPDATE import_job SET detail = jsonb_build_object($1::text, $2::text::jsonb)", inner, value
            )
            for page in (path, f"{path}/rejects.xlsx", "/imports"):
                assert (await system.admin.get(page)).status_code == 200, (value, inner, page)


async def test_what_else_is_stored_as_json_stops_nothing(system: System, session: int) -> None:
    messages = (await system.admin.get("/outbox")).json()["items"]
    assert messages
    for value in ODD:
        await system.write("UPDATE audit SET detail = $1::text::jsonb", value)
        await system.write("UPDATE notice SET detail = jsonb_build_object('by', $1::text::jsonb)", value)
        for path in ("/audit", "/outbox", *(f"/outbox/{message['id']}" for message in messages)):
            assert (await system.admin.get(path)).status_code == 200, (value, path)
        for cause in ("broken_rule", "fuse", "rejected", "undone"):
            for details in (value, f'{{"problems": [{value}], "note": {value}, "leaving": {value}}}'):
                await system.write(
                    "UPDATE enrollment_method SET state = 'frozen', state_cause = $1, state_details = $2::text::jsonb",
                    cause,
                    details,
                )
                answer = await system.admin.get(f"/sessions/{session}/methods")
                assert answer.status_code == 200, (details, answer.text)
