"""Guards on screen: what uses a thing before it can be deleted, rules with the same people, and jumps of audiences."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_confirming import write_rule
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster
from tests.harness.world import world_of

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def test_what_uses_a_thing_is_listed_before_it_can_be_deleted(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    night = organisation.groups["night"]
    course = organisation.post("/activities", {"kind": "course", "title": "Torches"})
    session = organisation.post("/sessions", {"activity_id": course["id"], "name": "In the dark"})
    rule = {"blocks": [{"groups": [night]}]}
    segment = organisation.post("/segments", {"name": "Owls", "rule": rule})
    organisation.post(
        f"/sessions/{session['id']}/methods", {"kind": "audience", "rule": rule, "name": "By night"}
    )

    # A group: on its page, and in the question whether to delete it.
    page = open_as(muster, *ADMIN, f"/organisation?group={night}")
    page.get_by_text("Used by 2 things").click()
    expect(page.get_by_role("link", name="Owls")).to_have_attribute("href", f"/segments/{segment['id']}")
    expect(page.get_by_role("link", name="By night")).to_have_attribute(
        "href", re.compile(f"/sessions/{session['id']}/enroll")
    )
    assert violations(page) == []
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete Night?")
    listed = asked.get_by_role("region", name="Used by 2 things")
    expect(listed.get_by_role("link")).to_have_text(["Owls", "By night"])
    assert violations(page) == []
    asked.get_by_role("button", name="Cancel").click()

    # An activity: it cannot be deleted while something uses it.
    page.goto(f"/activities/{course['id']}")
    expect(page.get_by_text("Used by 1 thing")).to_be_visible()
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("menuitem", name="Delete").click()
    asked = page.get_by_role("dialog", name=re.compile("Torches"))
    asked.get_by_role("textbox").fill("Torches")
    expect(asked.get_by_role("link", name="In the dark")).to_be_visible()
    expect(asked.get_by_role("button", name="Delete")).to_be_disabled()
    asked.get_by_role("link", name="In the dark").click()
    expect(page).to_have_url(re.compile(f"/sessions/{session['id']}$"))

    # An option: what names it is said as soon as its line is taken away, and on a phone too.
    field = organisation.post("/fields", {"name": "Shift", "type": "choice", "options": ["early", "late"]})
    late = {"type": "field", "field": field["id"], "op": "in", "values": ["late"]}
    organisation.post(
        "/segments", {"name": "Latecomers", "rule": {"blocks": [{"groups": [night], "filters": [late]}]}}
    )
    page.set_viewport_size(PHONE)
    page.goto("/settings?tab=fields")
    row = page.get_by_role("row", name=re.compile("Shift"))
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Used by 1 thing")).to_be_visible()
    dialog.get_by_label("Options").fill("early")
    expect(dialog.get_by_text("late: used by 1 thing")).to_be_visible()
    expect(dialog.get_by_role("link", name="Latecomers").first).to_be_visible()
    assert violations(page) == []


def test_a_rule_with_the_same_people_as_a_segment_says_so(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    support = organisation.groups["support"]
    rule = {"blocks": [{"groups": [support]}]}
    segment = organisation.post("/segments", {"name": "Helpers", "rule": rule})
    session = organisation.post(
        "/sessions", {"activity_id": organisation.course["id"], "name": "Same people"}
    )
    page = open_as(muster, *ADMIN, f"/sessions/{session['id']}/enroll")
    write_rule(page, rule)
    note = page.get_by_role("note").filter(has_text="exactly the same people")
    expect(note.get_by_role("link", name="Helpers")).to_have_attribute("href", f"/segments/{segment['id']}")
    assert violations(page) == []
    # The segment takes the rule's place, and nothing is said of it any more.
    note.get_by_role("button", name="Use the segment").click()
    expect(note).not_to_be_visible()
    expect(page.get_by_text("Helpers").first).to_be_visible()


def test_a_jump_is_shown_and_dismissed(muster: Muster, organisation: Organisation, open_as: SignedIn) -> None:
    sales = organisation.groups["sales"]
    session = organisation.post("/sessions", {"activity_id": organisation.course["id"], "name": "Jumping"})
    body = {"kind": "audience", "rule": {"blocks": [{"groups": [sales]}]}, "dynamic": True, "name": "Sellers"}
    plan = organisation.post(f"/sessions/{session['id']}/plan", body)
    organisation.post(f"/sessions/{session['id']}/apply", {**body, "hash": plan["hash"]})
    with world_of(muster.database_url) as world:
        world.run("UPDATE enrollment_method SET created_at = created_at - interval '30 days'")
    page = open_as(muster, *ADMIN, f"/sessions/{session['id']}")
    expect(page.get_by_role("link", name="Sellers")).to_be_visible()
    organisation.enlist("night", 40)
    organisation.post(f"/groups/{sales}/members", {"learner_ids": organisation.members("night")})
    # On the card, live, and where everything waits.
    note = page.get_by_role("note").filter(has_text="people more in a day")
    expect(note).to_contain_text("members of “Sales” changed")
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    page.goto("/needs-you")
    part = page.get_by_role("region", name=re.compile("Unusual changes of audiences"))
    expect(part.get_by_role("link", name=re.compile("Sellers"))).to_be_visible()
    assert violations(page) == []
    part.get_by_role("button", name=re.compile("That is right")).click()
    expect(part).not_to_be_visible()
