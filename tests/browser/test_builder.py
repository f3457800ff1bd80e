"""The editor of a rule: a line a filter, what a cross removes, what is unfinished, and reasons over the page."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.browser.test_confirming import act_of_toast, review, write_rule
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def six_filters(organisation: Organisation) -> list[dict[str, Any]]:
    course = organisation.course["id"]
    return [
        {"type": "language", "op": "in", "values": ["en", "fr"]},
        {"type": "added", "op": "last_days", "values": [4000]},
        {"type": "path_result", "status": "not_completed", "paths": [course]},
        {"type": "language", "op": "not_in", "values": ["ja"]},
        {"type": "added", "op": "after", "values": ["2001-02-03"]},
        {"type": "path_result", "status": "not_successful", "paths": [course]},
    ]


def lines_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Rule").locator("[data-target*=filters]")


def address_of(organisation: Organisation, person: int) -> str:
    """The address, which is nobody else's."""
    return str(organisation.get(f"/learners/{person}")["email"])


def hidden_heights(page: Page) -> list[int]:
    """How much of the page, and of the rule, one would have to scroll to."""
    return page.evaluate(  # type: ignore[no-any-return]  # what the browser answers
        "() => ['main', 'section.rule'].map((name) => document.querySelector(name))"
        ".map((box) => box.scrollHeight - box.clientHeight)"
    )


def test_a_panel_opens_while_the_address_is_changing(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """The focus comes back to a part of the rule just as somebody is asked about: the address keeps both."""
    session = organisation.session("Two changes at once")
    method = organisation.method(session, organisation.rule("sales"))
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    page.get_by_role("button", name=re.compile("^Why ")).first.wait_for()
    page.evaluate(
        "() => { document.querySelector('[role=row] button.why').click();"
        " document.querySelector('[data-target=\"blocks[0].groups\"] button').focus(); }"
    )
    expect(page.get_by_role("dialog", name="Why?")).to_be_visible()
    expect(page).to_have_url(re.compile(r"(?=.*person=\d)(?=.*block=0)"))
    page.go_back()
    expect(page.get_by_role("dialog", name="Why?")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"method={method}(?!.*person)"))


def test_six_filters_fit_and_a_cross_removes_what_it_stands_at(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Six filters")
    rule = organisation.rule("sales", "support")
    rule["blocks"] = [{"groups": [organisation.groups["sales"], organisation.groups["support"]]}]
    rule["blocks"][0]["filters"] = six_filters(organisation)
    method = organisation.method(session, rule)
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    lines = lines_of(page)
    expect(lines).to_have_count(6)
    expect(lines.nth(5).get_by_text("73 left")).to_be_attached()
    assert hidden_heights(page) == [0, 0]
    expect(page.get_by_text("Each person counts once")).to_be_visible()
    save = page.get_by_role("button", name="Review and save")

    # On a value: the last one leaves the filter unfinished, and what is no longer current is grey.
    third = lines.nth(2)
    third.get_by_role("button", name="Remove First aid").click()
    expect(third.get_by_text("Unfinished: choose a value.")).to_be_visible()
    expect(save).to_be_disabled()
    old = [lines.nth(at).locator("[data-old]") for at in range(6)]
    for at, line in enumerate(old):
        expect(line).to_have_count(0 if at < 2 else 1)
    assert violations(page) == []

    # On the line: the criterion goes, and comes back to its place.
    third.get_by_role("button", name="Remove filter").click()
    expect(lines).to_have_count(5)
    for line in old[:5]:
        expect(line).to_have_count(0)
    act_of_toast(page, "Undo")
    expect(lines).to_have_count(6)
    expect(third.get_by_text("Unfinished: choose a value.")).to_be_visible()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(third.get_by_role("button", name="Remove First aid")).to_be_visible()
    expect(save).to_have_count(0)

    # On the field of groups: all of them, which cannot be saved either.
    page.get_by_role("button", name="Remove all groups").click()
    expect(page.get_by_text("Unfinished: choose at least one group.")).to_be_visible()
    expect(save).to_be_disabled()
    act_of_toast(page, "Undo")
    expect(page.get_by_role("button", name="Remove Support")).to_be_visible()
    expect(page.get_by_text("Unfinished")).to_have_count(0)


def test_a_press_outside_of_a_field_closes_it_and_keeps_what_was_picked(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Pressed outside")
    rule = organisation.rule("support")
    rule["blocks"][0]["filters"] = six_filters(organisation)[3:4]
    method = organisation.method(session, rule)
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    outside = page.get_by_role("heading", name="Rule", exact=True)

    page.get_by_role("button", name="Add groups").click()
    tree = page.get_by_role("tree", name="Add groups")
    for name in ("Night", "Sales"):
        tree.get_by_role("treeitem", name=re.compile(f"^{name}")).click()
    outside.click()
    expect(tree).to_have_count(0)
    for name in ("Support", "Night", "Sales"):
        expect(page.get_by_role("button", name=f"Remove {name}", exact=True)).to_be_visible()

    box = page.get_by_role("combobox", name="Language", exact=True)
    box.click()
    page.get_by_role("option", name=re.compile("^French")).click()
    expect(page.get_by_role("listbox")).to_have_count(1)
    outside.click()
    expect(page.get_by_role("listbox")).to_have_count(0)
    for name in ("Japanese", "French"):
        expect(lines_of(page).get_by_role("button", name=f"Remove {name}")).to_be_attached()


def test_reasons_open_over_the_page_and_lead_to_the_rule(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Reasons")
    rule = organisation.rule("support")
    rule["blocks"][0]["filters"] = six_filters(organisation)[:1]
    method = organisation.method(session, rule)
    person = organisation.members("support")[0]
    page = open_as(
        muster, *ADMIN, f"/sessions/{session}/enroll?method={method}&person={person}", viewport=PHONE
    )
    why = page.get_by_role("dialog", name="Why?")
    expect(why.get_by_text("Matches the rule")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(why).to_have_count(0)
    expect(page).not_to_have_url(re.compile("person="))
    # A phone has one thing that scrolls: the list is as long as its people.
    people = page.get_by_role("grid")
    expect(people.get_by_role("row")).to_have_count(13)
    assert people.evaluate("(list) => list.scrollHeight - list.clientHeight") == 0
    page.get_by_role("button", name=re.compile("^Why Support")).last.click()
    why.get_by_role("button", name=re.compile("^Language is")).click()
    expect(page.get_by_role("combobox", name="Language", exact=True)).to_be_focused()


def test_two_who_edit_one_rule_know_of_one_another_and_choose(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Edited twice", group_id=organisation.groups["sales"])
    method = organisation.method(session, organisation.rule("sales"))
    address = f"/sessions/{session}/enroll?method={method}"
    admin = open_as(muster, *ADMIN, address)
    coach = open_as(muster, COACH, PASSWORD, address)
    expect(admin.get_by_text("Co Ach is editing this rule too")).to_be_visible()
    expect(coach.get_by_text("is editing this rule too")).to_be_visible()

    # Both narrow it; the coach is first to save.
    for page, language in ((admin, "en"), (coach, "de")):
        filters = [{"type": "language", "op": "not_in", "values": [language]}]
        write_rule(page, {"blocks": [{"groups": [organisation.groups["sales"]], "filters": filters}]})
        page.get_by_role("button", name="JSON").click()
    dialog = review(coach)
    dialog.get_by_role("button", name=re.compile("Save|Confirm|Enroll")).last.click()
    expect(dialog).to_have_count(0)
    admin.get_by_role("button", name="Compare").click()
    both = admin.get_by_role("dialog", name="Someone else changed this meanwhile")
    mine, theirs = both.get_by_role("region", name="Yours"), both.get_by_role("region", name="Theirs")
    expect(mine).to_contain_text("is not English")
    expect(mine).to_contain_text("0 people match now")
    expect(mine).to_contain_text("61 leaving")
    expect(theirs).to_contain_text("is not German")
    expect(theirs).to_contain_text("61 people match now")
    expect(theirs).to_contain_text("61 people are enrolled by it now.")
    assert violations(admin) == []

    # Neither yet: what was edited is still there, and so is the question.
    both.get_by_role("button", name="Keep editing").click()
    expect(both).to_have_count(0)
    expect(admin.get_by_role("button", name="Remove English")).to_be_visible()
    admin.get_by_role("button", name="Compare").click()
    both.get_by_role("button", name="Take theirs").click()
    expect(admin.get_by_role("button", name="Remove German")).to_be_visible()
    expect(admin.get_by_role("button", name="Review and save")).to_have_count(0)
    coach.context.close()
    expect(admin.get_by_text("is editing this rule too")).to_have_count(0)


def test_the_picker_marks_people_and_keeps_picks(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    course = organisation.post("/activities", {"kind": "course", "title": "Once", "several_sessions": False})
    here, other = (
        organisation.post("/sessions", {"activity_id": course["id"], "name": name})["id"]
        for name in ("Now", "Later")
    )
    elsewhere, enrolled, free, last = organisation.members("support")[:4]
    organisation.method(other, {"include": [elsewhere]})
    method = organisation.method(here, {"include": [enrolled]})
    page = open_as(muster, *ADMIN, f"/sessions/{here}/enroll?method={method}")
    page.get_by_role("button", name="Pick people").click()
    picker = page.get_by_role("dialog", name="Pick people by hand")
    picker.get_by_role("searchbox").fill("support")
    expect(picker.get_by_role("row")).to_have_count(13)
    rows = {
        one: picker.get_by_role("row").filter(has_text=address_of(organisation, one))
        for one in (elsewhere, enrolled, free, last)
    }
    expect(rows[elsewhere]).to_contain_text("Already enrolled in Later")
    expect(rows[elsewhere].get_by_role("checkbox")).to_be_disabled()
    for mark in ("Picked already", "Enrolled here"):
        expect(rows[enrolled]).to_contain_text(mark)
    assert violations(page) == []

    # All of them: those who can be.
    picker.get_by_role("checkbox", name="Select all").click()
    expect(picker.get_by_role("button", name="Add 10")).to_be_enabled()
    picker.get_by_role("checkbox", name="Select all").click()
    rows[free].get_by_role("checkbox").click()
    picker.get_by_role("button", name="Wide view").click()
    expect(picker.get_by_role("columnheader", name="Groups")).to_be_visible()
    picker.get_by_role("button", name="Filter").click()
    narrowed = page.get_by_role("dialog", name="Filter")
    narrowed.get_by_label("Added from").fill("2100-01-01")
    narrowed.locator("[type=submit]").click()
    expect(picker.get_by_text("Nothing found")).to_be_visible()
    # A press beside the picker closes it, and keeps what was picked before the filter.
    page.mouse.click(20, 500)
    expect(picker).to_have_count(0)
    last_name = organisation.get(f"/learners/{free}")["last_name"]
    kept = page.get_by_role("button", name=f"Remove Support {last_name}", exact=True)
    expect(kept).to_be_visible()
    act_of_toast(page, "Undo")
    expect(kept).to_have_count(0)
