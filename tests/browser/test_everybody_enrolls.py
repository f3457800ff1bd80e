"""Everybody enrolls, each in a browser of their own: an admin from a group, a coach by a proposal, a manager, a learner with a key; all see it."""

import re
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.browser.test_composer import ADMIN, choose, notifications
from tests.harness.instance import Muster

COURSES = ("Ladders", "Lifting", "Lighting")
MANAGER = "manager@together.example"
KEY = "sesame"
# One of the five whom the admin chooses, who reads the catalog meanwhile and joins with the key.
LEARNER = "sales10@confirm.example"


class Together:
    """Three courses and an evening class of the sales group, a manager of two of its people, and who reads the catalog."""

    def __init__(self, http: httpx.Client) -> None:
        self.organisation = made = Organisation(http)
        self.sales = made.groups["sales"]
        self.courses = {title: self._session(title, "Open") for title in COURSES}
        self.evening = self._session("Welding", "Evening")
        self._method(self.evening, kind="self", key=KEY)
        # Whom the coach sees and may not enroll: of the night shift, in a session that they only instruct.
        taught = made.session("Taught", instructor_ids=[made.coach])
        made.method(taught, made.rule("night"))
        manager = made.post(
            "/learners", {"email": MANAGER, "first_name": "Ma", "last_name": "Nager", "password": PASSWORD}
        )
        for person in ("sales-20", "sales-21"):
            self._change(made.person(person), manager_id=manager["id"])
        self._change(made.person("sales-10"), password=PASSWORD)
        assert http.patch("/organisation", json={"managers_enroll": True}).is_success

    def _session(self, title: str, name: str) -> int:
        course = self.organisation.post("/activities", {"kind": "course", "title": title})
        return self.organisation.session(name, activity_id=course["id"], group_id=self.sales, catalog="group")

    def _method(self, session: int, **body: object) -> None:
        plan = self.organisation.post(f"/sessions/{session}/plan", body)
        self.organisation.post(f"/sessions/{session}/apply", body | {"hash": plan["hash"]})

    def _change(self, person: int, **body: object) -> None:
        self.organisation.http.patch(f"/learners/{person}", json=body).raise_for_status()


@dataclass(frozen=True)
class Browsers:
    """Pages that stay open from the first act to the last; none is ever loaded again."""

    admin: Page
    coach: Page
    manager: Page
    learner: Page

    def board(self, session: int) -> Locator:
        """How many the coach reads on the board's card of a session."""
        return self.coach.locator(f"article[data-session='{session}']").get_by_test_id("enrolled")

    def catalog(self, title: str, section: str) -> Locator:
        """The learner's card of a course, in "mine", "open" or "almost"."""
        return self.learner.locator(f"article[data-section={section}]").filter(has_text=title)


@pytest.fixture(scope="module")
def together(http: httpx.Client) -> Together:
    return Together(http)


@pytest.fixture
def browsers(muster: Muster, together: Together, open_as: SignedIn) -> Browsers:
    """Everybody where they start, with what they wait for on screen."""
    found = Browsers(
        admin=open_as(muster, *ADMIN, f"/organisation?group={together.sales}"),
        coach=open_as(muster, COACH, PASSWORD, "/board"),
        manager=open_as(muster, MANAGER, PASSWORD, "/team"),
        learner=open_as(muster, LEARNER, PASSWORD, "/catalog"),
    )
    for session in (*together.courses.values(), together.evening):
        expect(found.board(session)).to_contain_text("0")
    expect(found.catalog("Welding", "open")).to_be_visible()
    return found


def enroll_from_a_group(page: Page) -> None:
    """Five people of the open group in three courses, as one act."""
    for number in (1, 10, 11, 12, 13):
        page.get_by_role("checkbox", name=re.compile(rf"Sales Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Enroll…").click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    choose(dialog, *COURSES)
    dialog.get_by_role("button", name="Enroll 5 people in 3 courses").click()
    expect(notifications(page)).to_contain_text("Enrolled 5 people in 3 courses")


def propose(page: Page) -> None:
    """One whom the coach may enroll in the evening class and one whom they may not: an admin is asked about both."""
    page.get_by_role("link", name="Welding").click()
    page.get_by_role("button", name="Enroll…").click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    people = dialog.get_by_role("combobox", name="People")
    for name in ("Sales Number 7", "Night Number 1"):
        people.fill(name)
        page.get_by_role("option", name=re.compile(f"^{name}")).click()
    people.press("Escape")
    dialog.get_by_role("button", name="Ask an admin").click()
    expect(notifications(page)).to_contain_text("Asked.")


def approve(page: Page) -> None:
    """From the count in the rail to the answer."""
    rail = page.get_by_role("link", name="Needs you")
    expect(rail.locator(".count")).to_have_text("1")
    rail.click()
    page.get_by_role("region", name=re.compile("roposals")).get_by_role("link").click()
    review = page.get_by_role("dialog", name=re.compile("proposes"))
    review.get_by_role("button", name="Approve").click()
    expect(notifications(page)).to_contain_text("Approved and done")
    expect(rail.locator(".count")).to_have_count(0)


def enroll_the_team(page: Page) -> None:
    """Both reports in the evening class, which their group's catalog has."""
    for number in (20, 21):
        page.get_by_role("checkbox", name=re.compile(rf"Sales Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Add registration").click()
    dialog = page.get_by_role("dialog", name="Enroll your team")
    choose(dialog, "Welding")
    dialog.get_by_role("button", name=re.compile("^Enroll 2 people in 1")).click()
    expect(notifications(page)).to_contain_text("2 people")


def join(page: Page, card: Locator) -> None:
    """A wrong key is refused beside its field; the right one enrolls."""
    card.get_by_role("button", name="Join").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill("open up")
    dialog.get_by_role("button", name="Join").click()
    expect(dialog.get_by_label("Key")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Key").fill(KEY)
    dialog.get_by_role("button", name="Join").click()
    expect(notifications(page)).to_contain_text("You joined Welding")


def test_everybody_enrolls_and_everybody_sees_it(together: Together, browsers: Browsers) -> None:
    enroll_from_a_group(browsers.admin)
    for title, session in together.courses.items():
        expect(browsers.board(session)).to_contain_text("5")
        expect(browsers.catalog(title, "mine")).to_be_visible()

    propose(browsers.coach)
    # The board of this one session, open while the admin decides.
    enrolled = browsers.coach.get_by_test_id("enrolled")
    expect(enrolled).to_contain_text("0")
    approve(browsers.admin)
    expect(enrolled).to_contain_text("2")
    happening = browsers.coach.get_by_role("list", name="What is happening")
    expect(happening).to_contain_text("Night Number 1")

    enroll_the_team(browsers.manager)
    expect(enrolled).to_contain_text("4")
    expect(happening).to_contain_text("Sales Number 21")

    join(browsers.learner, browsers.catalog("Welding", "open"))
    expect(browsers.catalog("Welding", "mine")).to_be_visible()
    expect(browsers.catalog("Welding", "open")).to_have_count(0)
    expect(enrolled).to_contain_text("5")
    expect(happening).to_contain_text("Sales Number 10")
    # The boards of all sessions say the same, and so does who is listed under this one.
    rows = browsers.coach.get_by_role("region", name="People").get_by_role("row")
    expect(rows.filter(has_text=re.compile("Number (7|1|20|21|10)"))).to_have_count(5)
    browsers.coach.get_by_role("link", name="My sessions").first.click()
    expect(browsers.board(together.evening)).to_contain_text("5")
