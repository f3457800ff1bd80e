"""What could not be read is not shown as current: the connection dot, crumbs; and menus and French read as they should."""

import re

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import SignedIn
from tests.browser.organisation import PASSWORD, Organisation
from tests.browser.test_confirming import hold
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


@pytest.mark.parametrize("status", [500, 503, None])
def test_the_dot_is_not_live_while_the_list_of_the_page_is_not_answered(
    status: int | None, muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    page = open_as(muster, *ADMIN, "/learners")
    dot = page.get_by_role("banner").get_by_role("status")
    expect(dot).to_have_text("Live")

    def fail(route: Route) -> None:
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, json={"title": "Broken"})

    page.route("**/api/v1/learners?*", fail)
    page.get_by_role("searchbox", name="Search people").fill("night")
    expect(dot).to_have_text(re.compile("^Not"))
    # Others are answered all the time, which does not make the list any newer.
    assert page.evaluate("fetch('/api/v1/groups?limit=1').then((answer) => answer.status)") == 200
    expect(page.get_by_role("alert")).to_be_visible()
    expect(dot).to_have_text(re.compile("^Not"))
    page.get_by_role("link", name="Courses").click()
    expect(page.get_by_role("heading", level=1, name="Courses")).to_be_visible()
    expect(dot).to_have_text("Live")


def test_a_list_that_could_not_be_read_again_follows_once_it_can(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    page = open_as(muster, *ADMIN, "/segments")
    expect(page.get_by_text("No segments yet")).to_be_visible()
    page.route("**/api/v1/segments?*", lambda route: route.fulfill(status=500, json={"title": "Broken"}))
    dot = page.get_by_role("banner").get_by_role("status")
    expect(dot).to_have_text("Not up to date")
    page.unroute("**/api/v1/segments?*")
    expect(dot).to_have_text("Live")


def test_a_menu_opened_with_a_key_is_entered_at_its_first_item(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Menus")
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    more = page.get_by_role("button", name="More actions")
    for key in ("Enter", " ", "ArrowDown"):
        more.focus()
        page.keyboard.press(key)
        expect(page.get_by_role("menuitem").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(more).to_be_focused()


@pytest.mark.parametrize("place", ["/sessions/99999", "/activities/99999", "/learners/99999"])
def test_crumbs_of_what_is_not_there_do_not_wait_for_it(
    place: str, muster: Muster, open_as: SignedIn
) -> None:
    page = open_as(muster, *ADMIN, place, locale="fr-FR")
    expect(page.get_by_role("heading", name=re.compile("y a rien ici$"))).to_be_visible()
    expect(page.get_by_role("banner").get_by_role("listitem").last).to_have_text("Indisponible")
    assert "…" not in page.title()


def test_a_rejected_run_tells_nobody_that_they_left(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session, _ = hold(organisation, "Told of")
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    page.get_by_role("link", name="Choose who leaves").click()
    expect(page.get_by_role("grid").get_by_text("Would leave").first).to_be_visible()
    (run,) = organisation.get(f"/runs?session_id={session}&state=held")["items"]
    organisation.post(f"/runs/{run['id']}/reject", {"reason": "A wrong sheet"})
    # The page was open all the time.
    expect(page.get_by_text("Rejected", exact=True)).to_be_visible()
    expect(page.get_by_role("grid").get_by_text("Did not leave")).to_have_count(8)
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.get_by_role("combobox", name="Changes").select_option("left")
    expect(page.get_by_role("grid").get_by_text("Did not leave")).to_have_count(8)


def test_a_learner_reads_in_french_why_and_that_access_is_paused(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    organisation.post(
        "/learners",
        {
            "email": "odile@confirm.example",
            "first_name": "Odile",
            "language": "fr",
            "password": PASSWORD,
            "groups": [{"id": organisation.groups["night"]}],
        },
    )
    session = organisation.session("Paused")
    organisation.method(session, organisation.rule("night"))
    page = open_as(muster, "odile@confirm.example", PASSWORD, "/catalog", locale="fr-FR")
    expect(page.get_by_text("Parce que cela vous concerne : « Les personnes dans Night. »")).to_be_visible()
    (one,) = organisation.get(f"/sessions/{session}/enrollments?q=odile")["items"]
    organisation.http.post(f"/enrollments/{one['id']}/suspend").raise_for_status()
    page.goto("/learning")
    expect(page.get_by_role("link", name=re.compile("First aid.*Suspendu", re.DOTALL))).to_be_visible()


def test_a_wall_in_its_window_is_left_with_escape(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("On a wall")
    page = open_as(muster, *ADMIN, f"/board/{session}?wall=1")
    expect(page.get_by_role("heading", level=1, name="First aid")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"/board/{session}$"))
    expect(page.get_by_role("link", name="Open the session")).to_be_visible()
