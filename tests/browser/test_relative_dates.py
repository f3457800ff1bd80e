"""The field editor asks dates from today: an operator, a number of days, and people at once."""

import datetime as dt
import re

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn
from tests.browser.test_confirming import write_rule
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster


def test_dates_are_asked_from_today(muster: Muster, http: httpx.Client, open_as: SignedIn) -> None:
    today = dt.datetime.now(dt.UTC).date()
    http.post("/fields", json={"key": "hired", "name": "Hired", "type": "date"}).raise_for_status()
    http.post("/groups/bulk", json={"groups": [{"external_id": "crew", "name": "Crew"}]}).raise_for_status()
    hired = {"new": 5, "older": 45, "oldest": 400}
    rows = [
        {
            "external_id": name,
            "email": f"{name}@dates.example",
            "groups": ["crew"],
            "fields": {"hired": (today - dt.timedelta(days=ago)).isoformat()},
        }
        for name, ago in hired.items()
    ]
    http.post("/learners/bulk", json={"learners": rows}).raise_for_status()

    page = open_as(muster, ADMIN_EMAIL, ADMIN_PASSWORD, "/segments/new")
    between = {
        "type": "field",
        "field": "hired",
        "op": "between",
        "values": ["2000-01-01", today.isoformat()],
    }
    write_rule(page, {"blocks": [{"groups": ["crew"], "filters": [between]}], "include": [], "exclude": []})
    page.get_by_role("button", name="JSON").click()
    expect(page.get_by_role("tab", name="Matching 3")).to_be_visible()

    operator = page.get_by_role("combobox", name=re.compile("Hired"))
    operator.select_option("last_days")
    days = page.get_by_role("spinbutton", name="Hired: days")
    expect(days).to_have_value("30")
    expect(page.get_by_role("tab", name="Matching 1")).to_be_visible()
    days.fill("60")
    expect(page.get_by_role("tab", name="Matching 2")).to_be_visible()
    expect(page.get_by_role("group", name="Hired in the last 60 days", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Rule")).to_contain_text("whose Hired is within the last 60 days")
    operator.select_option("today")
    expect(page.get_by_role("tab", name="Matching 0")).to_be_visible()
    expect(days).to_have_count(0)
