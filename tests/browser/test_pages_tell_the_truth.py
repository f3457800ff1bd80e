"""What pages say is so: undo brings back what was, plans are those of the draft, pages follow, and nothing is offered in vain."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.browser.test_confirming import act_of_toast, review, write_rule
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def notifications(page: Page) -> Any:
    return page.get_by_role("region", name="Notifications")


def test_undo_after_removing_puts_people_back_as_what_they_were(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    group = organisation.groups["night"]
    first, *_ = organisation.members("night")
    organisation.post(f"/groups/{group}/members", {"learner_ids": [first], "role": "coach"})
    path = f"/groups/{group}/members?limit=100"
    before = {one["id"]: one["role"] for one in organisation.get(path)["items"]}
    page = open_as(muster, *ADMIN, f"/organisation?group={group}")
    page.get_by_role("grid", name="Members").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Move to…").click()
    # Nothing is chosen to move to yet, so there is nothing to press.
    expect(page.get_by_role("dialog").get_by_role("button", name=re.compile("^Move 3"))).to_be_disabled()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Remove from group").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nobody is enrolled, nobody loses access")
    page.get_by_role("dialog").get_by_role("button", name="Remove from group").click()
    expect(notifications(page)).to_contain_text("3 people removed")
    assert organisation.get(path)["items"] == []
    act_of_toast(page, "Undo")
    expect(notifications(page)).to_contain_text("Undone")
    assert {one["id"]: one["role"] for one in organisation.get(path)["items"]} == before
    # A cross beside somebody asks the same of them alone.
    page.get_by_role("button", name="Remove Night Number 2 from the group").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove from group").click()
    expect(notifications(page)).to_contain_text("1 person removed")
    second = organisation.person("night-2")
    assert set(before) - {one["id"] for one in organisation.get(path)["items"]} == {second}
    organisation.post(f"/groups/{group}/members", {"learner_ids": [second]})


def test_what_is_confirmed_is_the_plan_of_the_draft_on_screen(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Changed at once")
    method = organisation.method(session, organisation.rule("support"))
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    write_rule(page, organisation.rule("support", "night"))
    dialog = review(page)
    dialog.get_by_label("When somebody no longer matches").select_option("keep")
    # At once: until the plan is that of the options chosen, there is nothing to confirm.
    dialog.get_by_role("button", name=re.compile("^Enroll 3")).click()
    expect(notifications(page)).to_contain_text("Saved: 3 entered")
    (saved,) = organisation.get(f"/sessions/{session}/methods")["items"]
    assert saved["on_leave"] == "keep"
    # Somebody else's save changes what a plan starts from: the figures on screen follow.
    page.get_by_role("region", name="Rule").locator("textarea").fill(json.dumps(organisation.rule("support")))
    bar = page.get_by_role("region", name="Changes")
    expect(bar).to_contain_text("12 staying")
    expect(bar).to_contain_text("who no longer does leaves")
    body = {"method_id": method, "rule": organisation.rule("support", "sales"), "dynamic": True}
    plan = organisation.post(f"/sessions/{session}/plan", body)
    organisation.post(f"/sessions/{session}/apply", body | {"hash": plan["hash"]})
    expect(page.get_by_text("Someone else saved").first).to_be_visible()


def test_somebodys_page_follows_and_who_was_unenrolled_reads_why_and_comes_back(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    person, *_ = organisation.members("support")
    session = organisation.session("Leaving by hand")
    organisation.method(session, organisation.rule("support"))
    other = open_as(muster, *ADMIN, f"/learners/{person}")
    expect(other.get_by_text("Leaving by hand")).to_be_visible()
    held = organisation.get(f"/learners/{person}/enrollments")["items"]
    (enrollment,) = [one for one in held if one["session_id"] == session]
    page = open_as(muster, *ADMIN, f"/sessions/{session}?person={enrollment['id']}")
    panel = page.get_by_role("dialog")
    panel.get_by_role("button", name="Unenroll").click()
    asked = page.get_by_role("dialog").last
    asked.get_by_label("Reason").fill("Moved to another town")
    asked.get_by_role("button", name="Unenroll").click()
    expect(panel.get_by_text("Moved to another town")).to_be_visible()
    # The other page was open all the time.
    expect(other.locator("section", has_text="Enrollments").get_by_text("Expired").first).to_be_visible()
    assert violations(page) == []
    panel.get_by_role("button", name="Enroll again").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Enroll again").click()
    expect(notifications(page)).to_contain_text("is enrolled again")
    organisation.http.patch(f"/learners/{person}", json={"first_name": "Renamed"}).raise_for_status()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Renamed")


def test_a_learner_goes_on_at_the_first_undone_step_and_back_to_the_path(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    steps = [{"kind": "content", "title": title, "body": "Read me."} for title in ("One", "Two")]
    course = organisation.post("/activities", {"kind": "course", "title": "Inner course", "steps": steps})
    inner = {"kind": "course", "activity_id": course["id"], "title": "Inner course"}
    last = {"kind": "content", "title": "Last words", "body": "The end."}
    path = organisation.post("/activities", {"kind": "path", "title": "Outer path", "steps": [inner, last]})
    nina = organisation.post(
        "/learners",
        {"email": "nina@confirm.example", "first_name": "Nina", "last_name": "Ray", "password": PASSWORD},
    )
    made = organisation.post("/sessions", {"activity_id": path["id"], "name": "Open"})
    body = {"kind": "manual", "rule": {"include": [nina["id"]]}, "dynamic": False}
    plan = organisation.post(f"/sessions/{made['id']}/plan", body)
    organisation.post(f"/sessions/{made['id']}/apply", body | {"hash": plan["hash"]})
    page = open_as(muster, "nina@confirm.example", PASSWORD, "/catalog")
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading", name="Inner course", level=2)).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Inner course")).to_be_focused()
    page.get_by_role("button", name="Mark as completed").click()
    expect(page.get_by_role("heading", name="Two", level=2)).to_be_focused()
    page.get_by_role("button", name="Mark as completed").click()
    page.get_by_role("link", name="Back to Outer path").click()
    expect(page.get_by_role("heading", name="Last words", level=2)).to_be_visible()
    assert violations(page) == []
    # What is not for learners is neither shown nor half shown.
    for place in ("/paths?new=path", f"/sessions/{made['id']}/enroll", "/learners"):
        page.goto(place)
        expect(page.get_by_role("heading", name="Not open to you")).to_be_visible()


def test_the_builder_stays_within_its_page_and_shows_what_is_unfinished_as_such(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Four filters")
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll")
    values = [{"type": "language", "op": "in", "values": [code]} for code in ("en", "fr", "de", "es")]
    block = {"groups": [organisation.groups["sales"]], "filters": values}
    write_rule(page, {"blocks": [block]})
    page.get_by_role("button", name="JSON").click()
    expect(page.get_by_text("0 left").first).to_be_visible()
    sizes = page.evaluate(
        "() => [document.scrollingElement, document.querySelector('main')].map((e) => e.scrollHeight - e.clientHeight)"
    )
    assert sizes == [0, 0]
    page.get_by_role("button", name="JSON").click()
    write = page.get_by_role("region", name="Rule").locator("textarea")
    write.fill(
        f'{{"blocks":[{{"groups":[{organisation.groups["sales"]}],"filters":[{{"type":"language","values":[]}}]}}]}}'
    )
    kept = "() => Object.values(localStorage).some((text) => text.includes('\"values\":[]'))"
    page.wait_for_function(kept)
    page.reload()
    page.get_by_role("button", name="JSON").click()
    # What is finished is counted, also after a reload; the list is marked as not that of the draft.
    expect(page.get_by_role("region", name="Who").get_by_text("Sales Number").first).to_be_visible()
    expect(page.locator(".list.old")).to_be_visible()
    expect(page.get_by_role("button", name="Review and save")).to_be_disabled()
    assert violations(page) == []


def test_a_coach_is_offered_what_a_coach_may_do(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Coached", group_id=organisation.groups["sales"])
    organisation.method(session, organisation.rule("sales"))
    page = open_as(muster, COACH, PASSWORD, f"/board/{session}?state=not_started")
    page.get_by_role("button", name=re.compile("^Remind 61")).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="Open the session").click()
    expect(page.get_by_role("link", name="Enroll learners").first).to_be_visible()
    # The session itself is not theirs to change; the method is, which stands above the participants.
    expect(page.locator("main header").get_by_role("button", name="More actions")).to_have_count(0)
    expect(page.get_by_role("tab", name="Participants")).to_be_visible()
    page.get_by_role("button", name="Add method").click()
    expect(page.get_by_role("menuitem", name="A group")).to_be_visible()
    expect(page.get_by_role("menuitem", name="A segment")).to_have_count(0)
    page.keyboard.press("Escape")
    page.goto(f"/board/{session}?wall=1")
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    page.get_by_role("button", name="Leave full screen").click()
    expect(page).not_to_have_url(re.compile("wall"))
    page.goto("/learners")
    expect(page.get_by_role("heading", name="Not open to you")).to_be_visible()


def test_methods_of_every_kind_are_added_from_the_session(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """A group with its plan, applied and undone; a segment whose people change meanwhile; a key to enroll oneself with."""
    session = organisation.session("Ways in")
    organisation.post("/segments", {"name": "Helpers", "rule": organisation.rule("support")})
    page = open_as(muster, *ADMIN, f"/sessions/{session}")

    dialog = add_method(page, "A group")
    choose(dialog, "Group", "Support")
    confirm = dialog.get_by_role("button", name="Enroll 12 people")
    expect(confirm).to_be_enabled()
    expect(dialog.get_by_text(re.compile("^Support Number")).first).to_be_visible()
    assert violations(page) == []
    confirm.click()
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Open the group"))
    expect(row).to_contain_text("12 people")
    assert organisation.enrolled(session) == 12
    act_of_toast(page, "Undo")
    expect(row).to_contain_text("Draft")
    assert organisation.enrolled(session) == 0

    dialog = add_method(page, "A segment")
    choose(dialog, "Segment", "Helpers")
    confirm = dialog.get_by_role("button", name="Enroll 12 people")
    expect(confirm).to_be_enabled()

    def late(route: Route) -> None:
        """Between the click and the answer somebody joins the segment."""
        people = {"learner_ids": [organisation.coach]}
        organisation.post(f"/groups/{organisation.groups['support']}/members", people)
        route.continue_()

    page.route("**/apply", late, times=1)
    confirm.click()
    expect(dialog).to_contain_text("New here: Co Ach")
    assert organisation.enrolled(session) == 0
    dialog.get_by_role("button", name="Enroll 13 people").click()
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Open the segment"))
    expect(row).to_contain_text("13 people")

    row.get_by_role("button", name="Segment").click()
    dialog.get_by_label("Name").fill("Whoever helps")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Whoever helps")

    dialog = add_method(page, "Self enrollment")
    dialog.get_by_label("Key").fill("open sesame")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem").filter(has_text="Key: open sesame")).to_be_visible()
    assert violations(page) == []


def add_method(page: Page, name: str) -> Any:
    """The form of a kind, opened from the menu of the session's methods."""
    page.get_by_role("button", name="Add method").click()
    page.get_by_role("menuitem", name=re.compile(rf"^{name}")).click()
    return page.get_by_role("dialog")


def choose(dialog: Any, label: str, option: str) -> None:
    """Picks from a list that is searched by typing."""
    dialog.get_by_role("combobox", name=label).fill(option)
    dialog.page.get_by_role("option", name=option).first.click()


def test_lists_follow_what_happens_and_ask_nothing_in_vain(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """Nothing is read again while nothing changes; what somebody else makes appears by itself."""
    group = organisation.groups["night"]
    change = {"act": "group", "id": group, "name": "Night"}
    pages: dict[str, dict[str, Any]] = {
        "/segments": {"rule": organisation.rule("night")},
        "/rehearsals": {"changes": [change]},
        "/enrollment-rules": {"rule": organisation.rule("night"), "targets": []},
    }
    asked: list[str] = []
    for path, body in pages.items():
        page = open_as(muster, *ADMIN, path)
        page.on("request", lambda request: asked.append(request.url))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # Once more some seconds after it came, for what changed while the page and the socket opened; then it is quiet.
        with page.expect_request(f"**/api/v1{path}?*"):
            pass
        asked.clear()
        organisation.post(path, body | {"name": "Made elsewhere"})
        expect(page.get_by_role("row", name=re.compile("Made elsewhere"))).to_be_visible()
        assert 1 <= len([one for one in asked if f"/api/v1{path}?" in one]) <= 2, asked
        page.close()
