"""Enrolling from wherever one stands: whoever and whatever is there is filled in, the plan says what will happen, and it is taken back as one."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)
MANAGER = "manager@compose.example"
CHIEF = "chief@compose.example"
COURSES = ("Ladders", "Lifting", "Lighting")


class Courses:
    """Three courses with one open session each, and a fourth with two."""

    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.sessions = [self._course(title, "Open") for title in COURSES]
        self._course("Lasers", "Morning", "Evening")

    def _course(self, title: str, *sessions: str) -> int:
        course = self.organisation.post("/activities", {"kind": "course", "title": title})
        made = [
            self.organisation.post("/sessions", {"activity_id": course["id"], "name": name})
            for name in sessions
        ]
        return int(made[0]["id"])

    def enrolled(self) -> list[int]:
        return [self.organisation.enrolled(session) for session in self.sessions]


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


@pytest.fixture(scope="module")
def courses(organisation: Organisation) -> Courses:
    return Courses(organisation)


def choose(dialog: Locator, *titles: str) -> None:
    """In what, as one finds it by searching."""
    box = dialog.get_by_role("combobox", name="In what")
    for title in titles:
        box.fill(title)
        dialog.page.get_by_role("option", name=re.compile(f"^{title}")).first.click()
    box.press("Escape")


def notifications(page: Page) -> Locator:
    return page.get_by_role("region", name="Notifications")


def test_five_people_of_a_group_in_three_courses_at_once_and_back(
    muster: Muster, organisation: Organisation, courses: Courses, open_as: SignedIn
) -> None:
    page = open_as(muster, *ADMIN, f"/organisation?group={organisation.groups['sales']}")
    # The list draws what is in its window.
    for number in (1, 10, 11, 12, 13):
        page.get_by_role("checkbox", name=re.compile(rf"Sales Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Enroll…").click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    choose(dialog, *COURSES)
    button = dialog.get_by_role("button", name="Enroll 5 people in 3 courses")
    expect(button).to_be_enabled()
    # Each number opens its people.
    panel = dialog.get_by_role("region", name="What this does")
    panel.locator("button[aria-expanded]").first.click()
    expect(panel.get_by_role("list", name="Who is enrolled")).to_contain_text("Sales Number 12")
    assert violations(page) == []
    assert courses.enrolled() == [0, 0, 0]
    button.click()
    expect(notifications(page)).to_contain_text("Enrolled 5 people in 3 courses")
    assert courses.enrolled() == [5, 5, 5]
    notifications(page).get_by_role("button", name="Undo").click()
    expect(notifications(page)).to_contain_text("Undone")
    assert courses.enrolled() == [0, 0, 0]


def test_one_person_in_three_with_a_session_to_choose(
    muster: Muster, organisation: Organisation, courses: Courses, open_as: SignedIn
) -> None:
    person = organisation.members("support")[0]
    page = open_as(muster, *ADMIN, f"/learners/{person}", viewport=PHONE)
    page.get_by_role("region", name="Enrollments").get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    choose(dialog, "Ladders", "Lifting", "Lasers")
    dialog.get_by_label("Session of Lasers").select_option("Evening")
    button = dialog.get_by_role("button", name="Enroll in 3")
    expect(button).to_be_enabled()
    assert violations(page) == []
    # What was asked for is in the address, so that a reload keeps who it is about.
    page.reload()
    expect(page.get_by_role("dialog")).to_contain_text("Support Number")
    choose(page.get_by_role("dialog"), "Ladders", "Lifting")
    page.get_by_role("dialog").get_by_role("button", name="Enroll in 2").click()
    expect(page.get_by_role("region", name="Enrollments")).to_contain_text("Lifting")


def test_a_session_with_a_method_gets_no_second_one_unasked(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Has a method")
    method = organisation.method(session, organisation.rule("night"), name="The night shift")
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    page.get_by_role("link", name="Enroll learners").first.click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    expect(dialog.get_by_role("link", name="The night shift")).to_have_attribute(
        "href", f"/sessions/{session}/enroll?method={method}"
    )
    # The same group again uses nothing twice: it says what is there.
    dialog.get_by_role("tab", name="A group").click()
    dialog.get_by_role("combobox", name="A group").fill("Support")
    page.get_by_role("option", name="Support").click()
    dialog.get_by_role("button", name=re.compile("Enroll 12 people in 1 session")).click()
    expect(notifications(page)).to_contain_text("12 people")
    page.get_by_role("link", name="Enroll learners").first.click()
    dialog.get_by_role("tab", name="A group").click()
    dialog.get_by_role("combobox", name="A group").fill("Support")
    page.get_by_role("option", name="Support").click()
    expect(dialog.get_by_role("region", name="What this does")).to_contain_text("is there already")


def test_a_manager_enrolls_two_of_the_team(
    muster: Muster, http: httpx.Client, organisation: Organisation, open_as: SignedIn
) -> None:
    manager = organisation.post(
        "/learners", {"email": MANAGER, "first_name": "Ma", "last_name": "Nager", "password": PASSWORD}
    )
    assert http.patch("/organisation", json={"managers_enroll": True}).is_success
    for person in organisation.members("board"):
        assert http.patch(f"/learners/{person}", json={"manager_id": manager["id"]}).is_success
    more: dict[str, Any] = {"catalog": "group", "group_id": organisation.groups["board"]}
    sessions = [organisation.session(name, **more) for name in ("For the board", "Also for the board")]
    organisation.session("Hidden from the board")
    page = open_as(muster, MANAGER, PASSWORD, "/team")
    for number in (1, 2):
        page.get_by_role("checkbox", name=re.compile(rf"Board Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Add registration").click()
    dialog = page.get_by_role("dialog", name="Enroll your team")
    dialog.get_by_role("combobox", name="In what").click()
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    choose(dialog, "First aid · For the board", "First aid · Also for the board")
    # The mail goes as everybody's does.
    expect(dialog).to_contain_text(re.compile(r"Messages go out .* \d\d:00"))
    assert violations(page) == []
    dialog.get_by_role("button", name="Enroll 2 people in 2 sessions").click()
    expect(notifications(page)).to_contain_text("Enrolled 2 people in 2 sessions")
    assert [organisation.enrolled(session) for session in sessions] == [2, 2]
    notifications(page).get_by_role("button", name="Undo").click()
    expect(notifications(page)).to_contain_text("Undone")
    assert [organisation.enrolled(session) for session in sessions] == [0, 0]


def test_a_manager_has_steps_of_their_own_and_unenrolls_nobody(
    muster: Muster, http: httpx.Client, organisation: Organisation, open_as: SignedIn
) -> None:
    chief = organisation.post(
        "/learners", {"email": CHIEF, "first_name": "Chi", "last_name": "Ef", "password": PASSWORD}
    )
    assert http.patch("/organisation", json={"managers_enroll": True}).is_success
    people = organisation.members("night")
    for person in people:
        assert http.patch(f"/learners/{person}", json={"manager_id": chief["id"]}).is_success
    session = organisation.session("For the night", catalog="group", group_id=organisation.groups["night"])
    organisation.method(session, {"include": people}, kind="manual", dynamic=False)
    page = open_as(muster, CHIEF, PASSWORD, f"/team?person={people[0]}")
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("For the night")
    # They are given a form of their own: their team, and what is published to it.
    drawer.get_by_role("button", name="Add registration").click()
    composer = page.get_by_role("dialog", name="Enroll your team")
    expect(composer.get_by_role("tab")).to_have_count(0)
    expect(composer.get_by_role("button", name="Browse")).to_have_count(0)
    composer.get_by_role("button", name="Cancel").click()
    # Nothing takes anybody out: not from somebody of the team, and not in the session.
    for path in (f"/team?person={people[0]}", f"/sessions/{session}", f"/learners/{people[0]}"):
        page.goto(path)
        expect(page.get_by_text("For the night").first).to_be_visible()
        for word in ("Unenroll", "Exclude", "Suspend", "Remove", "More actions"):
            expect(page.get_by_role("button", name=re.compile(word))).to_have_count(0)
    assert organisation.enrolled(session) == 3


def test_automatic_enrollment_begins_where_one_stands(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """From a person by a group of theirs, from a course by a group, and from both by a rule."""
    course = organisation.post("/activities", {"kind": "course", "title": "Followed"})
    session = organisation.session("Follows", activity_id=course["id"])
    person = organisation.members("support")[0]
    page = open_as(muster, *ADMIN, f"/learners/{person}")
    page.get_by_role("region", name="Enrollments").get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog", name="Enroll people")
    expect(dialog).to_contain_text("To enroll automatically")
    assert violations(page) == []
    dialog.get_by_role("button", name="Everybody in Support").click()
    expect(dialog.get_by_role("combobox", name="A group")).to_have_value("Support")
    expect(dialog.get_by_role("radio", name=re.compile("^Keep in step"))).to_be_checked()
    choose(dialog, "Followed")
    dialog.get_by_role("button", name=re.compile("Enroll 12 people")).click()
    expect(notifications(page)).to_contain_text("12 people")
    # Who comes later is enrolled, too.
    joins = {"learner_ids": [organisation.coach]}
    organisation.post(f"/groups/{organisation.groups['support']}/members", joins)
    page.goto(f"/sessions/{session}")
    expect(page.get_by_role("row", name=re.compile("Co Ach"))).to_be_visible()

    page.goto(f"/activities/{course['id']}")
    page.get_by_role("button", name="Enroll people…").click()
    for way in ("A group", "A segment", "After completing", "A rule"):
        expect(dialog.get_by_role("tab", name=way)).to_be_visible()
    dialog.get_by_role("tab", name="A group").click()
    dialog.get_by_role("combobox", name="A group").fill("Night")
    page.get_by_role("option", name="Night").click()
    dialog.get_by_role("tab", name="A rule").click()
    assert violations(page) == []
    dialog.get_by_role("link", name="Make an enrollment rule").click()
    expect(page).to_have_url(re.compile("/enrollment-rules/new"))
    rule = page.get_by_role("region", name="Rule")
    expect(rule.get_by_role("button", name="Remove Night")).to_be_visible()
    page.get_by_role("button", name="Targets and terms").click()
    expect(page.get_by_role("dialog")).to_contain_text("Followed")


def test_a_coach_asks_and_the_admin_approves(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """Whom a coach only sees they do not enroll: an admin is asked, and both read what became of it."""
    more: dict[str, Any] = {"group_id": organisation.groups["sales"], "catalog": "group"}
    session = organisation.session("Of sales", **more)
    taught = organisation.session("Taught", instructor_ids=[organisation.coach])
    organisation.method(taught, organisation.rule("night"))
    coach = open_as(muster, COACH, PASSWORD, f"/board/{session}")
    coach.get_by_role("button", name="Enroll…").click()
    dialog = coach.get_by_role("dialog", name="Enroll people")
    people = dialog.get_by_role("combobox", name="People")
    for name in ("Sales Number 7", "Night Number 1"):
        people.fill(name)
        coach.get_by_role("option", name=re.compile(f"^{name}")).click()
    people.press("Escape")
    # Nobody is counted to whom it is not told who that is.
    ask = dialog.get_by_role("button", name="Ask an admin")
    expect(ask).to_be_enabled()
    expect(dialog.get_by_role("button", name="Enroll", exact=True)).to_be_disabled()
    ask.click()
    expect(notifications(coach)).to_contain_text("Asked.")
    notifications(coach).get_by_role("link", name="Proposals").click()
    waiting = coach.get_by_role("listitem").filter(has_text="2 people in 1 session")
    expect(waiting).to_contain_text("Waits")
    expect(waiting.get_by_role("button")).to_have_count(0)

    admin = open_as(muster, *ADMIN, "/needs-you")
    asked = admin.get_by_role("region", name=re.compile("roposals"))
    expect(asked).to_contain_text("First aid · Of sales")
    asked.get_by_role("link").click()
    review = admin.get_by_role("dialog", name=re.compile("proposes"))
    expect(review).to_contain_text("enrolled")
    assert violations(admin) == []
    review.get_by_role("button", name="Approve").click()
    expect(notifications(admin)).to_contain_text("Approved and done")
    assert organisation.enrolled(session) == 2
    expect(waiting).to_contain_text("Approved")
