"""What a filter type must do, asked of one that only these tests know; run by `test_registration.py`, in a process of its own."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.runtime import clock
from tests import naive
from tests.enrollment.reconciler.test_deciding import Live
from tests.filters.name_begins_with import NameBeginsWith
from tests.harness.system import System
from tests.index import test_agreement as agreement
from tests.naive import asking

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
# Rules in which the type is not one of many.
FILTERS = st.lists(asking.OTHER_LEAVES[-1], min_size=1, max_size=2)
RULES = st.builds(
    lambda rule, filters: type(rule)(
        [
            type(block)(block.groups, block.subgroups, [*block.filters, *filters], block.everyone)
            for block in rule.blocks
        ],
        rule.include,
        rule.exclude,
    ),
    naive.rules(),
    FILTERS,
)
pytestmark = pytest.mark.timeout(600)


def examined(test: Any) -> Any:
    """What a property test does with one example."""
    return test.hypothesis.inner_test


# ── as plain loops say it ────────────────────────────────────────────────────────────────────────────────────────────


@SOME
@given(agreement.SEEDS, agreement.SIZES, RULES, agreement.DAYS)
def test_members_count_and_funnel(seed: int, sizes: naive.Sizes, rule: Any, day: Any) -> None:
    examined(agreement.test_members_count_and_funnel)(seed, sizes, rule, day)


@SOME
@given(agreement.SEEDS, agreement.SIZES, RULES, agreement.DAYS)
def test_explanation(seed: int, sizes: naive.Sizes, rule: Any, day: Any) -> None:
    examined(agreement.test_explanation)(seed, sizes, rule, day)


@SOME
@given(agreement.SEEDS, agreement.SIZES, RULES, agreement.DAYS)
def test_forecast(seed: int, sizes: naive.Sizes, rule: Any, first: Any) -> None:
    examined(agreement.test_forecast)(seed, sizes, rule, first)


@settings(SOME, max_examples=12)
@given(agreement.SEEDS, st.lists(RULES, min_size=1, max_size=6), st.integers(1, 12))
def test_what_is_held_is_what_the_engine_says(seed: int, rules: list[Any], steps: int) -> None:
    live = Live(seed, rules)
    try:
        live.reconcile()
        for _ in range(steps):
            live.change()
            live.reconcile()
            live.check()
    finally:
        clock.set_offset(timedelta(0))


# ── as people use it ─────────────────────────────────────────────────────────────────────────────────────────────────


class Office:
    """A field of names, a group, and people in it."""

    def __init__(self, system: System, field: int, group: int, people: dict[str, int]) -> None:
        self.system = system
        self.field = field
        self.group = group
        self.people = people

    def rule(self, **more: Any) -> dict[str, Any]:
        found = {"type": "name_begins_with", "field": "surname", "beginnings": ["An"], **more}
        return {"blocks": [{"groups": [self.group], "filters": [found]}]}

    async def ask(self, what: str, /, status: int = 200, **body: Any) -> Any:
        answer = await self.system.post(f"/audiences/{what}", body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def name(self, learner: int, name: str | None) -> httpx.Response:
        return await self.system.admin.patch(f"/learners/{learner}", json={"fields": {"surname": name}})


@pytest.fixture
async def office(system: System) -> Office:
    body = {"name": "Surname", "key": "surname", "type": "text"}
    field = (await system.admin.post("/fields", json=body)).json()["id"]
    group = await system.group()
    people = dict(zip(["Andersson", "Angelou", "Baker"], await system.people(3, group), strict=True))
    made = Office(system, field, group, people)
    for name, learner in people.items():
        assert (await made.name(learner, name)).is_success
    await system.settled()
    return made


async def test_it_is_checked_and_said(office: Office) -> None:
    wrong = await office.ask("preview", 422, rule=office.rule(field="nothing", beginnings=[]))
    assert [one["path"] for one in wrong["errors"]] == [
        "rule.blocks[0].filters[0].beginnings",
        "rule.blocks[0].filters[0].field",
    ]
    misspelled = await office.ask("preview", 422, rule=office.rule(letters=["A"]))
    assert misspelled["errors"][0]["code"] == "unknown_field"
    said = await office.ask("describe", rule=office.rule(beginnings=["An", "Ba"]))
    assert said["sentence"] == "People in Sales whose Surname begins with An or Ba."


async def test_it_is_counted_listed_explained_and_forecast(office: Office) -> None:
    counted = await office.ask("preview", rule=office.rule())
    assert counted["total"] == 2
    assert counted["blocks"][0]["filters"] == [{"remaining": 2, "without": 3}]
    listed = await office.ask("members", rule=office.rule())
    assert [one["id"] for one in listed["items"]] == [office.people["Andersson"], office.people["Angelou"]]
    assert listed["items"][0]["facts"] == [{"path": "rule.blocks[0].filters[0]", "actual": "Andersson"}]
    today = clock.today("UTC")
    until = str(today + timedelta(days=2))
    told = await office.ask("explain", rule=office.rule(until=until), learner_id=office.people["Baker"])
    node = told["tree"]["blocks"][0]["filters"][0]
    assert (node["matches"], node["actual"], node["type"]) == (False, "Baker", "name_begins_with")
    assert node["since"]
    turning = await office.ask("explain", rule=office.rule(until=until), learner_id=office.people["Angelou"])
    over = str(today + timedelta(days=3))
    assert turning["tree"]["next_change"] == {"date": over, "becomes": False}
    days: Any = {"from": str(today), "to": str(today + timedelta(days=4))}
    line = await office.ask("forecast", rule=office.rule(until=until), **days)
    assert [day["total"] for day in line] == [2, 2, 2, 0, 0]


async def test_it_enrolls_and_is_followed(office: Office) -> None:
    system = office.system
    session = await system.session(fuse_count=1000)
    method: Any = {"kind": "audience", "dynamic": True, "rule": office.rule()}
    plan = await system.plan(session, **method)
    assert plan["entering"] == 2
    await system.apply(session, **method)
    assert await system.enrolled(session) == {office.people["Andersson"], office.people["Angelou"]}
    assert (await office.name(office.people["Baker"], "Ankara")).is_success
    assert (await office.name(office.people["Angelou"], "Dangelou")).is_success
    await system.settled()
    assert await system.enrolled(session) == {office.people["Andersson"], office.people["Baker"]}
    used = await system.admin.delete(f"/fields/{office.field}")
    assert used.status_code == 409
    assert [one["kind"] for one in used.json()["dependents"]] == ["method"]


def test_it_is_no_type_elsewhere() -> None:
    assert NameBeginsWith.__module__ == "tests.filters.name_begins_with"
