"""Jumps of audiences: reported once to whoever is in charge with the facts behind them, and to nobody else; dismissed, and audited."""

from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.services.enrollment.reconciler import sizes
from tests.harness.system import System, until

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged every few seconds is judged with every batch."""
    monkeypatch.setattr(sizes, "EVERY_SECONDS", 0.0)


async def jumps(client: Any) -> list[Json]:
    answer = await client.get("/needs-you/jumps")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    assert (await client.get("/needs-you")).json()["jumps"] == len(items)
    return items


async def changed(system: System, audience: int, net: int, kind: str = "method") -> None:
    """Wait until so much is known to have changed today."""
    await system.settled()
    await until("SELECT net FROM audience_size WHERE kind = $1 AND ref_id = $2", kind, audience, is_=net)


async def aged(system: System) -> None:
    """Every method and segment has been there for a month."""
    await system.write("UPDATE enrollment_method SET created_at = muster_now() - interval '30 days'")
    await system.write(
        "UPDATE audience_size SET since = since - 30, past = (SELECT jsonb_agg(0) FROM generate_series(1, 28))"
    )
    await system.settled()


async def test_a_jump_is_told_to_its_owner_with_the_cause(system: System) -> None:
    sales, far = await system.group("Sales"), await system.group("Far")
    for name, where in (("owner", sales), ("colleague", sales), ("stranger", far)):
        await system.join(where, await system.person(f"{name}@example.org"), role="coach")
    owner, colleague, stranger = [
        await system.client(f"{name}@example.org") for name in ("owner", "colleague", "stranger")
    ]
    await system.people(20, sales)
    session = await system.session(group_id=sales)
    method = (await system.enroll_group(session, sales, client=owner, name="All of Sales"))["method_id"]
    await aged(system)
    # A few more are no jump.
    await system.join(sales, *await system.people(5))
    await changed(system, method, 5)
    assert await jumps(owner) == []
    # …until they are many, however they come.
    first = await system.people(40)
    for start in (0, 20):
        await system.join(sales, *first[start : start + 20])
        await changed(system, method, 25 + start)
    (told,) = await jumps(owner)
    assert (told["method_id"], told["session_id"], told["people"]) == (method, session, 45)
    assert told["why"].startswith(
        "45 people more in a day; usual are \u221210 to +10. 45 people: members of “Sales” changed."
    )
    assert [one["jump_id"] for one in await jumps(system.admin)] == [told["jump_id"]]
    # Whoever does not own it is not told, though it is theirs to decide about; and strangers know of nothing.
    assert await jumps(colleague) == await jumps(stranger) == []
    french = await system.client("owner@example.org")
    french.headers["Accept-Language"] = "fr"
    assert "Sales" in (await jumps(french))[0]["why"]

    # One mail at the full hour, to the owner.
    mails = await fetch(
        "SELECT l.email, m.id, extract(minute FROM m.due_at)::integer AS minute FROM message m JOIN notice n ON n.message_id = m.id"
        " JOIN learner l ON l.id = n.learner_id WHERE n.kind = 'jumped'"
    )
    assert [(row["email"], row["minute"]) for row in mails] == [("owner@example.org", 0)]
    text = (await system.admin.get(f"/outbox/{mails[0]['id']}")).json()["text"]
    assert "All of Sales" in text
    assert "members of “Sales” changed" in text

    # What goes on is the same jump, with other figures.
    await system.join(sales, *await system.people(30))
    await changed(system, method, 75)
    assert [(one["jump_id"], one["people"]) for one in await jumps(owner)] == [(told["jump_id"], 75)]

    # It is right: said by who owns it, once, and audited.
    dismiss = f"/audiences/jumps/{told['jump_id']}/dismiss"
    for client in (colleague, stranger):
        assert (await client.post(dismiss)).status_code == 404
    await system.person("learner@example.org")
    learner = await system.client("learner@example.org")
    assert (await learner.post(dismiss)).status_code == 403
    assert (await learner.get("/needs-you/jumps")).json()["items"] == []
    assert (await owner.post(dismiss)).status_code == 204
    assert (await owner.post(dismiss)).status_code == 404
    assert await jumps(owner) == await jumps(system.admin) == []
    audited = (await system.admin.get("/audit", params={"action": "audience_jump.dismiss"})).json()["items"]
    assert [(one["object_kind"], one["object_id"], one["detail"]["net"]) for one in audited] == [
        ("enrollment_method", method, 75)
    ]
    # A few more are no jump after it, and a mail that has nothing to say any more is not sent.
    await system.join(sales, *await system.people(5))
    await changed(system, method, 80)
    assert await jumps(owner) == []
    assert "All of Sales" not in ((await system.admin.get(f"/outbox/{mails[0]['id']}")).json()["text"] or "")


async def test_who_lost_the_method_is_told_no_more(system: System) -> None:
    sales = await system.group("Sales")
    coach_id = await system.person("coach@example.org")
    await system.join(sales, coach_id, role="coach")
    coach = await system.client("coach@example.org")
    await system.people(20, sales)
    session = await system.session(group_id=sales)
    method = (await system.enroll_group(session, sales, client=coach))["method_id"]
    await aged(system)
    many = await system.people(30, sales)
    await changed(system, method, 30)
    (told,) = await jumps(coach)
    await system.leave(sales, coach_id)
    await changed(system, method, 29)
    assert (await coach.get("/needs-you")).json()["jumps"] == 0
    assert (await coach.post(f"/audiences/jumps/{told['jump_id']}/dismiss")).status_code in (403, 404)
    # Undone on the same day, it waits for nobody; and what a method without an owner does is the platform admins' to look at.
    assert len(await jumps(system.admin)) == 1
    await system.write("UPDATE session SET fuse_count = 1000, fuse_percent = 100")
    await system.leave(sales, *many)
    await changed(system, method, -1)
    assert await jumps(system.admin) == []
    assert await fetch_value("SELECT state FROM audience_jump") == "withdrawn"
    await system.join(sales, *many)
    await changed(system, method, 29)
    assert len(await jumps(system.admin)) == 1
    told_to = await fetch(
        "SELECT l.email FROM notice n JOIN learner l ON l.id = n.learner_id WHERE n.kind = 'jumped' ORDER BY n.id DESC LIMIT 1"
    )
    assert told_to[0]["email"] == "root@example.org"


async def test_what_is_held_or_confirmed_is_no_jump(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    await system.people(20, sales)
    everybody = await system.people(40, support)
    session = await system.session(fuse_count=3, fuse_percent=1)
    method = (await system.enroll_group(session, sales))["method_id"]
    await aged(system)
    # Another rule, confirmed by a person who has seen whom it brings.
    wide = {"blocks": [{"groups": [sales, support]}]}
    await system.apply(session, method_id=method, rule=wide, dynamic=True)
    await system.settled()
    assert len(await system.enrolled(session)) == 60
    await system.leave(support, *everybody[:30])
    await system.settled()
    needs = (await system.admin.get("/needs-you")).json()
    assert (needs["held_removals"], needs["jumps"]) == (1, 0)


async def test_a_segment_jumps_like_a_method(system: System) -> None:
    field = (
        await system.admin.post(
            "/fields", json={"name": "City", "type": "choice", "options": ["Paris", "Rome"]}
        )
    ).json()["id"]
    sales = await system.group("Sales")
    people = await system.people(60, sales)
    in_paris = {"type": "field", "field": field, "op": "in", "values": ["Paris"]}
    rule = {"blocks": [{"groups": [sales], "filters": [in_paris]}]}
    made = await system.admin.post("/segments", json={"name": "Parisians", "rule": rule})
    segment = made.json()["id"]
    await until("SELECT count(*) FROM audience_size WHERE kind = 'segment'", is_=1)
    await aged(system)
    for one in people[:25]:
        moved = await system.admin.patch(f"/learners/{one}", json={"fields": {"city": "Paris"}})
        assert moved.status_code == 200, moved.text
    await changed(system, segment, 25, "segment")
    (told,) = await jumps(system.admin)
    assert (told["segment_id"], told["name"], told["people"]) == (segment, "Parisians", 25)
    assert "the field “City” changed" in told["why"]
    await system.join(sales, await system.person("coach@example.org"), role="coach")
    coach = await system.client("coach@example.org")
    assert await jumps(coach) == []
    assert (await coach.post(f"/audiences/jumps/{told['jump_id']}/dismiss")).status_code == 404
    assert (await system.admin.post(f"/audiences/jumps/{told['jump_id']}/dismiss")).status_code == 204
    # Another rule is what somebody has decided, and no jump.
    await system.admin.patch(f"/segments/{segment}", json={"rule": {"blocks": [{"groups": [sales]}]}})
    await until("SELECT size FROM audience_size WHERE kind = 'segment' AND ref_id = $1", segment, is_=60 + 1)
    assert await jumps(system.admin) == []
