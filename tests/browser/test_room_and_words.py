"""On a narrow screen and for who may see little: people are told apart, and what is not theirs is not asked for."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import PASSWORD, Organisation
from tests.browser.test_confirming import act_of_toast, review
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def person(organisation: Organisation, email: str, **more: Any) -> int:
    """Somebody called Anna Li."""
    body = {"email": email, "first_name": "Anna", "last_name": "Li", "password": PASSWORD} | more
    return int(organisation.post("/learners", body)["id"])


def fits(page: Page) -> bool:
    """Nothing makes the page wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_namesakes_are_told_apart_on_a_phone(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    both = [person(organisation, f"anna{n}@confirm.example") for n in (1, 2)]
    session = organisation.session("Namesakes")
    organisation.method(session, {"include": both})
    for path in ("/learners?q=anna", f"/sessions/{session}"):
        page = open_as(muster, *ADMIN, path, viewport=PHONE)
        for n in (1, 2):
            expect(page.get_by_role("grid").get_by_text(f"anna{n}@confirm.example")).to_be_visible()
        assert fits(page)
        assert violations(page) == []


def test_a_manager_is_not_asked_about_people_who_are_not_theirs(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    organisation.http.patch("/organisation", json={"managers_enroll": True}).raise_for_status()
    manager = person(organisation, "manager@confirm.example", last_name="Ager")
    sales = {"groups": [{"id": organisation.groups["sales"]}]}
    person(organisation, "report@confirm.example", last_name="Report", manager_id=manager, **sales)
    session = organisation.session("For sales", catalog="group", group_id=organisation.groups["sales"])
    said: list[str] = []
    page = open_as(muster, "manager@confirm.example", PASSWORD, "/team")
    page.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    expect(page.get_by_role("grid").get_by_text("Anna Report")).to_be_visible()
    page.goto(f"/sessions/{session}")
    expect(page.get_by_role("heading", level=1)).to_have_text("For sales")
    expect(page.get_by_text("You can enroll your own people here")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Enroll learners")).first).to_be_visible()
    expect(page.get_by_text("could not be loaded")).to_have_count(0)
    page.get_by_role("link", name=re.compile("Enroll learners")).first.click()
    page.get_by_role("button", name="Pick people").click()
    page.get_by_role("dialog").get_by_role("checkbox", name=re.compile("Anna Report")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Add")).click()
    expect(page.get_by_role("region", name="Who").get_by_text("person matches now")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("1 entering"))).to_be_visible()
    expect(page.get_by_text("Only this session's")).to_have_count(0)
    confirm_and_undo(page, organisation, session)
    assert said == []


def confirm_and_undo(page: Page, organisation: Organisation, session: int) -> None:
    """A manager's enrolling to its end: confirmed, seen, and taken back."""
    dialog = review(page)
    dialog.get_by_role("button", name=re.compile("^Enroll 1 person")).click()
    notifications = page.get_by_role("region", name="Notifications")
    expect(notifications).to_contain_text("Saved: 1 entered")
    expect(dialog).to_have_count(0)
    assert organisation.enrolled(session) == 1
    assert violations(page) == []
    act_of_toast(page, "Undo")
    expect(notifications).to_contain_text("Undone")
    assert organisation.enrolled(session) == 0
