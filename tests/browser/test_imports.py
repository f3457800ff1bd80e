"""A sheet in the browser: read and checked, its questions answered, what it does shown before, imported while one watches."""

import re

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def upload(page: Page, kind: str, text: str) -> None:
    """Choose the file and what is in it, and wait for its page."""
    dialog = page.get_by_role("dialog", name="Import a sheet")
    dialog.get_by_label("What is in it").select_option(kind)
    sheet = FilePayload(name="sheet.csv", mimeType="text/csv", buffer=text.encode())
    dialog.get_by_label("File").set_input_files(sheet)
    dialog.get_by_role("button", name="Upload and check").click()
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))


def test_a_sheet_is_checked_shown_and_imported(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("By the sheet")
    organisation.method(session, organisation.rule("night"))
    assert organisation.enrolled(session) == 3
    page = open_as(muster, *ADMIN, "/imports")
    page.get_by_role("button", name="Import a sheet").first.click()
    rows = "".join(f"support{number}@confirm.example,night,7\n" for number in range(1, 6))
    upload(page, "Members of groups", f"learner,group,locker\n{rows}nobody@confirm.example,night,8\n")
    expect(page.get_by_text("1 question first")).to_be_visible()
    # It waits, and is found where everything is that waits.
    page.get_by_role("link", name="Needs you").click()
    page.get_by_role("region", name=re.compile("mports")).get_by_role("link", name="sheet.csv").click()
    page.get_by_label("These columns mean nothing to Muster").select_option("Leave them out")
    expect(page.get_by_text("1 with an error, left out")).to_be_visible()
    panel = page.get_by_role("region", name="What this does")
    expect(panel).to_contain_text("5 enrolled")
    panel.get_by_role("button", name=re.compile("enrolled")).click()
    expect(panel.get_by_role("list", name="Who is enrolled")).to_contain_text("Support Number 3")
    page.get_by_label("Which rows").select_option("Error")
    expect(page.get_by_role("row", name=re.compile("nobody@confirm.example"))).to_contain_text("no learner")
    assert violations(page) == []
    with page.expect_download() as rejects:
        page.get_by_role("link", name="Download 1 row with its error").click()
    assert rejects.value.suggested_filename.endswith(".xlsx")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # The world changes between looking and doing: what it does now is shown instead.
    organisation.post(
        f"/groups/{organisation.groups['night']}/members", {"learner_ids": [organisation.person("support-1")]}
    )
    page.get_by_role("button", name="Import 5 rows").click()
    expect(panel).to_contain_text("The facts have changed since you looked")
    page.get_by_role("button", name="Import 5 rows").click()
    expect(notifications(page)).to_contain_text("5 rows are being imported")
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    assert organisation.enrolled(session) == 8
    page.goto("/imports?new=learners")
    upload(page, "People", "email\nlate@confirm.example\n")
    page.get_by_role("button", name="Cancel the import").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the import").click()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
