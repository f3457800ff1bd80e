"""Ways into sessions that have their own words on screen: legacy sessions, chains, joining by oneself, paths inside paths."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_confirming import write_rule
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def test_a_legacy_session_looks_different_and_enrolls_directly(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    person, *_ = organisation.members("support")
    email = organisation.get(f"/learners/{person}")["email"]
    path = organisation.post("/activities", {"kind": "path", "title": "Old path"})["id"]
    session = organisation.post("/path-sessions", {"path_id": path, "name": "Before"})["id"]
    page = open_as(muster, *ADMIN, f"/activities/{path}")
    expect(page.get_by_role("row", name="Before")).to_contain_text("Legacy")
    page.goto(f"/sessions/{session}")
    expect(page.get_by_text("Legacy session: people are enrolled")).to_be_visible()
    expect(page.get_by_role("button", name="Add method")).to_have_count(0)
    page.get_by_role("button", name="Enroll learners").first.click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("E-mail addresses").fill(email)
    assert violations(page) == []
    asked.get_by_role("button", name="Enroll learners").click()
    expect(notifications(page)).to_contain_text("Enrolled 1 person")
    page.get_by_role("row", name="Support Number").first.click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("button", name="Unenroll")).to_be_visible()
    expect(panel.get_by_role("button", name="More actions")).to_have_count(0)
    assert violations(page) == []


def test_several_activities_follow_one_and_the_chain_says_when(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    person, *_ = organisation.members("sales")
    first, second, third = (
        organisation.post("/activities", {"kind": "course", "title": title, "external_id": title})["id"]
        for title in ("Chain one", "Chain two", "Chain three")
    )
    sessions = [organisation.session(f"of {one}", activity_id=one) for one in (second, third)]
    email = organisation.get(f"/learners/{person}")["email"]
    done = {"learner": email, "activity": "Chain one", "status": "completed"}
    organisation.post("/results/bulk", {"results": [done]})
    page = open_as(
        muster, *ADMIN, f"/activities/{first}?enroll=after-{first}.activity-{second}.activity-{third}"
    )
    asked = page.get_by_role("dialog")
    expect(asked.get_by_role("tab", name="After completing")).to_have_attribute("aria-selected", "true")
    expect(asked.get_by_role("button", name="Enroll 1 person in 2 courses")).to_be_visible()
    asked.get_by_label("Days later").fill("7")
    expect(asked.get_by_role("button", name="Assign to 2 courses")).to_be_visible()
    assert violations(page) == []
    asked.get_by_role("button", name="Assign to 2 courses").click()
    expect(notifications(page)).to_be_visible()
    page.goto(f"/sessions/{sessions[0]}")
    expect(page.get_by_text("7 days later")).to_be_visible()
    assert violations(page) == []


def test_a_path_inside_waits_for_a_session_and_is_given_one(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    inner = organisation.post("/activities", {"kind": "program", "title": "Inner program"})["id"]
    outer = organisation.post(
        "/activities",
        {
            "kind": "path",
            "title": "Outer path",
            "steps": [{"kind": "program", "activity_id": inner, "title": "Inner program"}],
        },
    )["id"]
    session = organisation.session("Outer session", activity_id=outer)
    organisation.method(session, organisation.rule("support"))
    page = open_as(muster, *ADMIN, "/needs-you")
    page.get_by_role("link", name="Outer path · Outer session").click()
    inside = page.get_by_role("region", name="Paths and programs inside")
    expect(inside.get_by_text("12 people wait for a session")).to_be_visible()
    expect(inside.get_by_role("link", name="Make a session")).to_be_visible()
    assert violations(page) == []
    first = organisation.session("First", activity_id=inner)
    page.reload()
    inside.get_by_role("button", name="Enroll everybody of this session").click()
    asked = page.get_by_role("dialog")
    expect(asked.get_by_text("12", exact=True).first).to_be_visible()
    assert violations(page) == []
    asked.get_by_role("button", name="Enroll 12 people").click()
    expect(inside.get_by_text("Whoever is enrolled here is enrolled in")).to_be_visible()
    assert organisation.enrolled(first) == 12


def test_an_enrollment_rule_is_kept_as_a_draft_and_goes_live_with_its_session_chosen(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    course = organisation.post("/activities", {"kind": "course", "title": "Ruled course"})["id"]
    morning, evening = (
        organisation.session(name, activity_id=course) for name in ("In the morning", "In the evening")
    )
    page = open_as(muster, *ADMIN, "/enrollment-rules/new")
    write_rule(page, organisation.rule("night"))
    page.get_by_role("button", name="Targets and terms").click()
    dialog = page.get_by_role("dialog")
    draft = dialog.get_by_role("button", name="Save as a draft")
    # Without a name there is nothing to save, and no activity is needed for a draft.
    expect(draft).to_be_disabled()
    dialog.get_by_role("textbox", name="Name").fill("Whoever works at night")
    expect(draft).to_be_enabled()
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert violations(page) == []
    draft.click()
    expect(page).to_have_url(re.compile(r"/enrollment-rules/\d+$"))
    expect(notifications(page)).to_contain_text("kept as a draft")
    page.get_by_role("button", name="Targets and terms").click()
    dialog.get_by_role("combobox", name="In what").fill("Ruled course")
    page.get_by_role("option", name=re.compile("^Ruled course")).first.click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Save", exact=True).click()
    # Two sessions are open: one is chosen, and only then it says what it does.
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    dialog.get_by_label("Session of Ruled course").select_option("In the evening")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save", exact=True).click()
    asked = page.get_by_role("dialog").last
    expect(asked).to_contain_text("3 enrolled")
    assert organisation.enrolled(evening) == 0
    asked.get_by_role("button", name="Save", exact=True).click()
    expect(notifications(page)).to_contain_text("The rule Whoever works at night is saved")
    assert (organisation.enrolled(morning), organisation.enrolled(evening)) == (0, 3)
