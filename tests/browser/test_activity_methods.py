"""A course tells how people come to be enrolled in it, session by session, and what of that learners read."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import Organisation
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def eye_of(page: Page, name: str) -> Locator:
    """That of a method's card."""
    card = page.get_by_role("listitem").filter(has_text=name)
    return card.get_by_role("button", name="Shown to learners")


def test_the_methods_of_all_sessions_of_a_course(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    course = organisation.post("/activities", {"kind": "course", "title": "Three sessions"})
    spring, autumn, winter = (
        organisation.session(name, activity_id=course["id"]) for name in ("Spring", "Autumn", "Winter")
    )
    organisation.method(spring, organisation.rule("support"), name="All of support")
    organisation.method(spring, organisation.rule("night"), name="The night shift")
    organisation.method(autumn, organisation.rule("board"), name="The board alone")
    page = open_as(muster, *ADMIN, f"/activities/{course['id']}")
    page.get_by_role("tab", name="Enrollment methods").click()
    first = page.get_by_role("region", name="Methods of Spring")
    expect(first.get_by_role("listitem")).to_have_count(2)
    expect(first).to_contain_text("12 people")
    expect(page.get_by_role("region", name="Methods of Autumn")).to_contain_text("The board alone")
    expect(page.get_by_role("region", name="Methods of Winter")).to_contain_text("No method yet")
    expect(page.get_by_role("link", name="Winter")).to_have_attribute("href", f"/sessions/{winter}")
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("() => document.querySelector('main').scrollWidth <= innerWidth")
    first.get_by_role("link", name="All of support").click()
    expect(page).to_have_url(re.compile(f"/sessions/{spring}/enroll"))


def test_the_eye_of_a_method_is_opened_and_closed_by_a_press(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Seen")
    method = organisation.method(session, organisation.rule("support"), name="All of support")
    organisation.post("/segments", {"name": "Helpers", "rule": organisation.rule("support")})

    def is_visible() -> bool:
        return bool(organisation.get(f"/sessions/{session}/methods/{method}")["visible"])

    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    eye = eye_of(page, "All of support")
    expect(eye).to_have_attribute("aria-pressed", "true")
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "false")
    assert not is_visible()
    assert violations(page) == []
    # Nobody moves by it, and it is the same on the course's own page.
    assert organisation.enrolled(session) == 12
    page.goto(f"/activities/{organisation.course['id']}?tab=methods")
    eye = eye_of(page, "All of support")
    expect(eye).to_have_attribute("aria-pressed", "false")
    eye.press("Enter")
    expect(eye).to_have_attribute("aria-pressed", "true")
    assert is_visible()
