"""Figures are of people: who becomes enrolled or ceases to be, and apart from them who only gets or loses a reason."""

from typing import Any

from backend.database import fetch, fetch_value
from backend.mail.settings import MailSettings
from backend.runtime import clock
from backend.services.mail.composition import compose
from tests.harness.system import System

FIGURES = ("entering", "leaving", "gaining", "losing", "completed_stay", "staying", "blocked")


def of(plan: dict[str, Any]) -> dict[str, int]:
    return {name: plan[name] for name in FIGURES if plan[name]}


async def run_of(system: System, run: int) -> dict[str, Any]:
    found: dict[str, Any] = (await system.admin.get(f"/runs/{run}")).json()
    return found


async def changed(system: System, run: int, kind: str | None = None) -> list[tuple[int, str]]:
    answer = (await system.admin.get(f"/runs/{run}/changes", params={"change": kind} if kind else {})).json()
    assert answer["total"] == len(answer["items"])
    return [(row["learner"]["id"], row["change"]) for row in answer["items"]]


async def complete(system: System, session: int, *learners: int) -> None:
    await system.write(
        "UPDATE enrollment SET state = 'completed', completed_at = muster_now()"
        " WHERE session_id = $1 AND learner_id = ANY($2)",
        session,
        list(learners),
    )


async def test_who_is_enrolled_already_does_not_enter(system: System) -> None:
    """Of 8 people whom the second method wants, 5 are enrolled by the first."""
    red, blue = await system.group("Red"), await system.group("Blue")
    people = await system.people(8, blue)
    await system.join(red, *people[:5])
    session = await system.session()
    first = await system.enroll_group(session, red)
    body: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [blue]}]}, "dynamic": True}
    plan = await system.plan(session, **body)
    assert of(plan) == {"entering": 3, "gaining": 5}
    assert [person["id"] for person in plan["samples"]["entering"]] == people[5:]
    assert [person["id"] for person in plan["samples"]["gaining"]] == people[:5]
    tabs = {}
    for tab in ("entering", "gaining"):
        asked = {"rule": body["rule"], "session_id": session, "tab": tab}
        tabs[tab] = (await system.post("/audiences/members", asked)).json()["total"]
    assert tabs == {"entering": 3, "gaining": 5}
    done = await system.apply(session, **body)
    assert (done["entered"], done["gaining"]) == (3, 5)
    run = await run_of(system, done["run_id"])
    assert (run["entered"], run["entering"], run["gaining"]) == (3, 3, 5)
    assert await changed(system, run["id"], "gained") == [(one, "gained") for one in people[:5]]
    assert await changed(system, run["id"], "entered") == [(one, "entered") for one in people[5:]]
    # Only those who became enrolled are told.
    told = await fetch("SELECT learner_id FROM notice WHERE method_id = $1", done["method_id"])
    assert sorted(row["learner_id"] for row in told) == people[5:]
    # The first method goes: those of both lose a reason, and nobody leaves.
    answer = await system.admin.delete(f"/sessions/{session}/methods/{first['method_id']}?people=expire")
    assert (answer.json()["left"], answer.json()["losing"]) == (0, 5)
    undo = (await system.admin.post(f"/runs/{answer.json()['run_id']}/undo")).json()
    assert (undo["entered"], undo["gaining"]) == (0, 5)


async def test_who_has_completed_does_not_leave(system: System) -> None:
    group, empty = await system.group(), await system.group("Empty")
    people = await system.people(7, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    await complete(system, session, *people[:3])
    await system.settled()
    body = {"method_id": done["method_id"], "rule": {"blocks": [{"groups": [empty]}]}, "dynamic": True}
    assert of(await system.plan(session, **body)) == {"leaving": 4, "completed_stay": 3}
    assert of(await system.plan(session, **body, on_leave="keep")) == {"losing": 4, "completed_stay": 3}
    left = await system.apply(session, **body)
    assert (left["left"], left["losing"], left["completed_stay"]) == (4, 0, 3)
    run = await run_of(system, left["run_id"])
    assert (run["left"], run["leaving"], run["completed_stay"]) == (4, 4, 3)
    assert await changed(system, run["id"], "completed_stay") == [
        (one, "completed_stay") for one in people[:3]
    ]
    undo = (await system.admin.post(f"/runs/{run['id']}/undo")).json()
    assert (undo["entered"], undo["gaining"]) == (4, 3)


async def test_what_follows_from_facts_is_counted_alike(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    both, one = await system.people(2)
    session = await system.session()
    methods = [(await system.enroll_group(session, group))["method_id"] for group in (red, blue)]
    await system.write(
        "INSERT INTO membership (group_id, learner_id, role, since) VALUES ($1, $3, 'member', now()),"
        " ($2, $3, 'member', now()), ($1, $4, 'member', now())",
        red, blue, both, one,
    )  # fmt: skip
    await system.settled()
    sums = await fetch(
        "SELECT sum(entered) AS entered, sum(gaining) AS gaining FROM run WHERE method_id = ANY($1)", methods
    )
    assert dict(sums[0]) == {"entered": 2, "gaining": 1}
    await system.leave(red, both)
    await system.settled()
    last = await fetch_value("SELECT max(id) FROM run WHERE method_id = $1", methods[0])
    assert of((await run_of(system, last)) | {"staying": 0}) == {"losing": 1}
    assert await changed(system, last) == [(both, "lost")]


async def test_a_held_removal_says_who_would_lose_access(system: System) -> None:
    """Of 62 people 27 have completed: 35 would lose access, in the run, its list and the mail."""
    group = await system.group()
    people = await system.people(95, group)
    session = await system.session(fuse_count=10)
    await system.enroll_group(session, group)
    await complete(system, session, *people[:27])
    await system.settled()
    await system.leave(group, *people[:62])
    await system.settled()
    held = await fetch_value("SELECT id FROM run WHERE session_id = $1 AND state = 'held'", session)
    run = await run_of(system, held)
    assert of(run | {"staying": 0}) == {"leaving": 35, "completed_stay": 27}
    assert (run["left"], run["total"]) == (0, 62)
    assert len(await changed(system, held, "left")) == 35
    listed = (await system.admin.get("/runs", params={"state": "held"})).json()["items"]
    assert [(row["leaving"], row["completed_stay"]) for row in listed] == [(35, 27)]
    message = await fetch_value("SELECT message_id FROM notice WHERE run_id = $1", held)
    (composed,) = await compose([message], MailSettings(), clock.now())
    assert composed.rendered is not None
    assert "35 people would lose access, 27 have completed and stay" in composed.rendered.text
    approved = (await system.admin.post(f"/runs/{held}/approve")).json()
    assert (approved["left"], approved["completed_stay"]) == (35, 27)


async def test_people_of_a_run_are_listed_by_name(system: System) -> None:
    group = await system.group()
    people = await system.people(4, group)
    names = [("Zoe", "Berg"), ("Ana", "Berg"), ("Ada", "Adler"), ("Bo", "Ceder")]
    for person, (first, last) in zip(people, names, strict=True):
        await system.write(
            "UPDATE learner SET first_name = $2, last_name = $3 WHERE id = $1", person, first, last
        )
    run = (await system.enroll_group(await system.session(), group))["run_id"]
    found: list[str] = []
    asked: dict[str, Any] = {"limit": 3}
    while asked:
        page = (await system.admin.get(f"/runs/{run}/changes", params=asked)).json()
        assert page["total"] == 4
        found += [one["learner"]["first_name"] for one in page["items"]]
        asked = {"limit": 3, "cursor": page["next"]} if page["next"] else {}
    assert found == ["Ada", "Ana", "Zoe", "Bo"]
    for cursor in ("WzEsMl0", "W10", "WyJhIl0"):
        answer = await system.admin.get(f"/runs/{run}/changes", params={"cursor": cursor})
        assert answer.status_code in (400, 422), answer.text
