"""The catalog speaks of the reader: what covers them, and what they still lack, not the whole rule."""

from backend import clock
from backend.database import fetch
from backend.mail import MailSettings
from backend.services.composing import compose
from tests.enrolling.house import House


async def test_why_names_only_the_groups_the_reader_is_in(house: House) -> None:
    sales, support, hidden = (
        await house.group("Sales"),
        await house.group("Support"),
        await house.group("Law"),
    )
    ana = await house.person("ana@people.example")
    await house.join(sales, ana)
    session = await house.session()
    rule = {"blocks": [{"groups": [sales, support]}, {"groups": [hidden]}]}
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    await house.settled()
    client = await house.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert [why["sentence"] for why in item["why"]] == ["People in Sales."]


async def test_almost_says_what_is_lacking(house: House) -> None:
    sales, law = await house.group("Sales"), await house.group("Law")
    ana = await house.person("ana@people.example")
    await house.join(sales, ana)
    safety = await house.activity("Safety 1")
    done = {"type": "path_result", "status": "completed", "paths": [safety]}
    french = {"type": "language", "op": "in", "values": ["fr"]}
    session = await house.session(await house.activity("Safety 2"), catalog="everyone")
    rule = {
        "blocks": [{"groups": [law], "filters": [done, french]}, {"groups": [sales], "filters": [done]}],
    }
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    await house.settled()
    # Nobody can make themselves a member of Law: what only others can change is no offer.
    for name, beyond in (
        ("By group", {"groups": [law]}),
        ("By language", {"groups": [sales], "filters": [french]}),
    ):
        other = await house.session(await house.activity(name), catalog="everyone")
        await house.apply(other, kind="audience", rule={"blocks": [beyond]}, dynamic=True)
    await house.session(await house.activity("By invitation"), catalog="everyone")
    await house.settled()
    client = await house.client("ana@people.example")
    (item,) = (await client.get("/me/catalog")).json()["items"]
    assert (item["section"], item["missing"]) == ("almost", "People in Sales who have completed Safety 1.")


async def test_what_is_not_visible_to_learners_and_segments_stay_unnamed(house: House) -> None:
    sales = await house.group("Sales")
    ana = await house.person("ana@people.example")
    await house.join(sales, ana)
    made = await house.admin.post(
        "/segments", json={"name": "Leavers", "rule": {"blocks": [{"groups": [sales]}]}}
    )
    session = await house.session()
    await house.apply(session, kind="segment", segment_id=made.json()["id"], dynamic=True)
    await house.apply(session, kind="manual", name="Watched", visible=False, rule={"include": [ana]})
    almost = await house.session(await house.activity("Law"), catalog="everyone")
    other = await house.admin.post("/segments", json={"name": "Elite", "rule": {"include": [house.admin_id]}})
    await house.apply(almost, kind="segment", segment_id=other.json()["id"], dynamic=True)
    await house.settled()
    client = await house.client("ana@people.example")
    items = {one["session"]["id"]: one for one in (await client.get("/me/catalog")).json()["items"]}
    by_segment, hidden = items[session]["why"]
    assert by_segment["sentence"] == "Everyone whom your organisation has chosen."
    assert (hidden["method_id"], hidden["kind"], hidden["name"]) == (None, None, "")
    assert almost not in items
    (enrollment,) = (await client.get("/me/enrollments")).json()["items"]
    assert [source["name"] for source in enrollment["sources"]] == ["", None]
    letter = (await compose_all())[0]
    assert "Your organisation enrolled you." in letter
    assert not any(word in letter for word in ("Leavers", "Watched"))


async def compose_all() -> list[str]:
    """What the messages that wait would say."""
    rows = await fetch("SELECT id FROM message WHERE kind = 'enrollment' ORDER BY id")
    mail = MailSettings()
    composed = await compose([row["id"] for row in rows], mail, clock.now(), preview=True)
    return [one.rendered.text for one in composed if one.rendered is not None]


async def test_why_says_what_ended_an_enrollment(house: House) -> None:
    sales = await house.group("Sales")
    ana, bob = await house.people(2, sales)
    session = await house.session()
    await house.enroll_group(session, sales)
    await house.leave(sales, ana)
    await house.settled()
    enrollment = (await house.enrollment(session, bob))["id"]
    answer = await house.post(f"/enrollments/{enrollment}/unenroll", {"reason": "Moved abroad"})
    assert answer.json()["reason"]["sentence"] == "By hand: Moved abroad"
    rows = (await house.admin.get(f"/sessions/{session}/enrollments?state=expired")).json()["items"]
    told = {row["learner"]["id"]: row["reason"] for row in rows}
    assert (told[ana]["cause"], told[ana]["sentence"]) == ("membership", "No longer in Sales")
    assert (told[bob]["cause"], told[bob]["note"]) == ("by_hand", "Moved abroad")
    french = {"Accept-Language": "fr"}
    rows = (await house.admin.get(f"/sessions/{session}/enrollments?state=expired", headers=french)).json()
    assert "N’est plus dans Sales" in {row["reason"]["sentence"] for row in rows["items"]}  # noqa: RUF001 - French
