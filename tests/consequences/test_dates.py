"""What becomes of dates alone: due dates that follow a field of each person, and days on which picks end."""

from datetime import date, timedelta
from typing import Any

from backend.runtime import clock
from backend.services.enrollment.dates.due_by_field import settle_all
from tests.consequences.asking import asked, messages
from tests.enrollment.dates.test_due_by_field import HIRED, due, field, hired
from tests.harness.system import System

Json = dict[str, Any]


async def behind(system: System, change: str, *changes: Json, **more: Any) -> dict[int, Json]:
    """Who is behind a number, and what is told of their one session."""
    body = {"changes": list(changes), "change": change, **more}
    answer = await system.post("/consequences/people", body)
    assert answer.status_code == 200, answer.text
    return {item["learner"]["id"]: item["sessions"][0] for item in answer.json()["items"]}


def end_of(day: date) -> str:
    return f"{day.isoformat()}T23:59:59Z"


async def test_who_is_due_otherwise_is_told_with_both_dates(system: System) -> None:
    await field(system)
    ana, ben, cleo = await system.people(3)
    await hired(system, ana, HIRED)
    await hired(system, cleo, HIRED)
    session = await system.session()
    picked = {"include": [ana, ben, cleo]}
    policy: Json = {"due_field": "hired", "due_field_days": 10, "mail": False}
    await system.apply(session, kind="manual", rule=picked, **policy)
    # Given by hand, which no field moves.
    one = (await system.enrollment(session, cleo))["id"]
    by_hand = {"due_at": "2031-01-01T00:00:00Z"}
    assert (await system.admin.post(f"/enrollments/{one}/extend", json=by_hand)).status_code == 200
    await system.settled()
    sooner = HIRED - timedelta(days=30)
    edits = [
        {"act": "learner", "id": person, "fields": {"hired": day.isoformat()}}
        for person, day in ((ana, sooner), (ben, HIRED), (cleo, sooner))
    ]
    found = await asked(system, *edits)
    assert (found["people"], found["due_changes"], found["entering"], found["messages"]) == (2, 2, 0, 2)
    (told,) = found["sessions"]
    assert (told["session_id"], told["due_changes"]) == (session, 2)
    listed = await behind(system, "due_changes", *edits)
    dates: dict[int, Json] = {
        ana: {"before": end_of(HIRED + timedelta(days=10)), "after": end_of(sooner + timedelta(days=10))},
        ben: {"before": None, "after": end_of(HIRED + timedelta(days=10))},
    }
    assert {person: place["due"] for person, place in listed.items()} == dates
    assert "Hired" in listed[ana]["why"]["sentence"]
    assert {item["learner"]["id"] for item in (await messages(system, *edits))["items"]} == {ana, ben}
    # Without their date nobody is due; a value that is the same moves nothing.
    gone = {"act": "learner", "id": ana, "fields": {"hired": None}}
    assert (await behind(system, "due_changes", gone))[ana]["due"] == {**dates[ana], "after": None}
    same = {"act": "learner", "id": ana, "fields": {"hired": HIRED.isoformat()}}
    assert (await asked(system, same))["due_changes"] == 0
    # What was told is what happens.
    done = await system.post("/consequences/apply", {"changes": edits, "hash": found["hash"]})
    assert done.status_code == 200, done.text
    await system.settled()
    await settle_all()
    assert [await due(system, session, one) for one in (ana, ben)] == [
        sooner + timedelta(days=10),
        HIRED + timedelta(days=10),
    ]


async def test_who_coaches_is_told_of_ends_in_their_session(system: System) -> None:
    sales, outside = await system.group("Sales"), await system.group("Support")
    await system.join(sales, await system.person("coach@example.org"), role="coach")
    client = await system.client("coach@example.org")
    (ana,) = await system.people(1, sales)
    (ben,) = await system.people(1, outside)
    session = await system.session(group_id=sales)
    await system.apply(session, kind="manual", rule={"include": [ben]})
    await system.settled()
    day = (clock.today("UTC") + timedelta(days=30)).isoformat()
    enroll = {"act": "enroll", "people": [ana], "targets": [{"session_id": session}], "until": day}
    shown = await asked(system, enroll, client=client)
    assert (shown["entering"], shown["ending"], shown["ending_on"]) == (1, 1, day)


async def test_whose_enrollment_ends_by_date_is_told(system: System) -> None:
    group = await system.group()
    (ana,) = await system.people(1, group)
    ben, cleo = await system.people(2)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.settled()
    day = (clock.today("UTC") + timedelta(days=30)).isoformat()
    enroll: Json = {
        "act": "enroll",
        "people": [ana, ben, cleo],
        "targets": [{"session_id": session}],
        "until": day,
    }
    found = await asked(system, enroll)
    # Ana stays by her group.
    assert (found["entering"], found["gaining"], found["ending"], found["ending_on"]) == (2, 1, 2, day)
    assert (found["sessions"][0]["ending"], found["sessions"][0]["ending_on"]) == (2, day)
    listed = await behind(system, "ending", enroll, session_id=session)
    assert {person: place["ends_on"] for person, place in listed.items()} == {ben: day, cleo: day}
    done = await system.post("/consequences/apply", {"changes": [enroll], "hash": found["hash"]})
    assert done.status_code == 200, done.text
    await system.settled()
    # Said again it changes nothing, another day does; of several days none is named.
    assert (await asked(system, enroll))["ending"] == 0
    later = (clock.today("UTC") + timedelta(days=60)).isoformat()
    again = {**enroll, "people": [ben], "until": later}
    changed = await asked(system, again)
    assert (changed["ending"], changed["ending_on"]) == (1, later)
    other = await system.session()
    both = await asked(system, again, {**enroll, "targets": [{"session_id": other}]})
    assert (both["ending"], both["ending_on"]) == (4, None)
