"""Classes of a session in the browser: made and renamed, people dragged and moved by keyboard, deleted, and everything taken back."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def card(page: Page, name: str) -> Locator:
    """The card of a class, by its button."""
    return page.get_by_role("group", name="Classes").get_by_role("button", name=name).first


def person(page: Page, number: int) -> Locator:
    """Somebody's name in the list, which is what is dragged."""
    return page.get_by_role("grid", name="Classes").get_by_role(
        "link", name=f"Support Number {number}", exact=True
    )


def undo(page: Page) -> None:
    """Takes back what was done last, and waits until it is."""
    notifications(page).get_by_role("button", name="Undo").last.click()
    expect(notifications(page)).to_contain_text("Undone")
    put_away(page)


def put_away(page: Page) -> None:
    """Send the notifications away that lie over the list; some may be going by themselves."""
    notifications(page).evaluate(
        "box => box.querySelectorAll('[aria-label=Dismiss]').forEach((cross) => cross.click())"
    )
    expect(notifications(page).get_by_role("button", name="Dismiss")).to_have_count(0)


def make(page: Page, name: str) -> None:
    page.get_by_role("button", name="New class").first.click()
    dialog = page.get_by_role("dialog", name="New class")
    dialog.get_by_label("Name").fill(name)
    assert violations(page) == []
    dialog.get_by_role("button", name="Create").click()
    expect(notifications(page)).to_contain_text(f"Class {name} made")
    expect(card(page, name)).to_be_visible()


def test_classes_from_the_first_to_the_last_undo(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("With classes")
    organisation.method(session, organisation.rule("support"))
    page = open_as(muster, *ADMIN, f"/sessions/{session}?tab=classes")

    make(page, "Early birds")
    undo(page)
    expect(page.get_by_text("No classes yet")).to_be_visible()
    make(page, "Early birds")
    make(page, "Night owls")

    # One is dragged; with somebody who is chosen go all who are chosen.
    people = page.get_by_role("grid", name="Classes")
    person(page, 1).drag_to(card(page, "Early birds"))
    expect(notifications(page)).to_contain_text("1 person placed in Early birds")
    expect(card(page, "Early birds")).to_contain_text("1 person")
    put_away(page)
    for number in (2, 3):
        people.get_by_role("checkbox", name=re.compile(rf"Support Number {number}$")).check()
    person(page, 2).drag_to(card(page, "Night owls"))
    expect(card(page, "Night owls")).to_contain_text("2 people")
    undo(page)
    expect(card(page, "Night owls")).to_contain_text("0 people")

    # The same by keyboard: chosen with Space, moved from the bar above the list.
    people.focus()
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    move = page.get_by_role("toolbar").get_by_role("button", name="Move to class")
    move.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Put into Night owls").focus()
    page.keyboard.press("Enter")
    expect(card(page, "Night owls")).to_contain_text("1 person")
    expect(card(page, "Early birds")).to_contain_text("0 people")
    assert violations(page) == []

    page.get_by_role("button", name="Actions for Night owls").click()
    page.get_by_role("menuitem", name="Edit class").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Late risers")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(card(page, "Late risers")).to_be_visible()
    undo(page)
    expect(card(page, "Night owls")).to_be_visible()

    page.get_by_role("button", name="Actions for Night owls").click()
    page.get_by_role("menuitem", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete the class Night owls?")
    expect(asked).to_contain_text("1 person is no longer in a class, and stays enrolled")
    assert violations(page) == []
    asked.get_by_role("button", name="Delete").click()
    expect(card(page, "Night owls")).to_have_count(0)
    undo(page)
    expect(card(page, "Night owls")).to_contain_text("1 person")
    # Out of every class, by dropping on those who are in none.
    person(page, 1).drag_to(card(page, "In no class"))
    expect(card(page, "Night owls")).to_contain_text("0 people")
    assert organisation.enrolled(session) == 12
