"""Three browsers at once: an admin saves an audience, the coach's number moves, the learner's catalog gains the path."""

import re
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignedIn
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster
from tests.harness.mail import SmtpSink
from tests.story.world import ADA, BO, COACH, PASSWORD, World

# Long enough for the browsers to open and the plan to be confirmed before the session starts and mails go out.
STARTS_IN = timedelta(seconds=75)
MAIL_SECONDS = 120


@pytest.fixture(scope="module")
def world(http: httpx.Client) -> World:
    return World(http, STARTS_IN)


def choose_audience(admin: Page) -> None:
    """Sales, in Paris: by keyboard, as a practised admin does."""
    admin.get_by_role("button", name="Add groups").first.click()
    admin.keyboard.type("Sales")
    expect(admin.get_by_role("treeitem", name=re.compile("Sales"))).to_be_visible()
    admin.keyboard.press("Enter")
    admin.keyboard.press("Escape")
    expect(admin.get_by_role("tab", name="Matching 2")).to_be_visible()
    admin.get_by_role("button", name="Add filter").click()
    admin.keyboard.type("Location")
    expect(admin.get_by_role("option", name=re.compile("^Location"))).to_be_visible()
    admin.keyboard.press("Enter")
    # The value's editor has the focus; each value shows how many people it would leave.
    expect(admin.get_by_role("option", name=re.compile("Paris"))).to_be_visible()
    admin.get_by_role("option", name=re.compile("Paris")).click()
    admin.keyboard.press("Escape")


def test_a_rule_becomes_enrollments_in_three_browsers(
    muster: Muster, http: httpx.Client, world: World, open_as: SignedIn, smtp_sink: SmtpSink
) -> None:
    session = world.session["id"]
    coach = open_as(muster, COACH, PASSWORD, f"/board/{session}")
    learner = open_as(muster, BO, PASSWORD, "/catalog")
    admin = open_as(muster, ADMIN_EMAIL, ADMIN_PASSWORD, "/paths")

    # From the list of paths to the builder, as one finds it.
    admin.get_by_role("link", name="Safety").click()
    admin.get_by_role("link", name=re.compile("Spring")).first.click()
    admin.get_by_role("link", name="Enroll learners").first.click()
    expect(coach.get_by_test_id("enrolled")).to_contain_text("0")
    expect(learner.get_by_role("heading", level=1)).to_be_visible()

    choose_audience(admin)
    expect(admin.get_by_role("tab", name="Matching 1")).to_be_visible()
    expect(admin.get_by_role("region", name="Rule")).to_contain_text("People in Sales")
    expect(admin.get_by_role("row", name=re.compile("Ada"))).to_be_visible()
    admin.get_by_role("button", name=re.compile("Why Ada")).click()
    why = admin.get_by_role("dialog", name="Why?")
    expect(why).to_contain_text("Paris")
    admin.keyboard.press("Escape")
    expect(why).to_have_count(0)

    # Nothing is enrolled before the plan is confirmed.
    assert http.get(f"/sessions/{session}/counts").json()["enrolled"] == 0
    admin.get_by_role("button", name="Review and save").click()
    dialog = admin.get_by_role("dialog")
    expect(dialog).to_contain_text("Ada")
    dialog.get_by_role("button", name=re.compile("Enroll|Save|Confirm")).last.click()
    expect(coach.get_by_test_id("enrolled")).to_contain_text("1")
    expect(coach.get_by_role("list", name="What is happening")).to_contain_text("Ada")

    # A fact changes elsewhere: builder, board and catalog follow without being touched.
    changed = http.patch(f"/learners/{world.learner(BO)['id']}", json={"fields": {"location": "Paris"}})
    assert changed.is_success, changed.text
    expect(coach.get_by_test_id("enrolled")).to_contain_text("2")
    happening = coach.get_by_role("list", name="What is happening")
    expect(happening).to_contain_text("Bo Li joined")
    # The method speaks of a group that the instructor does not lead: of what it says they are told nothing.
    expect(happening).not_to_contain_text("Paris")
    expect(learner.get_by_role("article").filter(has_text="Safety")).to_be_visible()

    # The mail arrives when the session starts, once each.
    smtp_sink.wait_for(
        lambda arrived: {ADA, BO} <= {address for one in arrived for address in one.recipients}, MAIL_SECONDS
    )
    assert [len(smtp_sink.to(address)) for address in (ADA, BO)] == [1, 1]

    # The learner takes the steps; the board counts the completion.
    learner.reload()
    learner.get_by_role("article").filter(has_text="Safety").get_by_role(
        "link", name=re.compile("Start|Comm")
    ).click()
    for _ in world.path["steps"]:
        learner.get_by_role("button", name=re.compile("Mark as completed|Marquer")).click()
    expect(learner.get_by_text(re.compile("Well done|Bravo"))).to_be_visible()
    expect(coach.locator("[data-state=completed] [data-value]")).to_have_attribute("data-value", "1")
