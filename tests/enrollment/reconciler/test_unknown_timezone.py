"""A time zone that nobody knows, stored past every check: days are those of UTC, and nothing stops."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.database import fetch, fetch_value
from backend.mail.settings import MailSettings
from backend.runtime import clock
from backend.services.mail.composition import compose
from tests.harness.system import System

# The second ones only one of the two calendars knows: PostgreSQL's, or this machine's.
NAMES = (
    "Mars/Phobos",
    "europe/paris",
    "Mars3",
    "PST",
    "Europe",
    "",
    " ",
    "../UTC",
    "localtime",
    "x" * 10_000,
)


@pytest.mark.parametrize("name", NAMES)
async def test_both_calendars_take_it_for_the_same(database: str, name: str) -> None:
    assert database
    assert await fetch_value("SELECT muster_timezone($1)", name) == "UTC"
    assert clock.zone(name).key == "UTC"


@pytest.mark.parametrize("name", ["UTC", "Europe/Paris", "America/Port-au-Prince", "Etc/GMT+3", "CET"])
async def test_what_both_know_is_used(database: str, name: str) -> None:
    assert database
    assert await fetch_value("SELECT muster_timezone($1)", name) == name == clock.zone(name).key


async def test_people_are_planned_enrolled_told_and_certified(system: System) -> None:
    group = await system.group()
    people = await system.people(2, group)
    activity = await system.activity(external_id="fire")
    await system.write(
        "INSERT INTO certificate (activity_id, title, valid_months) VALUES ($1, 'Fire', 12)", activity
    )
    session = await system.session(activity)
    await system.settled()
    await system.write("UPDATE organisation SET timezone = 'Mars/Phobos'")
    await system.settled()
    plan = await system.plan(
        session, kind="audience", rule={"blocks": [{"groups": [group]}]}, dynamic=True, due_days=10
    )
    assert plan["entering"] == 2
    await system.enroll_group(session, group, due_days=10)
    people += await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    day = (clock.now() + timedelta(days=10)).date()
    due = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    dues = {row["due_at"] for row in await fetch("SELECT due_at FROM enrollment")}
    assert all(abs(one - due) <= timedelta(days=1) and one.time() == due.time() for one in dues), dues

    emails = [row["email"] for row in await fetch("SELECT email FROM learner WHERE id = ANY($1)", people)]
    results = [{"learner": email, "activity": "fire", "status": "completed"} for email in emails[:1]]
    answer = await system.admin.post("/results/bulk", json={"results": results})
    assert answer.json()["errors"] == [], answer.text
    assert await fetch_value("SELECT expires_at > issued_at FROM award") is True

    messages = [row["id"] for row in await fetch("SELECT id FROM message WHERE kind = 'enrollment'")]
    assert len(messages) == len(people)
    mail = MailSettings(base_url="https://muster.example")
    composed = await compose(messages, mail, clock.now() + timedelta(hours=2), preview=True)
    assert any(one.rendered is not None for one in composed)
    for path in (
        f"/sessions/{session}/timeline",
        "/learners?added_from=2020-01-01",
        "/outbox",
        "/organisation",
    ):
        assert (await system.admin.get(path)).status_code == 200, path
    told = (await system.admin.get("/set-aside")).json()["items"]
    assert [(one["what"], one["reason"]) for one in told] == [("organisation", "timezone is 'Mars/Phobos'")]
    (french,) = (await system.admin.get("/set-aside", headers={"accept-language": "fr"})).json()["items"]
    assert french["reason"] == "timezone vaut 'Mars/Phobos'"


async def test_names_that_only_this_machine_knows_are_refused(system: System) -> None:
    for name in NAMES:
        answer = await system.admin.patch("/organisation", json={"timezone": name})
        assert answer.status_code in (400, 422), (name, answer.text)
