"""The demo organisation: believable, always fresh, loaded once."""

from datetime import date, timedelta

import httpx
import pytest

from backend.database import execute, fetch, fetch_value
from backend.demo.organisation import people
from backend.demo.small import SIGN_INS, SignIn, is_wanted, load_demo
from tests.harness.instance import Muster


def test_the_same_people_every_time() -> None:
    today = date(2026, 11, 23)
    first, second = people(today), people(today)
    assert first == second
    assert 280 <= len(first) <= 320
    assert len({person.email for person in first}) == len(first)
    later = people(today + timedelta(days=100))
    assert [p.email for p in later] == [p.email for p in first]
    assert all(b.hired_on - a.hired_on == timedelta(days=100) for a, b in zip(first, later, strict=True))
    assert any("\u0590" <= character <= "\u06ff" for person in first for character in person.last_name)
    assert max(len(person.last_name) for person in first) > 25
    known = {person.external_id for person in first}
    assert [person for person in first if person.manager is None] == first[:1]
    assert all(person.manager in known for person in first[1:])


async def test_what_it_holds(database: str) -> None:
    assert await is_wanted()
    assert await load_demo() == SIGN_INS
    assert not await is_wanted()
    assert await fetch_value("SELECT count(*) FROM activity WHERE kind = 'path'") == 3
    soon = await fetch_value(
        "SELECT count(*) FROM award a WHERE a.expires_at BETWEEN muster_now() AND muster_now() + interval '30 days'"
    )
    assert soon >= 3
    assert await fetch_value("SELECT count(*) FROM award WHERE expires_at < muster_now()") >= 3
    methods = await fetch(
        "SELECT m.name, (SELECT count(*) FROM source o WHERE o.method_id = m.id AND o.until IS NULL) AS people "
        "FROM enrollment_method m WHERE m.dynamic AND m.state = 'live'"
    )
    assert len(methods) >= 3
    assert all(row["people"] > 3 for row in methods)
    assert await fetch_value("SELECT count(*) FROM enrollment WHERE state = 'completed'") > 10
    # It has a history: people came on several days, and completed on many more; nothing happens after now.
    assert await fetch_value("SELECT count(DISTINCT since::date) FROM enrollment") >= 5
    assert await fetch_value("SELECT count(DISTINCT at::date) FROM change_log WHERE facet = 'result'") >= 10
    assert (
        await fetch_value(
            "SELECT count(DISTINCT applied::date) FROM (SELECT finished_at AS applied FROM run) runs"
        )
        >= 5
    )
    assert not await fetch_value("SELECT count(*) FROM change_log WHERE at > muster_now()")
    # Told when it starts; those of running sessions were told long ago.
    waiting = await fetch(
        "SELECT DISTINCT m.due_at = s.starts_at AS at_start FROM message m JOIN notice n ON n.message_id = m.id "
        "JOIN session s ON s.id = n.session_id WHERE m.state = 'pending' AND m.kind = 'enrollment'"
    )
    assert [row["at_start"] for row in waiting] == [True]
    before = await fetch_value("SELECT count(*) FROM outbox") + await fetch_value("SELECT seq FROM log_head")
    await load_demo()
    after = await fetch_value("SELECT count(*) FROM outbox") + await fetch_value("SELECT seq FROM log_head")
    assert after == before


async def test_an_interrupted_load_goes_on(database: str) -> None:
    await load_demo()
    methods = await fetch_value("SELECT count(*) FROM enrollment_method")
    await execute("DELETE FROM learner WHERE email = $1", SIGN_INS[0].email)
    assert await is_wanted()
    await load_demo()
    assert not await is_wanted()
    assert await fetch_value("SELECT count(*) FROM enrollment_method") == methods


async def test_everybody_else_stays_away(database: str) -> None:
    await execute("INSERT INTO learner (email, added_at) VALUES ('own@x.org', muster_now())")
    assert not await is_wanted()


@pytest.fixture(scope="module")
def demo(muster: Muster) -> Muster:
    done = muster.cli("demo")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["admin", "coach", "learner"]
    return muster


@pytest.mark.parametrize("who", SIGN_INS, ids=lambda one: one.who)
def test_everybody_can_sign_in(demo: Muster, who: SignIn) -> None:
    client: httpx.Client = demo.sign_in(who.email, who.password)
    me = client.get("/auth/me").json()
    assert me["learner"]["email"] == who.email
    assert who.who in me["roles"]
    if who.who == "coach":
        assert client.get("/me/sessions").json()["total"] >= 3
    if who.who == "learner":
        assert client.get("/me/catalog").json()["items"]


def test_enrollments_are_what_the_audiences_say(demo: Muster) -> None:
    done = demo.cli("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
