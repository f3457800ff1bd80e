"""A rehearsal in the browser: acts put into it where they would be done, looked at as a whole, carried out as one run and taken back."""

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


def test_acts_are_collected_looked_at_and_carried_out_as_one(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Reorganised")
    organisation.method(session, organisation.rule("support"))
    group = organisation.groups["support"]
    leaving, suspended = (organisation.person(f"support-{number}") for number in (1, 2))
    page = open_as(muster, *ADMIN, f"/organisation?group={group}")
    members = page.get_by_role("grid", name="Members")
    members.get_by_role("checkbox", name=re.compile("Support Number 1$")).check()
    page.get_by_role("button", name="Remove from group").click()
    page.get_by_role("dialog").get_by_label("Linked sessions too: access ends").check()
    page.get_by_role("dialog").get_by_role("button", name="Add to a rehearsal").click()
    asked = page.get_by_role("dialog").last
    asked.get_by_label("Name").fill("Autumn")
    assert violations(page) == []
    asked.get_by_role("button", name="Add", exact=True).click()
    expect(notifications(page)).to_contain_text("Added to “Autumn”")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # Nothing has been done.
    assert organisation.enrolled(session) == 12
    page.goto(f"/learners/{suspended}")
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("menuitem", name="Suspend").click()
    page.get_by_role("dialog").get_by_role("button", name="Add to a rehearsal").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Add", exact=True).click()
    notifications(page).get_by_role("link", name="Open").click()

    acts = page.get_by_role("list", name="Changes, in this order").get_by_role("listitem")
    expect(acts).to_have_count(2)
    expect(acts.first).to_contain_text("from Support")
    row = page.get_by_role("row", name=re.compile("Reorganised"))
    expect(row.get_by_role("cell").first).to_contain_text("12")
    expect(row.get_by_role("cell").nth(1)).to_contain_text("11")
    row.get_by_role("button", name=re.compile("^Leave, .*: 1$")).click()
    expect(page.get_by_role("list", name="Who loses access")).to_contain_text("Support Number 1")
    assert violations(page) == []
    page.get_by_role("button", name=re.compile("^Earlier: Change the status")).click()
    expect(acts.first).to_contain_text("Change the status")

    # Facts change underneath while somebody is about to say yes.
    expect(page.get_by_role("button", name="Carry out")).to_be_enabled()
    page.get_by_role("button", name="Carry out").click()
    question = page.get_by_role("dialog", name=re.compile("Carry out"))
    organisation.post(f"/groups/{group}/members/remove", {"learner_ids": [leaving], "unlink": "expire"})
    question.get_by_role("button", name="Carry out").click()
    expect(question).to_contain_text("Facts have changed underneath")
    question.get_by_role("button", name="Carry out").click()
    expect(notifications(page)).to_contain_text("“Autumn” carried out")
    expect(page.get_by_text("This has been carried out")).to_be_visible()
    assert organisation.get(f"/learners/{suspended}")["status"] == "suspended"
    notifications(page).get_by_role("button", name="Undo").click()
    expect(notifications(page)).to_contain_text("Undone")
    assert organisation.get(f"/learners/{suspended}")["status"] != "suspended"


def test_a_checked_sheet_is_added_and_messages_open(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """The page says who is written to, when, and of what; the link is handed on, so the import need not begin there."""
    session = organisation.session("By rehearsed sheet")
    organisation.method(session, organisation.rule("night"))
    rows = "".join(f"support{number}@confirm.example,night\n" for number in (5, 6))
    sheet = ("night.csv", f"learner,group\n{rows}", "text/csv")
    begun = organisation.http.post("/imports", data={"kind": "memberships"}, files={"file": sheet})
    begun.raise_for_status()
    draft = organisation.post(
        "/rehearsals",
        {
            "name": "Night shift",
            "changes": [{"act": "learner", "id": organisation.person("night-1"), "status": "suspended"}],
        },
    )
    page = open_as(muster, *ADMIN, f"/imports/{begun.json()['id']}")
    expect(page.get_by_role("button", name="Import 2 rows")).to_be_enabled()
    page.goto(f"/rehearsals/{draft['id']}")
    acts = page.get_by_role("list", name="Changes, in this order").get_by_role("listitem")
    expect(acts).to_have_count(1)
    page.get_by_role("button", name="Add an import…").click()
    dialog = page.get_by_role("dialog", name="Add an import")
    expect(dialog.get_by_role("combobox", name="Import")).to_contain_text("night.csv")
    assert violations(page) == []
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(acts).to_have_count(2)
    # What is in it is not offered again.
    page.get_by_role("button", name="Add an import…").click()
    expect(dialog).to_contain_text("No checked import waits")
    dialog.get_by_role("button", name="Cancel").click()

    row = page.get_by_role("row", name=re.compile("By rehearsed sheet"))
    expect(row.get_by_role("cell").nth(1)).to_contain_text("5")
    page.get_by_role("button", name="2 messages").click()
    told = page.get_by_role("list", name="Who is written to")
    expect(told.get_by_role("listitem")).to_have_count(2)
    expect(told).to_contain_text(
        re.compile(r"Support Number 6.*:00: enrolled in First aid · By rehearsed sheet")
    )
    assert violations(page) == []
    page.get_by_role("button", name="Carry out").click()
    page.get_by_role("dialog", name=re.compile("Carry out")).get_by_role("button", name="Carry out").click()
    expect(notifications(page)).to_contain_text("“Night shift” carried out")
