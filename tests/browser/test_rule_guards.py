"""The history of a rule, an older one restored by plan, and people who must be in: while one types, at the plan, and on the card."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_confirming import act_of_toast, review, write_rule
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def choose(page: Page, item: str) -> None:
    """From the menu of the session's only method."""
    page.locator(".method").get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()


def test_an_older_rule_is_restored_by_plan_and_confirmation(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Restored")
    method = organisation.method(session, organisation.rule("support"))
    organisation.method(session, organisation.rule("support", "night"), method_id=method)
    assert organisation.enrolled(session) == 15
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    choose(page, "History")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("New: people in Night")).to_be_visible()
    expect(dialog.get_by_text("Version 2")).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Restore version 1").click()
    # In the builder with the older rule, and nothing written yet.
    expect(page).to_have_url(re.compile(rf"/sessions/{session}/enroll\?method={method}$"))
    expect(page.get_by_text("The rule of version 1 is loaded")).to_be_visible()
    expect(page.get_by_role("region", name="Rule").get_by_text("Night")).to_have_count(0)
    assert organisation.enrolled(session) == 15
    dialog = review(page)
    dialog.get_by_role("button", name="End access for 3 people").click()
    expect(dialog).to_have_count(0)
    assert organisation.enrolled(session) == 12
    page.get_by_role("button", name="History").click()
    expect(page.get_by_role("dialog").get_by_text("Gone: people in Night")).to_be_visible()
    page.keyboard.press("Escape")
    act_of_toast(page, "Undo")
    expect(page.get_by_role("region", name="Rule").get_by_text("Night").first).to_be_visible()
    page.get_by_role("button", name="History").click()
    expect(page.get_by_role("dialog").get_by_text("by undoing a run")).to_be_visible()
    assert organisation.enrolled(session) == 15


def test_somebody_who_must_be_in_is_seen_while_typing_at_the_plan_and_on_the_card(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Pinned")
    method = organisation.method(session, organisation.rule("night"))
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    page.get_by_role("button", name="Pinned people").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Nobody is pinned")).to_be_visible()
    dialog.get_by_role("combobox", name="Person").fill("night1@")
    page.get_by_role("option", name="Night Number 1").click()
    dialog.get_by_label("Why").fill("On duty")
    dialog.get_by_role("button", name="Pin", exact=True).click()
    expect(dialog.get_by_role("link", name="Night Number 1")).to_be_visible()
    expect(dialog.get_by_text("so it is")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    pins = page.get_by_role("group", name="Pinned people")
    expect(pins.get_by_role("button", name="✓ Night Number 1")).to_be_visible()

    write_rule(page, organisation.rule("support"))
    broken = pins.get_by_role("button", name="✗ Night Number 1")
    expect(broken).to_be_visible()
    broken.click()
    expect(page.get_by_role("dialog")).to_contain_text("Night Number 1")
    page.keyboard.press("Escape")
    dialog = review(page)
    expect(dialog.get_by_role("alert")).to_contain_text("Night Number 1 must be in · On duty")
    confirm = dialog.get_by_role("button", name="Enroll 12, end 3")
    expect(confirm).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_role("checkbox", name="This is meant").check()
    confirm.click()
    expect(dialog).to_have_count(0)

    card = open_as(muster, *ADMIN, f"/sessions/{session}")
    expect(
        card.get_by_role("note").filter(has_text="Night Number 1 must be in: The rule was changed")
    ).to_be_visible()


def test_facts_that_break_a_pin_are_on_the_card_and_wait_for_somebody(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    organisation.post("/groups/bulk", {"groups": [{"external_id": "watch", "name": "Watch"}]})
    (group,) = organisation.get("/groups?q=Watch")["items"]
    organisation.groups["watch"] = group["id"]
    organisation.enlist("watch", 2)
    session = organisation.session("Facts")
    method = organisation.method(session, organisation.rule("watch"), name="The watch")
    person = organisation.person("watch-1")
    organisation.post(f"/sessions/{session}/methods/{method}/pins", {"learner_id": person, "expected": "in"})
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    expect(page.get_by_role("link", name="The watch")).to_be_visible()
    organisation.post(f"/groups/{group['id']}/members/remove", {"learner_ids": [person], "unlink": "expire"})
    notice = page.get_by_role("note").filter(has_text="Watch Number 1 must be in: No longer in Watch")
    expect(notice).to_be_visible()
    waits = open_as(muster, *ADMIN, "/needs-you", viewport=PHONE, scheme="dark")
    expect(waits.get_by_role("heading", name="Pinned people not where they must be")).to_be_visible()
    expect(waits.get_by_text("Watch Number 1 must be in: No longer in Watch")).to_be_visible()
    assert violations(waits) == []
    notice.get_by_role("button", name="Look at them").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Unpin Watch Number 1").click()
    expect(dialog.get_by_text("Nobody is pinned")).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_segment_is_restored_and_held_against_its_pins(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    made = organisation.post("/segments", {"name": "Nights", "rule": organisation.rule("night")})
    path = f"/segments/{made['id']}"
    organisation.http.patch(path, json={"rule": organisation.rule("support")}).raise_for_status()
    organisation.post(f"{path}/pins", {"learner_id": organisation.person("support-1"), "expected": "in"})
    page = open_as(muster, *ADMIN, path)
    page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Gone: people in Night")).to_be_visible()
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("button", name="✗ Support Number 1")).to_be_visible()
    page.get_by_role("button", name="Save segment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Support Number 1 must be in")
    save = dialog.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_role("checkbox", name="This is meant").check()
    save.click()
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("Nights")
    versions = organisation.get(f"{path}/versions")["items"]
    assert [one["sentence"] for one in versions] == [
        "People in Night.",
        "People in Support.",
        "People in Night.",
    ]


def test_an_enrollment_rule_is_restored_and_held_against_its_pins(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    sessions = [organisation.session(name) for name in ("Ruled once", "Ruled twice")]
    body = {
        "name": "By night",
        "rule": organisation.rule("night"),
        "targets": [{"session_id": session} for session in sessions],
    }
    change = {"act": "enrollment_rule", **body}
    shown = organisation.post("/consequences", {"changes": [change]})
    headers = {"If-Consequences": shown["hash"]}
    made = organisation.http.post("/enrollment-rules", json=body, headers=headers).raise_for_status().json()
    page = open_as(muster, *ADMIN, f"/enrollment-rules/{made['id']}")
    page.get_by_role("button", name="Pinned people").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Person").fill("night1@")
    page.get_by_role("option", name="Night Number 1").click()
    dialog.get_by_label("Why").fill("On duty")
    dialog.get_by_role("button", name="Pin", exact=True).click()
    expect(dialog.get_by_role("link", name="Night Number 1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="✓ Night Number 1")).to_be_visible()

    write_rule(page, organisation.rule("support"))
    expect(page.get_by_role("button", name="✗ Night Number 1")).to_be_visible()
    page.get_by_role("button", name="Targets and terms").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Night Number 1 must be in · On duty")
    save = dialog.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_role("checkbox", name="This is meant").check()
    save.click()
    page.get_by_role("dialog", name="Change the rule By night?").get_by_role("button", name="Save").click()
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("By night")
    assert [organisation.enrolled(session) for session in sessions] == [12, 12]
    notice = page.get_by_role("note").filter(has_text="Night Number 1 must be in: The rule was changed")
    expect(notice).to_be_visible()
    assert violations(page) == []

    page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Gone: people in Night")).to_be_visible()
    dialog.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("button", name="✓ Night Number 1")).to_be_visible()
    notice.get_by_role("button", name="Look at them").click()
    page.get_by_role("dialog").get_by_role("button", name="Unpin Night Number 1").click()
    expect(notice).to_have_count(0)
