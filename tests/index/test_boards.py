"""Boards of sessions, and who is blocked."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.index import SessionCounts
from backend.rules import Block, Rule
from tests import naive
from tests.naive.making import DAY, SESSIONS

SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


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
        ends = {w: world.fact("exclusion", w, session) for w in world.learners()}
        left_out = {w for w, end in ends.items() if end is not None and end > DAY.isoformat()}
        assert set(index.excluded(session, DAY)) == left_out
        assert set(index.allowed(session, index.countable, DAY)) == set(index.countable) - left_out
        after, until = DAY - timedelta(days=1), DAY + timedelta(days=1)
        ended = {
            w for w, end in ends.items() if end is not None and after.isoformat() < end <= until.isoformat()
        }
        assert set(index.exclusions_ending(after, until).get(session, ())) == ended
    assert not index.blocked(99, index.countable)
    assert not index.enrolled(99)
    for method in (1, 2, 3):
        assert set(index.sources(method)) == {w for w in world.learners() if world.fact("source", w, method)}
        assert set(index.blocked_for(method)) == {
            w for w in world.learners() if world.fact("blocked", w, method)
        }
