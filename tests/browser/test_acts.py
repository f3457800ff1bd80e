"""Acts on people, groups, rules, methods and enrollments: each says before what it does, does it as it was shown, and is taken back as one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import SignedIn
from tests.browser.organisation import Organisation
from tests.browser.test_pages_tell_the_truth import ADMIN, notifications
from tests.harness.instance import Muster


@pytest.fixture(scope="module")
def organisation(http: httpx.Client) -> Organisation:
    return Organisation(http)


def done_and_undone(page: Page, enrolled: Callable[[], int], after: int, before: int) -> None:
    """What was shown has been done, and Undo brings back who was there."""
    undo = notifications(page).get_by_role("button", name="Undo").last
    expect(undo).to_be_visible()
    eventually(page, enrolled, after)
    undo.click()
    expect(notifications(page)).to_contain_text("Undone")
    eventually(page, enrolled, before)
    for cross in notifications(page).get_by_role("button", name="Close").all():
        cross.click()


def eventually(page: Page, enrolled: Callable[[], int], wanted: int) -> None:
    """Until the worker has followed."""
    for _ in range(100):
        if enrolled() == wanted:
            return
        page.wait_for_timeout(100)
    assert enrolled() == wanted


def shows(dialog: Locator, *words: str) -> None:
    """The panel says this before anything is done."""
    for word in words:
        expect(dialog).to_contain_text(word)


def test_acts_on_people_and_groups(muster: Muster, organisation: Organisation, open_as: SignedIn) -> None:
    organisation.post(
        "/fields", {"key": "site", "name": "Site", "type": "choice", "options": ["Lyon", "Oslo"]}
    )
    person = organisation.person("support-1")
    organisation.http.patch(f"/learners/{person}", json={"fields": {"site": "Oslo"}}).raise_for_status()
    in_lyon = {"type": "field", "field": "site", "op": "in", "values": ["Lyon"]}
    rule = {"blocks": [{"groups": [organisation.groups["support"]], "filters": [in_lyon]}]}
    by_field = organisation.session("By field")
    organisation.method(by_field, rule)
    by_group = organisation.session("By group")
    organisation.method(by_group, organisation.rule("night"))
    page = open_as(muster, *ADMIN, f"/learners/{person}")

    # A person: another value takes them in.
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Site").select_option("Lyon")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    panel = page.get_by_role("dialog").last
    shows(panel, "1 enrolled", "By field", "1 message")
    panel.get_by_role("button", name=re.compile("enrolled")).first.click()
    expect(panel.get_by_role("list", name="Who is enrolled")).to_contain_text("Lyon")
    assert violations(page) == []
    assert organisation.enrolled(by_field) == 0
    panel.get_by_role("button", name="Save").click()
    done_and_undone(page, lambda: organisation.enrolled(by_field), 1, 0)

    # Groups: somebody is added.
    page.goto(f"/organisation?group={organisation.groups['night']}")
    page.get_by_role("button", name="Add members").click()
    picker = page.get_by_role("dialog", name="Add members to Night")
    picker.get_by_role("searchbox").fill("Support Number 2")
    picker.get_by_role("checkbox", name=re.compile("Support Number 2$")).check()
    picker.get_by_role("button", name="Add 1 person").click()
    panel = page.get_by_role("dialog").last
    shows(panel, "1 enrolled", "By group")
    panel.get_by_role("button", name="Add", exact=True).click()
    done_and_undone(page, lambda: organisation.enrolled(by_group), 4, 3)


def test_a_date_that_due_dates_follow_says_whose_change(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    organisation.post("/fields", {"key": "hired", "name": "Hired", "type": "date"})
    person = organisation.person("support-2")
    session = organisation.session("By date of hire")
    rule = {"include": [person]}
    organisation.method(session, rule, kind="manual", dynamic=False, due_field="hired", due_field_days=14)
    page = open_as(muster, *ADMIN, f"/learners/{person}")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Hired").fill("2031-05-10")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    panel = page.get_by_role("dialog").last
    shows(panel, "1 due date changes", "By date of hire")
    panel.get_by_role("button", name="due date changes").first.click()
    people = panel.get_by_role("list", name="Who is due at another time")
    expect(people).to_contain_text(re.compile("due: no date → 24 May 2031 · .*Hired"))
    assert violations(page) == []

    def due() -> int:
        rows = organisation.get(f"/sessions/{session}/enrollments")["items"]
        return sum((row["due_at"] or "").startswith("2031-05-24") for row in rows)

    assert due() == 0
    panel.get_by_role("button", name="Save").click()
    done_and_undone(page, due, 1, 0)


def test_acts_on_fields_and_segments(muster: Muster, organisation: Organisation, open_as: SignedIn) -> None:
    field = organisation.post(
        "/fields", {"key": "place", "name": "Place", "type": "choice", "options": ["Bergen", "Oslo"]}
    )["id"]
    person = organisation.person("support-1")
    organisation.http.patch(f"/learners/{person}", json={"fields": {"place": "Oslo"}}).raise_for_status()
    segment = organisation.post("/segments", {"name": "Helpers", "rule": organisation.rule("support")})["id"]
    in_bergen = {"type": "field", "field": "place", "op": "in", "values": ["Bergen"]}
    by_field = organisation.session("By option")
    organisation.method(
        by_field, {"blocks": [{"groups": [organisation.groups["support"]], "filters": [in_bergen]}]}
    )
    page = open_as(muster, *ADMIN, "/settings?tab=fields")

    # Fields: what two options are called becomes one.
    page.get_by_role("row", name=re.compile("Place")).get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Edit").click()
    names = page.get_by_role("dialog").get_by_role("group", name="Rename or merge an option")
    names.get_by_role("combobox").select_option("Oslo")
    names.get_by_role("textbox").fill("Bergen")
    names.get_by_role("button", name="Merge").click()
    panel = page.get_by_role("dialog").last
    shows(panel, "1 enrolled", "By option")
    panel.get_by_role("button", name="Merge").click()
    done_and_undone(page, lambda: organisation.enrolled(by_field), 1, 0)
    assert organisation.get(f"/fields/{field}")["options"] == ["Bergen", "Oslo"]

    # Segments: whoever uses one that is deleted freezes, and nobody leaves.
    by_segment = organisation.session("By segment")
    organisation.method(by_segment, None, kind="segment", segment_id=segment)
    page.goto("/segments")
    page.get_by_role("row", name=re.compile("Helpers")).get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    panel = page.get_by_role("dialog")
    shows(panel, "By segment")
    panel.get_by_role("button", name="Delete").click()
    done_and_undone(page, lambda: organisation.enrolled(by_segment), 12, 12)
    assert organisation.get(f"/segments/{segment}")["total"] == 12


def test_acts_on_methods_and_enrollments(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Acted on")
    organisation.method(session, organisation.rule("sales"), name="All of sales")
    enrolled = organisation.enrolled(session)
    page = open_as(muster, *ADMIN, f"/sessions/{session}")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="All of sales"))

    def menu(name: str) -> None:
        card.get_by_role("button", name="More actions").click()
        page.get_by_role("menuitem", name=name).click()

    # Paused: nobody moves. Meanwhile somebody leaves the group; resumed, it says who leaves.
    menu("Pause")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    leaving = organisation.person("sales-3")
    out = {"learner_ids": [leaving], "unlink": "group_only"}
    organisation.http.patch(f"/learners/{leaving}", json={"language": "fr"}).raise_for_status()
    organisation.post(f"/groups/{organisation.groups['sales']}/members/remove", out | {"unlink": "expire"})
    menu("Resume")
    expect(card).not_to_contain_text("Paused")

    # Removed with access ending, while the world changes between looking and doing.
    now = organisation.enrolled(session)
    assert now < enrolled
    menu("Remove method")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access ends, progress is kept").check()
    shows(dialog, f"{now} lose access")
    assert violations(page) == []

    def late(route: Route) -> None:
        """Between the click and the answer somebody leaves the group."""
        gone = {"learner_ids": [organisation.person("sales-4")], "unlink": "expire"}
        organisation.post(f"/groups/{organisation.groups['sales']}/members/remove", gone)
        route.continue_()

    page.route("**/consequences/apply", late, times=1)
    dialog.get_by_role("button", name="Remove method").click()
    shows(dialog, "The facts have changed since you looked", f"{now - 1} lose access")
    assert organisation.enrolled(session) == now - 1
    dialog.get_by_role("button", name="Remove method").click()
    done_and_undone(page, lambda: organisation.enrolled(session), 0, now - 1)


def test_acts_on_enrollments(muster: Muster, organisation: Organisation, open_as: SignedIn) -> None:
    session = organisation.session("Acted on by name")
    organisation.method(session, organisation.rule("sales"))
    now = organisation.enrolled(session)
    page = open_as(muster, *ADMIN, f"/sessions/{session}")

    # Several people are unenrolled with a reason; the method goes on without them.
    for number in (10, 11):
        page.get_by_role("checkbox", name=re.compile(rf"Sales Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Unenroll").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("In another course")
    shows(dialog, "2 lose access")
    dialog.get_by_role("button", name="Unenroll").click()
    done_and_undone(page, lambda: organisation.enrolled(session), now - 2, now)

    # Paused in this session: nothing follows elsewhere, so nothing is told but what it does; resumed at once.
    page.get_by_role("checkbox", name=re.compile(r"Sales Number 12$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="Suspend").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Suspend")).to_be_enabled()
    expect(dialog.get_by_role("region", name="What this does")).to_have_count(0)
    dialog.get_by_role("button", name="Suspend").click()
    row = page.get_by_role("row", name=re.compile(r"Sales Number 12\b"))
    expect(dialog).to_have_count(0)
    expect(row).to_contain_text("Suspended")
    row.get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("Active")


def test_moving_and_extending_say_what_follows(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    session = organisation.session("Moved from")
    other = organisation.session("Moved to")
    # Nobody has been told when they are due, so an earlier day is told to them by itself.
    organisation.method(session, organisation.rule("sales"), due_days=30, mail=False)
    now = organisation.enrolled(session)
    # One of the three is in the other session already.
    organisation.method(other, organisation.rule() | {"include": [organisation.person("sales-30")]})
    page = open_as(muster, *ADMIN, f"/sessions/{session}?q=Number 3")

    for number in (30, 31, 32):
        page.get_by_role("checkbox", name=re.compile(rf"Sales Number {number}$")).check()
    page.get_by_role("toolbar").get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Move to another session").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Move to another session")).to_be_disabled()
    dialog.get_by_label("Session").select_option(str(other))
    shows(dialog, "1 person stays here", "2 enrolled", "2 lose access", "2 messages")
    assert violations(page) == []
    assert organisation.enrolled(other) == 1
    dialog.get_by_role("button", name="Move to another session").click()
    expect(notifications(page)).to_contain_text("2 people moved")
    done_and_undone(page, lambda: organisation.enrolled(other), 3, 1)
    assert organisation.enrolled(session) == now

    # Later concerns nobody else; sooner is told to whom it concerns.
    def due() -> str:
        (one,) = organisation.get(f"/sessions/{session}/enrollments?q=sales31@")["items"]
        return str(one["due_at"])

    before = due()
    row = page.get_by_role("row", name=re.compile(r"Sales Number 31\b"))
    row.get_by_role("checkbox").check()
    page.get_by_role("toolbar").get_by_role("button", name="Extend due date").click()
    expect(dialog.get_by_role("button", name="Extend due date")).to_be_enabled()
    expect(dialog.get_by_role("region", name="What this does")).to_have_count(0)
    dialog.get_by_label("To a day").check()
    sooner = (datetime.now(UTC) + timedelta(days=2)).date()
    dialog.get_by_label("New due date").fill(sooner.isoformat())
    shows(dialog, "This is earlier", "1 message")
    dialog.get_by_role("button", name="Extend due date").click()
    expect(notifications(page)).to_contain_text("1 due date extended")
    done_and_undone(page, lambda: int(due() < before), 1, 0)
    assert due() == before


def test_the_plan_of_one_session_says_what_follows_in_others(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    segment = organisation.post("/segments", {"name": "Followers", "rule": organisation.rule("support")})
    course = organisation.post("/activities", {"kind": "course", "title": "First of two"})["id"]
    first = organisation.session("Comes first", activity_id=course)
    second = organisation.session("Comes second")
    enrolled = {"type": "path_result", "status": "enrolled", "paths": [course]}
    organisation.method(second, {"blocks": [{"everyone": True, "filters": [enrolled]}]})
    page = open_as(muster, *ADMIN, f"/sessions/{first}")
    page.get_by_role("button", name="Add method").click()
    page.get_by_role("menuitem", name=re.compile("^A segment")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Segment").fill(segment["name"])
    page.get_by_role("option", name=segment["name"]).first.click()
    elsewhere = dialog.get_by_role("region", name="In other sessions")
    shows(elsewhere, "Comes second", "12 enrolled")
    expect(elsewhere).not_to_contain_text("Comes first")
    elsewhere.get_by_role("button", name=re.compile("enrolled")).click()
    expect(elsewhere.get_by_role("list", name="Who is enrolled")).to_contain_text("Support Number 2")
    assert violations(page) == []
    dialog.get_by_role("button", name=re.compile("^Enroll 12")).click()
    done_and_undone(page, lambda: organisation.enrolled(second), 12, 0)


def test_a_method_of_an_enrollment_rule_is_changed_with_its_rule(
    muster: Muster, organisation: Organisation, open_as: SignedIn
) -> None:
    sessions = [organisation.session(f"Ruled {name}") for name in ("here", "there")]
    rule = {
        "act": "enrollment_rule",
        "name": "Night shift learns",
        "rule": organisation.rule("night"),
        "targets": [{"session_id": session} for session in sessions],
    }
    asked = organisation.post("/consequences", {"changes": [rule]})
    organisation.post("/consequences/apply", {"changes": [rule], "hash": asked["hash"]})
    (method,) = organisation.get(f"/sessions/{sessions[0]}/methods")["items"]
    page = open_as(muster, *ADMIN, f"/sessions/{sessions[0]}/enroll?method={method['id']}")
    expect(page.get_by_text("An enrollment rule made this method")).to_be_visible()
    page.get_by_role("link", name="Open the rule").click()
    # Its page says what a change does in all of its sessions.
    page.get_by_role("button", name="Targets and terms").click()
    page.get_by_label("When somebody no longer matches").select_option("keep")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    shows(page.get_by_role("dialog").last, "enrolls in 2 sessions")
    page.get_by_role("dialog").last.get_by_role("button", name="Save").click()
    expect(notifications(page)).to_contain_text("Night shift learns")
    for session in sessions:
        (method,) = organisation.get(f"/sessions/{session}/methods")["items"]
        assert method["on_leave"] == "keep"
