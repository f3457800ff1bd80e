"""A group's colour tells it apart from others wherever it shows, beside its name."""

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import COACH, PASSWORD, Organisation
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)
COLOUR, SHOWN = "#a83279", "rgb(168, 50, 121)"


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    made = Organisation(http)
    group = made.groups["sales"]
    http.patch(f"/groups/{group}", json={"color": COLOUR}).raise_for_status()
    return made


def is_coloured(place: Locator) -> None:
    """Whether a dot of the colour stands in it."""
    expect(place.locator(".dot").first).to_have_css("background-color", SHOWN)


def pick(page: Page, box: Locator) -> None:
    """Sales, out of a list in which it has its colour."""
    box.fill("Sales")
    option = page.get_by_role("option", name=re.compile("^Sales")).first
    is_coloured(option)
    option.click()


def test_what_is_pressed_is_chosen_although_the_list_moves(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    """The answer to what was typed comes between press and release."""
    page = open_as(muster, *ADMIN, "/learners")
    page.get_by_role("button", name="Filter").click()
    box = page.get_by_role("dialog", name="Filter").get_by_role("combobox", name="Group")
    box.click()
    options = page.get_by_role("listbox", name="Group").get_by_role("option")
    named = options.filter(has_text="Support").first
    expect(options.first).not_to_contain_text("Support")
    named.hover()
    page.mouse.down()
    page.keyboard.type("Supp")
    expect(options).to_have_count(1)
    page.mouse.up()
    expect(options).to_have_count(0)
    expect(box).to_have_value("Support")


def test_the_colour_of_a_group_is_beside_its_name(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    group = organisation.groups["sales"]
    session = organisation.session("Coloured", group_id=group)
    method = organisation.method(session, organisation.rule("sales"))
    person = organisation.person("sales-1")

    # Where it is kept, and on the page of somebody who is in it.
    page = open_as(muster, *ADMIN, f"/organisation?group={group}")
    is_coloured(page.get_by_role("treeitem", name=re.compile("Sales")))
    is_coloured(page.get_by_role("heading", name="Sales"))
    page.goto(f"/learners/{person}")
    is_coloured(page.get_by_role("region", name="Groups").locator(".chip").filter(has_text="Sales"))

    # In the rule and in the list that groups are picked from.
    page.goto(f"/sessions/{session}/enroll?method={method}")
    rule = page.get_by_role("region", name="Rule")
    is_coloured(rule.locator(".chip").filter(has_text="Sales"))
    rule.get_by_role("button", name="Add groups").click()
    is_coloured(page.get_by_role("treeitem", name=re.compile("^Sales")))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pick people").click()
    picker = page.get_by_role("dialog", name="Pick people by hand")
    picker.get_by_role("button", name="Wide view").click()
    picker.get_by_role("searchbox").fill("sales1@")
    is_coloured(picker.get_by_role("row").filter(has_text="Sales Number 1").get_by_role("gridcell").nth(2))

    # As a filter of a list, before and after it is chosen.
    page.goto("/learners")
    page.get_by_role("button", name="Filter").click()
    narrowed = page.get_by_role("dialog", name="Filter")
    pick(page, narrowed.get_by_role("combobox", name="Group"))
    is_coloured(narrowed.locator(".field").filter(has_text="Group"))
    narrowed.locator("[type=submit]").click()
    is_coloured(page.locator(".chip").filter(has_text="Group: Sales"))

    # Filled in, in the composer and where courses are given to groups.
    page.goto(f"/organisation?group={group}&enroll=group-{group}")
    is_coloured(page.get_by_role("dialog").locator(".field").filter(has_text="A group"))
    page.goto(f"/organisation?group={group}&tab=access")
    page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog", name="Assign to groups")
    is_coloured(dialog.locator(".chip").filter(has_text="Sales"))
    assert violations(page) == []
    page.goto("/assignments?q=Sales")
    is_coloured(page.get_by_role("rowheader", name=re.compile("Sales")))

    # Where anything is found.
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search and commands").fill("Sales")
    is_coloured(page.get_by_role("option", name=re.compile(r"^Sales \d")))

    coach = open_as(muster, COACH, PASSWORD, "/my-groups", viewport=PHONE, scheme="dark")
    is_coloured(
        coach.get_by_role("navigation", name="My groups").get_by_role("link", name=re.compile("Sales"))
    )
    assert violations(coach) == []
