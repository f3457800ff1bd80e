"""Every page of every role: it opens, complains of nothing, and axe-core finds nothing wrong with it."""

import re

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.harness.instance import Muster

DEMO_PASSWORD = "muster-demo"
PAGES = {
    "admin": [
        "/paths",
        "/courses",
        "/activities/1",
        "/activities/9?tab=participants",
        "/sessions/1",
        "/sessions/1?tab=exclusions",
        "/needs-you",
        "/sessions/1/enroll?method=1",
        "/learners",
        "/learners/5",
        "/organisation?group=1",
        "/segments",
        "/segments/new",
        "/enrollment-rules",
        "/enrollment-rules/new",
        "/imports",
        "/imports?new=enrollments",
        "/rehearsals",
        "/runs",
        "/runs/1",
        "/outbox",
        "/settings",
    ],
    "coach": ["/board", "/board/1", "/my-groups", "/team", "/needs-you"],
    "learner": ["/catalog", "/learning", "/learn/1"],
}


def settled(page: Page) -> None:
    """Until the page has its heading and nothing is loading any more."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(".skeleton, .counts.waiting")).to_have_count(0)


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_accessibility_violations(
    role: str, scheme: str, demo: Muster, open_as: SignedIn
) -> None:
    page = open_as(demo, f"{role}@halden.example", DEMO_PASSWORD, PAGES[role][0], scheme=scheme)
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    wrong = {}
    for path in PAGES[role]:
        page.goto(path)
        settled(page)
        if found := violations(page):
            wrong[path] = found
    assert wrong == {}
    assert said == []


@pytest.mark.parametrize("role", PAGES)
def test_pages_fit_a_phone(role: str, demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, f"{role}@halden.example", DEMO_PASSWORD, PAGES[role][0], viewport=PHONE)
    too_wide = {}
    for path in PAGES[role]:
        page.goto(path)
        settled(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            too_wide[path] = width
    assert too_wide == {}


def test_names_come_before_addresses_on_a_phone(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/runs", viewport=PHONE)
    settled(page)
    # State and time have no columns of their own there.
    expect(
        page.get_by_role("gridcell", name=re.compile(r"Safety at work, this year\s+Done · "))
    ).to_be_visible()
    page.goto("/runs/1")
    settled(page)
    name = page.get_by_role("grid").get_by_role("link", name="Fanny Lefèvre")
    assert name.evaluate("link => link.scrollWidth <= link.clientWidth")


def test_a_manager_sees_what_the_team_has_before_it(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "coach@halden.example", DEMO_PASSWORD, "/team?q=Łukasz")
    settled(page)
    row = page.get_by_role("row").filter(has_text="Łukasz Kovačević")
    expect(row.get_by_role("gridcell")).to_have_text(
        [
            re.compile("Łukasz Kovačević"),
            "lukasz.kovacevic@halden.example",
            "Invited",
            re.compile(r"^\d+$"),
            re.compile(r"^\d+$"),
        ]
    )
    page.get_by_role("searchbox", name="Search people").fill("nobody of that name")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    expect(page).to_have_url(re.compile("q=nobody"))
    page.reload()
    expect(page.get_by_role("searchbox", name="Search people")).to_have_value("nobody of that name")


def test_paths_are_listed_with_their_sessions_and_people(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/paths")
    settled(page)
    row = page.get_by_role("row").filter(has_text="Safety at work")
    expect(row.get_by_role("gridcell")).to_contain_text(["Safety at work", "Path", "3", "1", "86"])


def test_a_shared_address_opens_somebody_whom_the_list_does_not_show(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "coach@halden.example", DEMO_PASSWORD, "/board")
    found = page.request.get("/api/v1/sessions/1/enrollments?q=learner@halden.example").json()
    (one,) = found["items"]
    page.goto(f"/board/1?state=completed&person={one['id']}")
    expect(page.get_by_role("dialog", name="Lucía Muñoz")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/board/1\?state=completed$"))


def test_the_tree_shows_the_group_of_the_address(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/organisation", viewport=PHONE)
    (group,) = page.request.get("/api/v1/groups?q=Works%20council").json()["items"]
    page.goto(f"/organisation?group={group['id']}")
    settled(page)
    line = page.get_by_role("treeitem", selected=True)
    expect(line).to_contain_text("Works council")
    expect(line).to_be_in_viewport()


def test_signing_in_leads_to_where_one_wanted_to_go(demo: Muster, browser: object) -> None:
    context = browser.new_context(base_url=demo.address, locale="en-GB")  # type: ignore[attr-defined]  # the fixture is Playwright's
    page: Page = context.new_page()
    page.goto("/learners?q=adeyemi")
    expect(page.get_by_role("button", name=re.compile("Sign in"))).to_be_visible()
    assert violations(page) == []
    page.get_by_label("E-mail").fill("admin@halden.example")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name=re.compile("Sign in")).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name=re.compile("Sign in")).click()
    expect(page).to_have_url(re.compile(r"/learners\?q=adeyemi"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Learners")
    context.close()


def test_everything_is_there_in_french_too(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/learners", locale="fr-FR")
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Learners")


def test_rows_are_sorted_and_chosen_by_dragging_over_their_boxes(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/learners")
    settled(page)
    page.get_by_role("button", name="Added").click()
    expect(page.get_by_role("columnheader", name="Added")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Added").click()
    expect(page).to_have_url(re.compile("sort=-added"))
    expect(page.get_by_role("row").nth(1)).to_contain_text("Ada Admin")
    boxes = page.get_by_role("checkbox", name=re.compile("Select "))
    first, last = boxes.nth(1).bounding_box(), boxes.nth(4).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 8, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + 8, last["y"] + 8, steps=12)
    page.mouse.up()
    # Nothing moved under the pointer: the boxes passed over are the ones that are chosen.
    expect(page.get_by_role("toolbar")).to_contain_text("4 selected")
    expect(page.get_by_role("row", selected=True)).to_have_count(4)


def test_the_palette_finds_sessions_and_acts(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/outbox")
    settled(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("this year")
    page.get_by_role("option", name="Enroll learners in Safety at work, this year").click()
    expect(page).to_have_url(re.compile(r"/sessions/\d+/enroll"))
    page.keyboard.press("Control+k")
    page.keyboard.type("new gr")
    expect(page.get_by_role("option", name="New group")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="New group").get_by_label("Name")).to_be_focused()


def test_a_coach_opens_a_person_and_reminds_them(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "coach@halden.example", DEMO_PASSWORD, "/board/1?state=not_started")
    settled(page)
    page.get_by_role("gridcell", name="Another method").first.click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("region", name="Steps").get_by_role("listitem")).to_have_count(3)
    expect(page).to_have_url(re.compile("person="))
    panel.get_by_role("button", name="Remind").click()
    page.get_by_role("dialog").last.get_by_role("button", name="Remind").click()
    expect(panel.get_by_text("reminded")).to_be_visible()
    assert violations(page) == []
