"""Broken rules, boards of sessions, pages of people, what rests on what."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.index import BrokenRule, FacetIndex, SessionCounts
from backend.index.cache import Cache
from backend.index.evaluating import Evaluator
from backend.index.reading import Reader
from backend.index.selecting import Tab
from backend.index.values import Values, union
from backend.rules import Block, Facet, FieldFilter, Rule, SegmentFilter, convert
from tests import naive
from tests.naive.making import DAY, SESSIONS

SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


# ── broken is never empty ────────────────────────────────────────────────────────────────────────────────────────────


def filtered(**found: Any) -> Rule:
    return convert({"blocks": [{"groups": [1], "filters": [found]}]})


BROKEN: list[tuple[Rule, str, str]] = [
    (Rule([Block([99])]), "rule.blocks[0].groups[0]", "gone"),
    (Rule([Block(["g1"])]), "rule.blocks[0].groups[0]", "gone"),
    (Rule([Block([])]), "rule.blocks[0].groups", "empty"),
    (filtered(type="field", field=99, op="is_set"), "rule.blocks[0].filters[0].field", "gone"),
    (filtered(type="field", field="f1", op="is_set"), "rule.blocks[0].filters[0].field", "gone"),
    (filtered(type="field", field=1, op="lt", values=["a"]), "rule.blocks[0].filters[0].op", "not_allowed"),
    (filtered(type="field", field=3, op="lt", values=["a"]), "rule.blocks[0].filters[0].values[0]", "type"),
    (filtered(type="field", field=3, op="in", values=[]), "rule.blocks[0].filters[0].values", "empty"),
    (
        filtered(type="field", field=3, op="between", values=[1]),
        "rule.blocks[0].filters[0].values",
        "two_values",
    ),
    (filtered(type="group", groups=[1, 99]), "rule.blocks[0].filters[0].groups[1]", "gone"),
    (
        filtered(type="path_result", status="enrolled", paths=[99]),
        "rule.blocks[0].filters[0].paths[0]",
        "gone",
    ),
    (
        filtered(type="certificate", status="valid", certificates=[99]),
        "rule.blocks[0].filters[0].certificates[0]",
        "gone",
    ),
    (filtered(type="manager", managers=[77]), "rule.blocks[0].filters[0].managers[0]", "gone"),
    (filtered(type="language", values=[]), "rule.blocks[0].filters[0].values", "empty"),
    (filtered(type="added", op="after", values=[]), "rule.blocks[0].filters[0].values", "type"),
    (filtered(type="added", op="after", values=["x"]), "rule.blocks[0].filters[0].values", "type"),
    (
        filtered(type="added", op="last_days", values=["2026-01-01"]),
        "rule.blocks[0].filters[0].values",
        "type",
    ),
    (filtered(type="all", of=[]), "rule.blocks[0].filters[0].of", "empty"),
    (
        filtered(type="none", of=[{"type": "segment", "segments": [99]}]),
        "rule.blocks[0].filters[0].of[0].segments[0]",
        "gone",
    ),
    (filtered(type="segment", segments=[11]), "rule.blocks[0].filters[0].segments[0]", "gone"),
    (filtered(type="segment", segments=[1, 12]), "rule.blocks[0].filters[0].segments[1]", "broken"),
    (filtered(type="segment", segments=[13]), "rule.blocks[0].filters[0].segments[0]", "cycle"),
    (filtered(type="segment", segments=[14]), "rule.blocks[0].filters[0].segments[0]", "cycle"),
]


@pytest.fixture(scope="module")
def index() -> FacetIndex:
    world = naive.make_world(1)
    world.put("segment", 11, {"name": "gone inside", "rule": {"blocks": [{"groups": [99]}]}})
    world.put("segment", 12, {"name": "not a rule", "rule": {"blox": 3}})
    for one, other in ((13, 14), (14, 13)):
        world.put(
            "segment",
            one,
            {
                "name": f"circle {one}",
                "rule": {"blocks": [{"groups": [1], "filters": [{"type": "segment", "segments": [other]}]}]},
            },
        )
    return world.index()


@pytest.mark.parametrize(("rule", "place", "code"), BROKEN)
def test_broken_rules_are_refused_with_their_place(
    index: FacetIndex, rule: Rule, place: str, code: str
) -> None:
    with pytest.raises(BrokenRule) as raised:
        index.evaluate(rule, DAY)
    assert (place, code) in {(problem.path, problem.code) for problem in raised.value.problems}
    assert place in str(raised.value)
    with pytest.raises(BrokenRule):
        index.preview(rule, DAY)
    found = index.matches_for(index.countable, {"broken": rule, "sound": Rule([Block(everyone=True)])}, DAY)
    assert isinstance(found["broken"], BrokenRule)
    assert found["sound"] == index.countable
    # What rests on what can be asked of a broken rule too: it may be mended.
    assert Facet("status") in index.facets(rule)
    index.depends_on_time(rule)


async def test_broken_rules_have_no_future_past_or_reason(index: FacetIndex) -> None:
    rule = Rule([Block([99])])
    for asked in (index.forecast(rule, DAY, DAY), index.past(rule, DAY), index.explain(rule, 1, DAY)):
        with pytest.raises(BrokenRule):
            await asked


def test_a_method_whose_rule_cannot_be_read_is_broken() -> None:
    world = naive.World()
    world.put("enrollment_method", 1, {"session_id": 1, "kind": "audience", "rule": {"blocks": "x"}})
    world.put("enrollment_method", 2, {"session_id": 1, "kind": "audience", "rule": {"include": [3]}})
    methods = world.index().structure.methods
    assert methods[1].rule is None
    assert methods[1].rule_broken
    assert methods[2].rule == Rule(include=[3])
    assert not methods[2].rule_broken


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_turns_with_time(index: FacetIndex) -> None:
    turning = filtered(type="added", op="last_days", values=[3])
    assert index.depends_on_time(turning)
    assert not index.depends_on_time(Rule([Block([1])]))
    world = naive.World()
    world.put(
        "segment",
        1,
        {
            "name": "new",
            "rule": {
                "blocks": [
                    {"everyone": True, "filters": [{"type": "added", "op": "last_days", "values": [3]}]}
                ]
            },
        },
    )
    world.put(
        "segment",
        2,
        {
            "name": "outer",
            "rule": {"blocks": [{"everyone": True, "filters": [{"type": "segment", "segments": [1]}]}]},
        },
    )
    assert world.index().depends_on_time(Rule([Block(everyone=True, filters=[SegmentFilter([2])])]))


async def test_forecasts_have_a_bound_and_let_others_work(
    index: FacetIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = filtered(type="added", op="last_days", values=[3])
    for last in (DAY - timedelta(days=1), DAY + timedelta(days=4_000)):
        with pytest.raises(ValueError, match="a forecast covers"):
            await index.forecast(rule, DAY, last)
    monkeypatch.setattr("backend.index.breathing.SLICE_SECONDS", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    totals = await index.forecast(rule, DAY, DAY + timedelta(days=30))
    task.cancel()
    assert len(totals) == 31
    assert turns >= 30


def test_the_ends_of_the_calendar(index: FacetIndex) -> None:
    for found in (
        {"type": "added", "op": "last_days", "values": [36_500]},
        {"type": "certificate", "status": "expiring", "certificates": [1], "days": 3_650},
        {"type": "certificate", "status": "expired", "certificates": [1]},
    ):
        for day in (date.min, date.max):
            index.evaluate(filtered(**found), day)
    # An award that never expires does not expire on the last day either.
    world = naive.World()
    world.put("certificate", 1, {"activity_id": 1, "title": "C"})
    world.set("status", 5, None, "active")
    world.set("award", 5, 1, ["2026-01-01T00:00:00+00:00", None])
    valid = Rule(
        [
            Block(
                everyone=True,
                filters=[
                    convert(
                        {
                            "blocks": [
                                {"filters": [{"type": "certificate", "status": "valid", "certificates": [1]}]}
                            ]
                        }
                    )
                    .blocks[0]
                    .filters[0]
                ],
            )
        ]
    )
    assert set(world.index().evaluate(valid, date.max)) == {5}


# ── boards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@SOME
@given(SEEDS, st.integers(-40, 40), st.integers(0, 86_400))
def test_boards(seed: int, ahead: int, seconds: int) -> None:
    world = naive.make_world(seed)
    index = world.index()
    now = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=ahead, seconds=seconds)
    for session in SESSIONS:
        assert index.counts(session, now) == board(world, session, now)
    assert index.counts(99, now) == SessionCounts()


def board(world: naive.World, session: int, now: datetime) -> SessionCounts:
    activity = world.table("session")[session]["activity_id"]
    methods = [m for m, row in world.table("enrollment_method").items() if row["session_id"] == session]
    tally: dict[str, int] = {}

    def count(name: str, holds: bool = True) -> None:
        tally[name] = tally.get(name, 0) + holds

    for learner in world.learners():
        if world.fact("status", learner) not in ("invited", "active"):
            continue
        count("blocked", any(world.fact("blocked", learner, method) is not None for method in methods))
        state, due = world.fact("enrollment", learner, session) or (None, None)
        count("expired", state == "expired")
        if state == "completed":
            count("enrolled")
            count("completed")
        elif state in ("active", "suspended"):
            count("enrolled")
            started = world.fact("result", learner, activity) is not None
            count("in_progress" if started else "not_started")
            count("overdue", due is not None and datetime.fromisoformat(due) < now)
    return SessionCounts(**tally)


@SOME
@given(SEEDS)
def test_blocked_elsewhere(seed: int) -> None:
    world = naive.make_world(seed)
    index = world.index()
    live = {
        s: {
            who
            for who in world.learners()
            if (world.fact("enrollment", who, s) or "e")[0] in ("active", "completed", "suspended")
        }
        for s in SESSIONS
    }
    for session in SESSIONS:
        row = world.table("session")[session]
        several = world.table("activity")[row["activity_id"]]["several_sessions"]
        others = [
            s
            for s in SESSIONS
            if s != session and world.table("session")[s]["activity_id"] == row["activity_id"]
        ]
        expected = set() if several else set().union(*(live[s] for s in others)) - live[session]
        assert set(index.blocked(session, index.countable)) == expected & set(index.countable)
        rule = Rule([Block(everyone=True)])
        assert index.preview(rule, DAY, session_id=session).blocked == len(expected & set(index.countable))
        assert set(index.enrolled(session)) == live[session]
    assert not index.blocked(99, index.countable)
    assert not index.enrolled(99)
    for method in (1, 2, 3):
        assert set(index.sources(method)) == {w for w in world.learners() if world.fact("source", w, method)}
        assert set(index.blocked_for(method)) == {
            w for w in world.learners() if world.fact("blocked", w, method)
        }


# ── people behind numbers ────────────────────────────────────────────────────────────────────────────────────────────


@SOME
@given(SEEDS, naive.rules())
def test_every_number_opens_to_its_people(seed: int, rule: Rule) -> None:
    world = naive.make_world(seed)
    index = world.index()
    if index.check(rule):
        return

    def ids(tab: Tab, block: int = 0, filter_: int = 0) -> list[int]:
        found: list[int] = []
        while True:
            page, total = index.select(
                rule, DAY, tab, block=block, filter_=filter_, after=found[-1] if found else 0, limit=3
            )
            found += page
            if len(page) < 3:
                assert total == len(found)
                return found

    preview = index.preview(rule, DAY)
    assert ids("members") == sorted(naive.audience(world, rule, DAY))
    assert (len(ids("included")), len(ids("excluded"))) == (preview.included, preview.excluded)
    for i, (block, counted) in enumerate(zip(rule.blocks, preview.blocks, strict=True)):
        assert (len(ids("groups", i)), len(ids("block", i))) == (counted.groups_total, counted.total)
        for j, each in enumerate(counted.filters):
            assert (len(ids("remaining", i, j)), len(ids("without", i, j))) == (each.remaining, each.without)
            near = set(ids("nearly", i, j))
            assert near == set(ids("without", i, j)) - set(ids("block", i))
            assert all(not naive.holds(world, block.filters[j], who, DAY) for who in near)
    with pytest.raises(IndexError):
        index.select(rule, DAY, "block", block=len(rule.blocks))
    if rule.blocks:
        with pytest.raises(IndexError):
            index.select(rule, DAY, "without", filter_=len(rule.blocks[0].filters))


# ── what rests on what ───────────────────────────────────────────────────────────────────────────────────────────────


def test_predicates() -> None:
    world = naive.World()
    world.put("learner_group", 1, {"name": "A", "parent_id": None})
    world.put("learner_group", 2, {"name": "B", "parent_id": 1})
    world.put("learner_group", 3, {"name": "C", "parent_id": None})
    world.put("field", 1, {"key": "f", "name": "F", "type": "text"})
    world.put("segment", 1, {"name": "S", "rule": {"blocks": [{"groups": [3]}]}})
    index = world.index()
    rules = {
        "tree": Rule([Block([1])]),
        "direct": Rule([Block([1], subgroups=False)]),
        "field": Rule([Block([3], filters=[FieldFilter(1, "is_set")])]),
        "segment": Rule([Block([1], subgroups=False, filters=[SegmentFilter([1])])]),
        "hand": Rule(include=[5]),
    }
    predicates = index.predicates(rules)
    assert len(predicates) == 5

    def after(*writes: tuple[Any, ...]) -> set[str]:
        known = len(world.log)
        for name, *arguments in writes:
            getattr(world, name)(*arguments)
        found: set[str] = index.affected(index.apply(world.log[known:]), predicates)
        return found

    assert after(("set", "status", 5, None, "active")) == set(rules)
    assert after(("set", "membership", 5, 2, "member")) == {"tree"}
    assert after(("set", "membership", 5, 1, "member")) == {"tree", "direct", "segment"}
    assert after(("set", "membership", 5, 3, "member")) == {"field", "segment"}
    assert after(("set", "field", 5, 1, "x")) == {"field"}
    assert after(("set", "language", 5, None, "fr")) == set()
    assert after(("put", "learner_group", 3, {"name": "other", "parent_id": None})) == set()
    assert after(("put", "learner_group", 3, {"name": "other", "parent_id": 2})) == {
        "tree",
        "field",
        "segment",
    }
    assert after(("put", "segment", 1, {"name": "S", "rule": {"blocks": [{"groups": [1]}]}})) == {"segment"}
    assert after(("put", "organisation", 1, {"name": "x", "timezone": "UTC", "language": "fr"})) == set()
    assert index.language == "fr"
    predicates.remove("tree")
    predicates.remove("never there")
    assert after(("set", "membership", 5, 2, None)) == set()
    assert predicates.keys() == set(rules) - {"tree"}


def test_the_log_must_not_jump() -> None:
    world = naive.make_world(3)
    index = FacetIndex(world.timezone)
    index.apply(world.log[:10])
    with pytest.raises(ValueError, match="jumps"):
        index.apply(world.log[11:])
    assert index.position == 10


def test_what_the_log_says_was_there_is_not_trusted() -> None:
    """Two awards at once may each be logged as the first: nobody holds two values for it."""
    index = FacetIndex()
    index.facts.move("field", 1, 7, None, "a")
    index.facts.move("field", 1, 7, None, "b")
    index.facts.move("field", 2, 7, "x", "b")
    assert index.facts.fields[7].bitmaps == {"b": BitMap([1, 2])}
    index.facts.move("field", 1, 7, "a", None)
    index.facts.move("field", 2, 7, "b", None)
    index.facts.move("membership", 2, 7, "member", None)
    assert index.facts.fields == {}


def test_the_cache_forgets_the_oldest_first() -> None:
    cache = Cache(limit_bytes=3_000)
    asked: list[int] = []

    def remember(key: int) -> BitMap:
        found = cache.get(key)
        if found is None:
            asked.append(key)
            found = BitMap([key])
            cache.keep(key, found, frozenset({Facet("field", key)}))
        return found

    for key in (1, 2, 3, 4, 1, 5, 1, 2):
        assert remember(key) == BitMap([key])
    assert asked == [1, 2, 3, 4, 5, 2]
    cache.touch([Facet("field", 1)])
    remember(1)
    remember(2)
    assert asked == [1, 2, 3, 4, 5, 2, 1]
    cache.clear()
    assert cache.size == 0


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_so_in_words() -> None:
    world = naive.World()
    for group in range(1, 10):
        world.put("learner_group", group, {"name": f"G{group}", "parent_id": 1 if group > 1 else None})
    for field, kind in enumerate(("text", "number", "date", "boolean"), 1):
        world.put("field", field, {"key": kind, "name": kind, "type": kind})
    for row in range(1, 9):
        world.put("activity", row, {"kind": "path", "title": f"P{row}"})
        world.put("certificate", row, {"activity_id": row, "title": f"C{row}"})
    world.put("session", 1, {"activity_id": 1, "name": "Spring"})
    world.put("segment", 1, {"name": "All", "rule": {"blocks": [{"everyone": True}]}})
    world.put("segment", 2, {"name": "None", "rule": {}})
    world.set("status", 1, None, "active")
    world.set("added", 1, None, "2026-03-01T12:00:00+00:00")
    world.set("language", 1, None, "fr")
    world.set("manager", 1, None, 2)
    for field, value in enumerate(("Lyon", 1234.5, "2026-03-01", False), 1):
        world.set("field", 1, field, value)
    for group in range(1, 9):
        world.set("membership", 1, group, "member")
    world.set("result", 1, 1, ["completed", True, 0])
    world.set("result", 1, 2, ["failed", False, 0])
    world.set("enrollment", 1, 1, ["active", None])
    for certificate, expires in enumerate(
        (None, "2026-03-01T12:00:00+00:00", "2026-04-01T12:00:00+00:00", "2027-04-01T12:00:00+00:00"), 1
    ):
        world.set("award", 1, certificate, ["2025-01-01T00:00:00+00:00", expires])
    index = world.index()

    def actual(learner: int, language: str = "en", **found: Any) -> str:
        rule = filtered(**found)
        evaluator = Evaluator(index.facts, index.structure, DAY)
        reader = Reader(
            index.facts,
            index.structure,
            language,
            people={2: "Ada"} if language == "en" else None,
            sealed={3},
        )
        return reader.filter(
            rule.blocks[0].filters[0], learner, DAY, lambda s: learner in evaluator.segment(s)
        )

    def award(certificate: int) -> str:
        return actual(1, type="certificate", status="valid", certificates=[certificate])

    assert [actual(1, type="field", field=field, op="is_set") for field in (1, 2, 3, 4)] == [
        "Lyon",
        "1,234.5",
        "1 March 2026",
        "no",
    ]
    assert actual(1, "fr", type="field", field=2, op="is_set") == "1\u202f234,5"
    assert actual(9, type="field", field=1, op="is_set") == "empty"
    assert actual(1, type="group", groups=[1]) == "G1, G2, private group, G4, G5, G6, 2 more"
    assert actual(1, type="group", groups=[9]) == "in none of these groups"
    assert actual(1, type="path_result", status="completed", paths=[1]) == "completed, passed"
    assert (
        actual(1, type="path_result", status="started", paths=[1, 2, 3])
        == "P1: completed, passed; P2: failed; P3: not started"
    )
    assert actual(1, type="path_result", status="started", paths=list(range(1, 9))).endswith(
        "P6: not started; 2 more"
    )
    assert actual(1, type="path_result", status="enrolled", paths=[1]) == "enrolled in Spring"
    assert actual(9, type="path_result", status="not_enrolled", paths=[1]) == "not enrolled"
    assert [award(c) for c in (1, 2, 3, 4, 5)] == [
        "valid, never expires", "expired on 1 March 2026", "expires on 1 April 2026", "valid until 1 April 2027", "not obtained",
    ]  # fmt: skip
    assert actual(1, type="language", values=["en"]) == "French"
    assert actual(9, type="language", values=["en"]) == "none"
    assert actual(1, type="added", op="last_days", values=[3]) == "added on 1 March 2026"
    assert actual(9, type="added", op="last_days", values=[3]) == "does not exist"
    assert actual(1, type="manager", managers=[3]) == "Ada"
    assert actual(1, "fr", type="manager", managers=[3]).endswith("apprenant 2")
    assert actual(9, type="manager", managers=[3]) == "no manager"
    assert actual(1, type="segment", segments=[1]) == "in the segment"
    assert actual(1, type="segment", segments=[2]) == "not in the segment"
    assert actual(1, type="segment", segments=[1, 2]) == "All"
    assert Reader(index.facts, index.structure, "fr").status(1) == "actif"
    assert Reader(index.facts, index.structure).status(9) == "does not exist"
    assert index.manager_of(1) == 2


def test_ways_through_the_structure() -> None:
    world = naive.World()
    for group, parent in ((1, None), (2, 1), (3, 2)):
        world.put("learner_group", group, {"name": "x", "parent_id": parent, "external_id": f"g{group}"})
    world.put("activity", 1, {"kind": "path", "title": "P", "external_id": "p"})
    world.put("certificate", 1, {"activity_id": 1, "title": "C"})
    world.put("activity", 2, {"kind": "path", "title": "P", "external_id": "q"})
    for step, position in ((1, 2), (2, 1)):
        world.put("step", step, {"activity_id": 1, "position": position, "kind": "content", "title": "s"})
    world.put("session", 1, {"activity_id": 1, "name": "S", "external_id": "s"})
    world.put("enrollment_method", 1, {"session_id": 1, "kind": "manual"})
    structure = world.index().structure
    assert structure.ancestors(3) == (3, 2, 1)
    assert structure.ancestors(9) == ()
    assert structure.descendants(1) == (1, 2, 3)
    assert structure.children(1) == {2}
    assert structure.children(None) == {1}
    assert [step.id for step in structure.steps_of(1)] == [2, 1]
    assert structure.methods_of(1) == {1}
    assert structure.sessions_of(1) == {1}
    session, found = structure.find_session("s"), structure.find_group("g2")
    assert (session and session.id, found and found.id) == (1, 2)
    assert structure.find_certificate("p") == structure.certificates[1]
    assert structure.find_certificate("q") is None
    assert structure.find_certificate("gone") is None
    row = {key: value for key, value in world.table("learner_group")[2].items() if key != "id"}
    world.put("learner_group", 2, row | {"external_id": "new"})
    world.put("learner_group", 3, None)
    structure = world.index().structure
    assert structure.find_group("g2") is None
    assert structure.find_group("new") == structure.groups[2]
    assert structure.descendants(1) == (1, 2)
    assert list(structure.copy().rows()) == list(structure.rows())


@pytest.mark.parametrize("seed", range(5))
def test_ranges_over_many_values(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unions of neighbouring values are forgotten when one of them changes."""
    monkeypatch.setattr("backend.index.values.BRANCHES", 2)
    monkeypatch.setattr("backend.index.values.UNITED_AT_ONCE", 20_000)
    random = Random(seed)
    values: Values[int] = Values()
    truth: dict[int, int] = {}
    for _ in range(800):
        learner, new = random.randrange(60), random.choice([None, *range(40)])
        values.move(learner, truth.pop(learner, None), new)
        if new is not None:
            truth[learner] = new
        low, high = sorted(random.sample(range(-2, 43), 2))
        above, below = random.random() < 0.5, random.random() < 0.5
        found = union(values.between(low, high, above=above, below=below))
        assert set(found) == {
            learner
            for learner, value in truth.items()
            if (low < value if above else low <= value) and (value < high if below else value <= high)
        }
    values.fill(17, BitMap([1_000]))
    assert 1_000 in union(values.between(low=3))
