"""What pages of methods, qualifications and drafts say, and that it fits on a phone."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.browser.test_room_and_words import ADMIN, fits, person
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def test_methods_on_a_phone_are_chosen_from_a_menu_that_fits(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("On a phone")
    organisation.method(session, None, kind="self", open=True, capacity=20, dynamic=False)
    page = open_as(muster, *ADMIN, f"/sessions/{session}", viewport=PHONE)
    # Said once each, and apart: who holds people by name looks at nobody again.
    expect(page.get_by_text("0 of 20 places of this method taken")).to_be_visible()
    expect(page.get_by_text("Self enrollment", exact=True)).to_have_count(1)
    expect(page.get_by_text("Self enrollment.", exact=True)).to_have_count(0)
    expect(page.get_by_text("Snapshot")).to_have_count(0)
    page.get_by_role("button", name="Add method").click()
    expect(page.get_by_role("menuitem", name=re.compile("^Segment members to class"))).to_be_visible()
    assert fits(page)
    assert violations(page) == []
    page.get_by_role("menuitem", name=re.compile("^A group")).click()
    # One begins with whom it is about, not with what it is called.
    expect(page.get_by_role("dialog").get_by_role("combobox", name="Group")).to_be_focused()
    expect(page.get_by_role("dialog").get_by_text("Fill in what is missing above")).to_be_visible()


def test_a_coach_is_not_told_to_change_methods_of_others(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    more = {"group_id": organisation.groups["sales"], "catalog": "group"}
    session = organisation.session("Kept by others", **more)
    organisation.method(session, organisation.rule("board"))
    organisation.method(session, organisation.rule("board", "sales"))
    page = open_as(muster, COACH, PASSWORD, f"/sessions/{session}?enroll=new.session-{session}")
    dialog = page.get_by_role("dialog", name="Enroll people")
    expect(dialog).to_contain_text("2 methods already. They are kept by others:")
    expect(dialog).not_to_contain_text("which you can change")
    dialog.get_by_role("button", name="Cancel").click()
    # Two that one may not know of are one reason.
    row = page.get_by_role("row", name="Sales Number 1", exact=False).first
    expect(row.get_by_text("Another method, Another method")).to_have_count(0)


def test_a_qualification_says_what_it_requires_and_leads_to_who_has_it(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    course = organisation.post("/activities", {"kind": "course", "title": "Forklifts"})["id"]
    organisation.session("For the licence", activity_id=course)
    licence = organisation.post("/groups", {"name": "Licence", "kind": "qualification"})["id"]
    path = f"/groups/{licence}/requirements"
    organisation.http.put(path, json={"activity_ids": [course]}).raise_for_status()
    both = [person(organisation, f"licence{n}@confirm.example") for n in (1, 2)]
    organisation.post(f"/groups/{licence}/members", {"learner_ids": both})
    page = open_as(muster, *ADMIN, f"/organisation?group={licence}")
    panel = page.get_by_role("region", name="Licence")
    expect(panel.get_by_role("heading", name="Requires")).to_be_visible()
    expect(panel.get_by_role("button", name="Change what it requires")).to_be_visible()
    assert violations(page) == []
    panel.get_by_role("link", name="Who is qualified, and who is not yet").click()
    expect(page.get_by_role("heading", level=1, name="Inventory")).to_be_visible()
    # Two people of one name are told apart here, too.
    for n in (1, 2):
        expect(page.get_by_role("grid").get_by_text(f"licence{n}@confirm.example")).to_be_visible()
    assert violations(page) == []


def test_a_draft_of_an_enrollment_rule_is_not_said_to_enroll(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Of a draft")
    body = {"name": "Later", "rule": organisation.rule("night"), "targets": [{"session_id": session}]}
    rule = organisation.post("/enrollment-rules", body)["id"]
    page = open_as(muster, *ADMIN, f"/enrollment-rules/{rule}")
    expect(page.get_by_text("A draft: it enrolls nobody before it is saved.")).to_be_visible()
    expect(page.get_by_text("Enrolls in 1 session.")).to_have_count(0)


def test_a_rule_is_read_in_french_without_words_being_cut(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    body = {"name": "Anybody", "rule": {"blocks": [{"everyone": True, "filters": []}]}}
    segment = organisation.post("/segments", body)["id"]
    page = open_as(muster, *ADMIN, f"/segments/{segment}", locale="fr-FR")
    why = page.get_by_role("button", name=re.compile("^Pourquoi")).first
    expect(why).to_be_visible()
    cell = "(one) => one.closest('[role=gridcell]').scrollWidth <= one.closest('[role=gridcell]').clientWidth"
    assert why.evaluate(cell)
    days = page.locator(".ends")
    expect(days).to_contain_text(re.compile("^.*hui.*$"))
    assert days.evaluate("(one) => one.scrollWidth <= one.clientWidth")
