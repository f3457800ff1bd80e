"""The catalog speaks of the reader: what covers them, and what they still lack, not the whole rule."""

from backend.database import fetch
from backend.mail import MailSettings
from backend.runtime import clock
from backend.services.mail.composition import compose
from tests.harness.system import System


async def test_why_names_only_the_groups_the_reader_is_in(system: System) -> None:
    sales, support, hidden = (
        await system.group("Sales"),
        await system.group("Support"),
        await system.group("Law"),
    )
    ana = await system.person("ana@people.example")
    await system.join(sales, ana)
    session = await system.session()
    rule = {"blocks": [{"groups": [sales, support]}, {"groups": [hidden]}]}
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    await system.settled()
    client = await system.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert [why["sentence"] for why in item["why"]] == ["People in Sales."]


async def test_almost_says_what_is_lacking(system: System) -> None:
    sales, law = await system.group("Sales"), await system.group("Law")
    ana = await system.person("ana@people.example")
    await system.join(sales, ana)
    safety = await system.activity("Safety 1")
    done = {"type": "path_result", "status": "completed", "paths": [safety]}
    french = {"type": "language", "op": "in", "values": ["fr"]}
    session = await system.session(await system.activity("Safety 2"), catalog="everyone")
    rule = {
        "blocks": [{"groups": [law], "filters": [done, french]}, {"groups": [sales], "filters": [done]}],
    }
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    await system.settled()
    # Nobody can make themselves a member of Law: what only others can change is no offer.
    for name, beyond in (
        ("By group", {"groups": [law]}),
        ("By language", {"groups": [sales], "filters": [french]}),
    ):
        other = await system.session(await system.activity(name), catalog="everyone")
        await system.apply(other, kind="audience", rule={"blocks": [beyond]}, dynamic=True)
    await system.session(await system.activity("By invitation"), catalog="everyone")
    await system.settled()
    client = await system.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert (item["section"], item["missing"]) == ("almost", "People in Sales who have completed Safety 1.")


async def test_what_is_not_visible_to_learners_and_segments_stay_unnamed(system: System) -> None:
    sales = await system.group("Sales")
    ana = await system.person("ana@people.example")
    await system.join(sales, ana)
    made = await system.admin.post(
        "/segments", json={"name": "Leavers", "rule": {"blocks": [{"groups": [sales]}]}}
    )
    session = await system.session()
    await system.apply(session, kind="segment", segment_id=made.json()["id"], dynamic=True)
    await system.apply(session, kind="manual", name="Watched", visible=False, rule={"include": [ana]})
    almost = await system.session(await system.activity("Law"), catalog="everyone")
    other = await system.admin.post(
        "/segments", json={"name": "Elite", "rule": {"include": [system.admin_id]}}
    )
    await system.apply(almost, kind="segment", segment_id=other.json()["id"], dynamic=True)
    await system.settled()
    client = await system.client("ana@people.example")
    items = {one["session"]["id"]: one for one in (await client.get("/me/catalog")).json()["items"]}
    by_segment, hidden = items[session]["why"]
    assert by_segment["sentence"] == "All people whom your organisation has chosen."
    assert (hidden["method_id"], hidden["kind"], hidden["name"]) == (None, None, "")
    assert almost not in items
    (enrollment,) = (await client.get("/me/enrollments")).json()["items"]
    assert [source["name"] for source in enrollment["sources"]] == ["", None]
    letter = (await compose_all())[0]
    assert "Your organisation enrolled you." in letter
    assert not any(word in letter for word in ("Leavers", "Watched"))


async def test_mail_and_catalog_tell_the_same_reasons(system: System) -> None:
    ana = await system.person("ana@people.example", language="fr")
    circle = await system.write_value(
        "INSERT INTO learner_group (name, private) VALUES ('Cercle', true) RETURNING id"
    )
    beyond = await system.write_value(
        "INSERT INTO learner_group (name, private) VALUES ('Direction', true) RETURNING id"
    )
    below = await system.group("Bureau", beyond)
    await system.join(circle, ana)
    await system.join(below, ana)
    session = await system.session()
    for group in (circle, beyond):
        await system.apply(session, kind="group", group_id=group, name="For staff")
    await system.apply(session, kind="manual", visible=False, rule={"include": [ana]})
    other = await system.session(await system.activity("Law"))
    await system.apply(other, kind="manual", rule={"include": [ana]})
    await system.settled()
    client = await system.client("ana@people.example")
    items = {one["session"]["id"]: one for one in (await client.get("/me/catalog")).json()["items"]}
    reasons = [why["reason"] for one in (session, other) for why in items[one]["why"]]
    # Whoever is in a private group knows what it is called; of the one above it they know that there is one.
    assert reasons[:3] == [
        "Vous êtes membre du groupe Cercle.",
        "Vous êtes membre d’un groupe privé.",  # noqa: RUF001 - French
        "Cette inscription a été faite par votre organisation.",
    ]
    (letter,) = await compose_all()
    assert [reason for reason in reasons if reason not in " ".join(letter.split())] == []


async def compose_all() -> list[str]:
    """What the messages that wait would say."""
    rows = await fetch("SELECT id FROM message WHERE kind = 'enrollment' ORDER BY id")
    mail = MailSettings()
    composed = await compose([row["id"] for row in rows], mail, clock.now(), preview=True)
    return [one.rendered.text for one in composed if one.rendered is not None]


async def test_why_says_what_ended_an_enrollment(system: System) -> None:
    sales = await system.group("Sales")
    ana, bob = await system.people(2, sales)
    session = await system.session()
    await system.enroll_group(session, sales)
    await system.leave(sales, ana)
    await system.settled()
    enrollment = (await system.enrollment(session, bob))["id"]
    answer = await system.post(f"/enrollments/{enrollment}/unenroll", {"reason": "Moved abroad"})
    assert answer.json()["reason"]["sentence"] == "By root@example.org: Moved abroad"
    rows = (await system.admin.get(f"/sessions/{session}/enrollments?state=expired")).json()["items"]
    told = {row["learner"]["id"]: row["reason"] for row in rows}
    assert (told[ana]["cause"], told[ana]["sentence"]) == ("membership", "No longer in Sales")
    assert (told[bob]["cause"], told[bob]["note"]) == ("by_hand", "Moved abroad")
    french = {"Accept-Language": "fr"}
    rows = (await system.admin.get(f"/sessions/{session}/enrollments?state=expired", headers=french)).json()
    assert "N’est plus dans Sales" in {row["reason"]["sentence"] for row in rows["items"]}  # noqa: RUF001 - French
