"""Taking people out of a session by hand, and what waits for a decision."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def test_somebody_is_excluded_with_a_reason_and_let_in_again(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    person, *_ = organisation.members("support")
    session = organisation.session("Leaving for good")
    organisation.method(session, organisation.rule("support"))
    other = open_as(muster, *ADMIN, f"/learners/{person}")
    held = organisation.get(f"/learners/{person}/enrollments")["items"]
    (enrollment,) = [one for one in held if one["session_id"] == session]
    page = open_as(muster, *ADMIN, f"/sessions/{session}?person={enrollment['id']}")
    page.get_by_role("dialog").get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Exclude").click()
    asked = page.get_by_role("dialog").last
    asked.get_by_label("Reason").fill("On another site now")
    assert violations(page) == []
    asked.get_by_role("button", name="Exclude").click()
    expect(notifications(page)).to_contain_text("1 person excluded")
    # The person's page was open all the time.
    expect(other.get_by_text("Excluded by admin: On another site now")).to_be_visible()
    page.goto(f"/sessions/{session}?tab=exclusions")
    row = page.get_by_role("row", name=re.compile("Support Number"))
    expect(row).to_contain_text("because “On another site now”")
    assert violations(page) == []
    row.get_by_role("button", name="Lift").click()
    expect(page.get_by_text("Nobody is excluded")).to_be_visible()
    section = other.locator("section", has_text="Enrollments")
    expect(section.locator("li", has_text="Leaving for good").get_by_text("Active").first).to_be_visible()


def test_a_cross_beside_a_name_unenrolls_who_was_picked_and_excludes_who_is_in_a_group(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Crosses")
    organisation.method(session, organisation.rule("board"))
    picked = organisation.person("support-3")
    organisation.method(session, {"include": [picked]}, kind="manual", dynamic=False)
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    assert organisation.enrolled(session) == 4
    page.get_by_role("button", name="Unenroll Support Number 3").click()
    asked = page.get_by_role("dialog", name="Unenroll")
    asked.get_by_role("button", name="Unenroll", exact=True).click()
    expect(notifications(page)).to_contain_text("1 person unenrolled")
    expect(page.get_by_role("row", name=re.compile("Support Number 3"))).to_have_count(0)
    # Who is in a group would be enrolled again at once.
    expect(page.get_by_role("button", name="Unenroll Board")).to_have_count(0)
    page.get_by_role("button", name="Exclude Board Number 2").click()
    asked = page.get_by_role("dialog", name="Exclude")
    assert violations(page) == []
    asked.get_by_role("button", name="Exclude", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Board Number 2"))).to_have_count(0)
    assert organisation.enrolled(session) == 2
    # A cross beside them among the excluded lets them in again.
    page.get_by_role("tab", name="Excluded").click()
    page.get_by_role("button", name="Lift the exclusion of Board Number 2").click()
    expect(page.get_by_role("row", name=re.compile("Board Number 2"))).to_have_count(0)
    page.get_by_role("tab", name="Participants").click()
    expect(page.get_by_role("button", name="Exclude Board Number 2")).to_be_visible()


def test_what_waits_is_counted_live_in_the_rail(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    course = organisation.post("/activities", {"kind": "course", "title": "One at a time"})
    first, second = (
        organisation.session(name, activity_id=course["id"]) for name in ("Early", "Late and blocked")
    )
    organisation.method(first, organisation.rule("night"))
    before = sum(organisation.get("/needs-you").values())
    page = open_as(muster, *ADMIN, "/needs-you")
    count = page.get_by_role("link", name="Needs you").locator(".count")
    if before:
        expect(count).to_have_text(str(before))
    organisation.method(second, organisation.rule("night"))
    expect(count).to_have_text(str(before + 1))
    line = page.get_by_role("link", name=re.compile("Late and blocked"))
    expect(line).to_be_visible()
    assert violations(page) == []
    line.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Late and blocked")
