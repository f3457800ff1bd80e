"""What groups give access to: assigned and removed from a group, many at once in the grid, and deleted with the group."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import Organisation
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def test_a_group_is_given_courses_and_loses_them(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    sessions = []
    for title in ("Knots", "Knives", "Kites"):
        course = organisation.post("/activities", {"kind": "course", "title": title})
        made = organisation.post("/sessions", {"activity_id": course["id"], "name": f"{title}, open"})
        sessions.append(int(made["id"]))
    group = organisation.groups["support"]
    page = open_as(muster, *ADMIN, f"/organisation?group={group}&tab=access")
    page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog", name="Assign to groups")
    box = dialog.get_by_role("combobox", name="In what")
    for title in ("Knots", "Knives"):
        box.fill(title)
        page.get_by_role("option", name=re.compile(f"^{title}")).first.click()
    box.press("Escape")
    expect(dialog.get_by_role("button", name=re.compile("24 enrolled"))).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Make 2 assignments").click()
    expect(dialog).not_to_be_visible()
    expect(page.get_by_role("link", name="Knives", exact=True)).to_be_visible()
    assert organisation.enrolled(sessions[0]) == organisation.enrolled(sessions[1]) == 12

    # The cross removes it, and nobody is unenrolled unless that is asked for.
    page.get_by_role("button", name="Remove Knots").click()
    confirm = page.get_by_role("dialog", name="Remove 1 assignment?")
    expect(confirm.get_by_role("radio", name="They stay enrolled")).to_be_checked()
    confirm.get_by_role("button", name="Remove 1 assignment").click()
    expect(page.get_by_role("link", name="Knots", exact=True)).not_to_be_visible()
    assert organisation.enrolled(sessions[0]) == 12

    # In the grid: one taken away, one given, as one act; by keyboard and by mouse.
    page.goto("/assignments?q=Support")
    grid = page.get_by_role("grid")
    grid.get_by_role("gridcell", name="Support has access to Knives").click()
    grid.press("ArrowLeft")
    grid.press(" ")
    expect(
        grid.get_by_role("gridcell", name=re.compile("Support does not have access to Kites: to be given"))
    ).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Review and save").click()
    review = page.get_by_role("dialog", name="Save these assignments?")
    review.get_by_role("radio", name=re.compile("Their access ends")).check()
    expect(review.get_by_role("button", name=re.compile("12 lose access")).first).to_be_visible()
    review.get_by_role("button", name="Save").click()
    expect(grid.get_by_role("gridcell", name="Support has access to Kites")).to_be_visible()
    assert [organisation.enrolled(one) for one in sessions] == [12, 0, 12]

    page.set_viewport_size(PHONE)
    page.goto(f"/organisation?group={group}&tab=access")
    expect(page.get_by_role("link", name="Kites", exact=True)).to_be_visible()
    # Deleting the group names what goes with it, and keeps its people enrolled.
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete Support?")
    expect(asked.get_by_text("It gives access to 1 course: Kites")).to_be_visible()
    asked.get_by_role("button", name="Delete").click()
    expect(asked).not_to_be_visible()
    assert organisation.enrolled(sessions[2]) == 12


def test_access_is_due_by_a_date_of_each_person(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    organisation.post("/fields", {"key": "started", "name": "Started", "type": "date"})
    course = organisation.post("/activities", {"kind": "course", "title": "Kayaks"})
    organisation.post("/sessions", {"activity_id": course["id"], "name": "Kayaks, open"})
    group = organisation.groups["night"]
    page = open_as(muster, *ADMIN, f"/organisation?group={group}&tab=access")
    page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog", name="Assign to groups")
    box = dialog.get_by_role("combobox", name="In what")
    box.fill("Kayaks")
    page.get_by_role("option", name=re.compile("^Kayaks")).first.click()
    box.press("Escape")
    dialog.get_by_text("Terms").click()
    dialog.get_by_label("Due", exact=True).select_option("field")
    dialog.get_by_label("Field with the date").select_option(label="Started")
    dialog.get_by_label("Days after that date").fill("14")
    dialog.get_by_label("Priority").fill("5")
    expect(dialog.get_by_role("button", name=re.compile("enrolled"))).to_be_visible()
    # What is asked again meanwhile is paler.
    expect(dialog.locator("section[aria-busy=true]")).to_have_count(0)
    assert violations(page) == []
    dialog.get_by_role("button", name="Assign", exact=True).click()
    expect(dialog).not_to_be_visible()
    expect(
        page.get_by_text(re.compile("due 14 days after each person.s own date · priority 5"))
    ).to_be_visible()


def test_a_team_is_given_courses_and_a_qualification_in_one_go(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    sessions, courses = [], []
    for title in ("Ropes", "Winches", "Slings"):
        courses.append(organisation.post("/activities", {"kind": "course", "title": title})["id"])
        made = organisation.post("/sessions", {"activity_id": courses[-1], "name": f"{title}, open"})
        sessions.append(int(made["id"]))
    rigger = organisation.post("/groups", {"name": "Rigger", "kind": "qualification", "color": "#a83279"})
    requirements = f"/groups/{rigger['id']}/requirements"
    organisation.http.put(requirements, json={"activity_ids": courses[1:]}).raise_for_status()
    group = organisation.groups["night"]
    page = open_as(muster, *ADMIN, f"/organisation?group={group}&tab=access", viewport=PHONE)
    page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog", name="Assign to groups")
    box = dialog.get_by_role("combobox", name="In what")
    for title in ("Ropes", "Rigger"):
        box.fill(title)
        page.get_by_role("option", name=re.compile(f"^{title}")).first.click()
    box.press("Escape")
    expect(dialog.get_by_role("button", name=re.compile("9 enrolled"))).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Make 2 assignments").click()
    expect(dialog).not_to_be_visible()
    # The group tells all of it, and whoever was in it is enrolled.
    for title in ("Ropes", "Winches", "Slings"):
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
    assert [organisation.enrolled(session) for session in sessions] == [3, 3, 3]
    notifications = page.get_by_role("region", name="Notifications")
    notifications.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Ropes", exact=True)).not_to_be_visible()
    assert [organisation.enrolled(session) for session in sessions] == [0, 0, 0]


def test_who_is_not_active_is_told_beside_how_many_are_in_a_group(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    suspended = organisation.person("night-1")
    organisation.http.patch(f"/learners/{suspended}", json={"status": "suspended"}).raise_for_status()
    page = open_as(muster, *ADMIN, "/assignments?q=Night")
    expect(page.get_by_role("rowheader", name=re.compile("Night"))).to_contain_text("3 1 not active")
    assert violations(page) == []
    page.get_by_role("link", name="1 not active").click()
    expect(page).to_have_url(re.compile(rf"/organisation\?group={organisation.groups['night']}"))
    expect(page.get_by_text("Suspended").first).to_be_visible()
