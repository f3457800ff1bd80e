"""The learner's catalog: what is offered to an audience, leaving what one joined, and waiting for a place."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import PASSWORD, Organisation
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster

# On the page of the session, and on the board.
ONE_WAITS = re.compile(r"^1 of 1 places (of the session )?taken\s+· 1 waiting$")


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def somebody(organisation: Organisation, name: str, *groups: str) -> str:
    """The address of somebody new who can sign in, a member of these groups."""
    email = f"{name}@catalog.example"
    made = organisation.post(
        "/learners", {"email": email, "first_name": name.title(), "last_name": "Ray", "password": PASSWORD}
    )
    for group in groups:
        organisation.post(f"/groups/{organisation.groups[group]}/members", {"learner_ids": [made["id"]]})
    return email


def session_of(organisation: Organisation, title: str, **more: Any) -> int:
    """The one session of a new course."""
    course = organisation.post("/activities", {"kind": "course", "title": title})
    return organisation.session("Open", activity_id=course["id"], **more)


def card(page: Page, title: str) -> Any:
    return page.get_by_role("article").filter(has_text=title)


def test_a_session_is_offered_to_an_audience_from_its_form(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = session_of(organisation, "Pilot course")
    organisation.method(session, None, kind="self", open=True, dynamic=False)
    inside = open_as(muster, somebody(organisation, "inge", "night"), PASSWORD, "/catalog")
    email = somebody(organisation, "otto")
    outside = open_as(muster, email, PASSWORD, "/catalog")
    expect(outside.get_by_text("Nothing here yet")).to_be_visible()
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_role("menuitem", name="Edit session").click()
    form = page.get_by_role("dialog", name="Edit session")
    form.get_by_label("In the catalog of").select_option("audience")
    expect(form.get_by_text("Nobody has been chosen yet.")).to_be_visible()
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Say to whom the session is offered.")).to_be_visible()
    form.get_by_role("button", name="Choose who…").click()
    asked = page.get_by_role("dialog", name="To whom it is offered")
    expect(asked.get_by_role("button", name="Use this rule")).to_be_disabled()
    asked.get_by_role("button", name="Add groups").first.click()
    search = page.get_by_role("combobox", name="Search groups")
    expect(search).to_be_visible()
    search.fill("Night")
    page.get_by_role("treeitem", name="Night").click()
    page.keyboard.press("Escape")
    expect(asked.get_by_text("people match now")).to_be_visible()
    assert violations(page) == []
    asked.get_by_role("button", name="Use this rule").click()
    expect(form.get_by_text("People in Night")).to_be_visible()
    assert violations(page) == []
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(page.get_by_text("In the catalog of 4 people: People in Night")).to_be_visible()
    somebody(organisation, "nora", "night")
    expect(page.get_by_text("In the catalog of 5 people: People in Night")).to_be_visible()
    # Nobody had to look again: whoever is among them has it, and why; nobody else has.
    expect(card(inside, "Pilot course")).to_contain_text("Offered to: People in Night")
    assert violations(inside) == []
    expect(outside.get_by_text("Nothing here yet")).to_be_visible()
    (other,) = organisation.get(f"/learners?q={email}")["items"]
    organisation.post(f"/groups/{organisation.groups['night']}/members", {"learner_ids": [other["id"]]})
    expect(card(outside, "Pilot course")).to_be_visible()
    card(inside, "Pilot course").get_by_role("button", name="Join").click()
    inside.get_by_role("dialog").get_by_role("button", name="Join").click()
    expect(notifications(inside)).to_contain_text("You joined Pilot course")


def test_a_key_that_was_typed_for_one_session_is_not_offered_to_the_next(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    for title in ("Ladders", "Roofs"):
        session = session_of(organisation, title, catalog="everyone")
        organisation.method(session, None, kind="self", key=f"{title}-42", dynamic=False)
    page = open_as(muster, somebody(organisation, "keith"), PASSWORD, "/catalog", viewport=PHONE)
    card(page, "Ladders").get_by_role("button", name="Join").click()
    asked = page.get_by_role("dialog", name="Join Ladders")
    asked.get_by_label("Key").fill("wrong")
    asked.get_by_role("button", name="Join").click()
    expect(asked.get_by_text("This is not the key of this session.")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    card(page, "Roofs").get_by_role("button", name="Join").click()
    asked = page.get_by_role("dialog", name="Join Roofs")
    expect(asked.get_by_label("Key")).to_have_value("")
    asked.get_by_label("Key").fill("Roofs-42")
    asked.get_by_role("button", name="Join").click()
    expect(notifications(page)).to_contain_text("You joined Roofs")


def test_one_leaves_what_one_joined_and_comes_back(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = session_of(organisation, "Chess", catalog="everyone")
    organisation.method(session, None, kind="self", open=True, dynamic=False)
    page = open_as(muster, somebody(organisation, "lena"), PASSWORD, "/catalog")
    card(page, "Chess").get_by_role("button", name="Join").click()
    page.get_by_role("dialog").get_by_role("button", name="Join").click()
    card(page, "Chess").get_by_role("button", name="Leave").click()
    asked = page.get_by_role("dialog", name="Leave Chess")
    expect(asked).to_contain_text("You can join again as long as it is offered.")
    assert violations(page) == []
    asked.get_by_role("button", name="Leave").click()
    expect(notifications(page)).to_contain_text("You left Chess")
    expect(card(page, "Chess").get_by_role("button", name="Join")).to_be_visible()
    notifications(page).get_by_role("button", name="Undo").click()
    expect(card(page, "Chess").get_by_role("button", name="Leave")).to_be_visible()
    assert organisation.enrolled(session) == 1
    # From what one learns, too.
    page.goto("/learning")
    page.get_by_role("button", name="Leave Chess").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(page.get_by_role("button", name="Leave Chess")).to_have_count(0)
    assert violations(page) == []
    assert organisation.enrolled(session) == 0


def test_who_waits_moves_up_before_their_eyes(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = session_of(organisation, "Pottery", catalog="everyone", capacity=1)
    organisation.method(session, None, kind="self", open=True, dynamic=False)
    first = open_as(muster, somebody(organisation, "first"), PASSWORD, "/catalog")
    second = open_as(
        muster, somebody(organisation, "second"), PASSWORD, "/catalog", viewport=PHONE, scheme="dark"
    )
    expect(card(second, "Pottery")).to_contain_text("1 place left")
    session_page = open_as(muster, *ADMIN, f"/sessions/{session}")
    board = open_as(muster, *ADMIN, "/board")
    places = [session_page.locator("[data-places]"), card(board, "Pottery").locator("[data-places]")]
    expect(places[0]).to_have_text("0 of 1 places of the session taken")
    expect(places[1]).to_have_text("0 of 1 places taken")
    card(first, "Pottery").get_by_role("button", name="Join").click()
    first.get_by_role("dialog").get_by_role("button", name="Join").click()
    expect(notifications(first)).to_contain_text("You joined Pottery")
    # Nobody looks anew at anything from here on.
    expect(card(second, "Pottery")).to_contain_text("All places are taken")
    card(second, "Pottery").get_by_role("button", name="Join the waiting list").click()
    asked = second.get_by_role("dialog")
    # Who waits is not told that they are enrolled at once.
    expect(asked).to_contain_text("You will be number 1 on the list")
    expect(asked).not_to_contain_text("at once")
    asked.get_by_role("button", name="Join the waiting list").click()
    expect(notifications(second)).to_contain_text("you are number 1 on the list")
    expect(card(second, "Pottery")).to_contain_text("you are number 1 on the list")
    assert violations(second) == []
    for place in places:
        expect(place).to_have_text(ONE_WAITS)
    third = open_as(muster, somebody(organisation, "third"), PASSWORD, "/catalog")
    card(third, "Pottery").get_by_role("button", name="Join the waiting list").click()
    asked = third.get_by_role("dialog")
    expect(asked).to_contain_text("You will be number 2 on the list")
    asked.get_by_role("button", name="Join the waiting list").click()
    expect(card(third, "Pottery")).to_contain_text("you are number 2 on the list")
    for place in places:
        expect(place).to_contain_text("2 waiting")
    card(first, "Pottery").get_by_role("button", name="Leave").click()
    asked = first.get_by_role("dialog", name="Leave Pottery")
    expect(asked).to_contain_text("2 people wait for it")
    asked.get_by_role("button", name="Leave").click()
    # Nothing was touched here.
    expect(card(second, "Pottery").get_by_role("link", name="Start")).to_be_visible()
    expect(card(third, "Pottery")).to_contain_text("you are number 1 on the list")
    for place in places:
        expect(place).to_have_text(ONE_WAITS)
    assert violations(second) == []


def test_a_step_that_waits_for_a_session_leads_to_the_next_one_and_not_to_nothing(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    program = organisation.post("/activities", {"kind": "program", "title": "Shift leaders"})
    steps = [{"kind": "program", "activity_id": program["id"]}, {"title": "Write a plan", "body": "A page."}]
    path = organisation.post("/activities", {"kind": "path", "title": "Leading a shift", "steps": steps})
    # With none or several of them nobody is enrolled in one by the path.
    for name in ("North", "South"):
        organisation.session(name, activity_id=program["id"])
    session = organisation.session("Winter", activity_id=path["id"])
    organisation.method(session, organisation.rule("night"))
    page = open_as(
        muster, somebody(organisation, "wanda", "night"), PASSWORD, f"/learn/{path['id']}", viewport=PHONE
    )
    step = page.get_by_role("article")
    expect(step.get_by_role("heading", name="Shift leaders")).to_be_visible()
    expect(step).to_contain_text("Waits for a session")
    expect(step.get_by_role("link", name="Open")).to_have_count(0)
    assert violations(page) == []
    step.get_by_role("link", name="Next").click()
    expect(step.get_by_role("heading", name="Write a plan")).to_be_visible()
