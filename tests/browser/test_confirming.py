"""What happens around confirming a plan: large runs, held and frozen methods, people who change meanwhile, erasing, undo."""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PHONE, SignedIn
from tests.browser.organisation import COACH, CROWD, PASSWORD, Organisation
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

ADMIN = (ADMIN_EMAIL, ADMIN_PASSWORD)
FUSE = {"count": 5, "percent": 5}


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def write_rule(page: Page, rule: dict[str, Any]) -> None:
    """Put a whole rule in through the view for those who would rather type it."""
    page.get_by_role("button", name="JSON").click()
    page.get_by_role("region", name="Rule").locator("textarea").fill(json.dumps(rule))


def review(page: Page) -> Any:
    """The dialog with the plan."""
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Messages")).to_be_visible()
    return dialog


def act_of_toast(page: Page, act: str) -> None:
    page.get_by_role("region", name="Notifications").get_by_role("button", name=act).click()


def hold(organisation: Organisation, name: str) -> tuple[int, int]:
    """A session and its method, half of whose people would leave: it is held."""
    organisation.speak("support", 12, "en")
    session = organisation.session(name, fuse=FUSE)
    rule = organisation.rule("support")
    rule["blocks"][0]["filters"] = [{"type": "language", "op": "in", "values": ["en"]}]
    method = organisation.method(session, rule)
    organisation.speak("support", 8, "fr")
    return session, method


def test_a_large_run_shows_its_progress_and_can_be_undone(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    # In a thread of its own: Playwright's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, crowd(muster.database_url, organisation.groups["crowd"])).result()
    session = organisation.session("Large")
    board = open_as(muster, *ADMIN, f"/board/{session}")
    expect(board.get_by_text("Nothing has happened yet")).to_be_visible()
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll")
    write_rule(page, organisation.rule("crowd"))
    expect(page.get_by_role("tab", name=f"Entering {CROWD:,}")).to_be_visible()
    dialog = review(page)
    dialog.get_by_role("button", name=f"Enroll {CROWD:,} people").click()
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    expect(dialog).to_contain_text(f"of {CROWD:,} people")
    expect(page.get_by_role("region", name="Notifications")).to_contain_text(
        f"Saved: {CROWD:,} entered", timeout=90_000
    )
    assert organisation.enrolled(session) == CROWD
    tells_of_a_crowd(board)
    board.reload()
    tells_of_a_crowd(board)
    finds_people_of_a_run(board, organisation, session)
    act_of_toast(page, "Undo")
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("Undone", timeout=90_000)
    assert organisation.enrolled(session) == 0


def tells_of_a_crowd(board: Page) -> None:
    """The board's ticker says numbers instead of names, and its ring has room for the large one."""
    number = board.get_by_test_id("enrolled")
    expect(number).to_contain_text(f"{CROWD:,}")
    told = board.get_by_role("list", name="What is happening").get_by_role("listitem")
    expect(told.first).to_contain_text(re.compile(r"^\s*[\d,]+ people joined"))
    assert all("people joined" in text for text in told.all_inner_texts())
    inside, ring = number.bounding_box(), board.locator(".ring").first.bounding_box()
    assert inside
    assert ring
    # The ring itself takes a tenth of its width on each side.
    assert inside["width"] < ring["width"] * 0.8


def finds_people_of_a_run(page: Page, organisation: Organisation, session: int) -> None:
    """On the page of the run: everybody, then those with a name, then those whom it did something else to."""
    (run,) = organisation.get(f"/runs?session_id={session}&state=applied")["items"][-1:]
    page.goto(f"/runs/{run['id']}")
    total = page.locator(".filters").get_by_role("status")
    expect(total).to_contain_text(f"{CROWD:,}")
    expect(page.get_by_role("term").filter(has_text="Method").locator("..")).to_contain_text("Audience")
    page.get_by_role("searchbox", name="Search people of this run").fill("crowd777@")
    expect(total).to_have_text(re.compile(r"^\s*1\s+1\s*$"))
    expect(page.get_by_role("gridcell", name="crowd777@confirm.example")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=crowd777"))
    page.get_by_label("Changes").first.select_option("left")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    assert violations(page) == []


async def crowd(database_url: str, group: int) -> None:
    """People by COPY, as a company's directory would bring them."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            first = await connection.fetchval("SELECT max(id) + 1 FROM learner")
            await connection.execute(
                "INSERT INTO learner (email, added_at) SELECT 'crowd' || i || '@confirm.example', muster_now()"
                " FROM generate_series(1, $1::integer) AS i",
                CROWD,
            )
            await connection.execute(
                "INSERT INTO membership (group_id, learner_id, role, since)"
                " SELECT $1, id, 'member', muster_now() FROM learner WHERE id >= $2",
                group,
                first,
            )
    finally:
        await connection.close()


def test_a_held_removal_is_shrunk_then_approved(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session, method = hold(organisation, "Held")
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    expect(page.get_by_role("note").filter(has_text="8 people would leave at once")).to_be_visible()
    phone = open_as(muster, *ADMIN, f"/sessions/{session}", viewport=PHONE)
    words = phone.get_by_role("note").get_by_text("8 people would leave at once").bounding_box()
    assert words
    # A line of words, not of letters.
    assert words["width"] > PHONE["width"] / 2
    page.get_by_role("link", name="Choose who leaves").click()
    for box in (1, 2, 3):
        page.get_by_role("grid").get_by_role("checkbox").nth(box).click()
    page.get_by_role("button", name="Let 3 leave").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The other 5 stay enrolled")
    dialog.get_by_role("button", name="Let 3 leave").click()
    expect(page.get_by_role("note").filter(has_text="5 people would leave at once")).to_be_visible()
    assert organisation.enrolled(session) == 9
    page.get_by_role("button", name="Approve").click()
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Done", exact=True)).to_be_visible()
    assert organisation.enrolled(session) == 4


def test_a_rejected_removal_freezes_until_a_plan_is_confirmed(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session, method = hold(organisation, "Rejected")
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    page.get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("A wrong sheet")
    dialog.get_by_role("button", name="Reject").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("A wrong sheet")
    assert violations(page) == []
    alert.get_by_role("button", name="Review the plan").click()
    dialog.get_by_role("button", name="End access for 8 people").click()
    expect(alert).to_have_count(0)
    assert organisation.enrolled(session) == 4


def test_people_who_change_meanwhile_are_named_in_the_new_plan(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Conflict")
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll")
    write_rule(page, organisation.rule("night"))
    expect(page.get_by_role("tab", name="Entering 3")).to_be_visible()
    dialog = review(page)
    night = organisation.groups["night"]
    gone, *_ = organisation.members("night")

    def late(route: Route) -> None:
        """Between the click and the answer somebody else is at work."""
        organisation.post(f"/groups/{night}/members/remove", {"learner_ids": [gone], "unlink": "group_only"})
        organisation.post(f"/groups/{night}/members", {"learner_ids": [organisation.coach]})
        route.continue_()

    page.route("**/apply", late, times=1)
    dialog.get_by_role("button", name="Enroll 3 people").click()
    expect(dialog).to_contain_text("New here: Co Ach")
    expect(dialog).to_contain_text("No longer here: Night Number 1")
    assert organisation.enrolled(session) == 0
    page.set_viewport_size(PHONE)
    assert violations(page) == []
    # What is different stays on screen although the plan is asked for again by itself.
    expect(dialog).to_contain_text("New here: Co Ach")
    dialog.get_by_role("button", name="Enroll 3 people").click()
    expect(dialog).to_have_count(0)
    assert organisation.enrolled(session) == 3


def test_erasing_asks_for_the_word_and_undo_brings_progress_back(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Erased")
    method = organisation.method(session, organisation.rule("sales"), on_leave="erase", dynamic=False)
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll?method={method}")
    write_rule(page, organisation.rule("board"))
    expect(page.get_by_role("tab", name="Leaving 61")).to_be_visible()
    dialog = review(page)
    confirm = dialog.get_by_role("button", name=re.compile("^Enroll 3"))
    expect(confirm).to_be_disabled()
    dialog.get_by_label(re.compile("Type")).fill("erase")
    confirm.click()
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("61 left")
    assert organisation.enrolled(session) == 3
    act_of_toast(page, "Undo")
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("Undone")
    assert organisation.enrolled(session) == 61


def test_a_method_with_a_part_outside_a_coachs_rights_is_not_shown_to_them(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Sealed", group_id=organisation.groups["sales"])
    sealed = {
        "groups": [organisation.groups["board"], organisation.groups["support"]],
        "filters": [{"type": "language", "op": "in", "values": ["en"]}],
    }
    rule = {"blocks": [{"groups": [organisation.groups["sales"]]}, sealed]}
    method = organisation.method(session, rule)
    page = open_as(muster, COACH, PASSWORD, f"/sessions/{session}/enroll?method={method}", scheme="dark")
    expect(page.get_by_role("heading", name="A method of others")).to_be_visible()
    assert "Board" not in page.locator("body").inner_text()
    assert "Support" not in page.locator("body").inner_text()
    assert violations(page) == []
    page.get_by_role("link", name="New method").click()
    expect(page.get_by_role("region", name="Rule")).to_be_visible()


def test_pasted_addresses_become_accounts_enrollments_and_nothing_again(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Pasted")
    page = open_as(muster, *ADMIN, f"/sessions/{session}/enroll")
    page.get_by_role("button", name="Pick people").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("tab", name="Paste addresses").click()
    dialog.get_by_label("E-mail addresses").fill(
        "Sales <sales3@confirm.example>, nina@new.example; omar@new.example\nsales3@confirm.example nonsense@"
    )
    for sorted_as in ("1 found", "2 without an account", "1 repeated", "1 not an address"):
        expect(dialog).to_contain_text(sorted_as)
    dialog.get_by_role("combobox", name="Group that new people join").fill("Support")
    confirm = dialog.get_by_role("button", name="Create accounts and enroll 3")
    held: list[Route] = []
    let_go: list[bool] = []
    page.route("**/emails", lambda route: route.continue_() if let_go else held.append(route))
    page.get_by_role("option", name=re.compile("Support")).click()
    # What was sorted is not of the group that has just been chosen.
    assert confirm.is_disabled()
    let_go.append(True)
    for route in held:
        route.continue_()
    expect(confirm).to_be_enabled()
    assert violations(page) == []
    confirm.click()
    expect(page.get_by_role("region", name="Notifications")).to_contain_text("Enrolled 3 people")
    assert organisation.enrolled(session) == 3
    (nina,) = organisation.get("/learners?q=nina@new.example")["items"]
    assert (nina["status"], [one["name"] for one in nina["groups"]]) == ("invited", ["Support"])
    act_of_toast(page, "Undo")
    expect(page.get_by_role("region", name="Notifications")).to_contain_text(
        "Accounts that were created stay"
    )
    assert organisation.enrolled(session) == 0


def test_a_coach_adds_those_found_and_creates_nobody(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Coached", group_id=organisation.groups["sales"])
    page = open_as(muster, COACH, PASSWORD, f"/sessions/{session}/enroll")
    page.get_by_role("button", name="Pick people").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("tab", name="Paste addresses").click()
    dialog.get_by_label("E-mail addresses").fill(
        "sales4@confirm.example, board1@confirm.example, pia@new.example"
    )
    expect(dialog).to_contain_text("only admins of a group can create one")
    expect(dialog).to_contain_text("1 ask an admin to enroll them")
    expect(dialog.get_by_role("button", name="Create accounts")).to_be_disabled()
    dialog.get_by_role("button", name="Add 1 to the rule").click()
    expect(page.get_by_role("tab", name="Entering 1")).to_be_visible()
