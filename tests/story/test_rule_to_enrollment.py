"""From an empty organisation to people enrolled, mailed and counted, and on as facts change."""

from collections.abc import Iterator

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.mail import SmtpSink
from tests.story.watching import watching
from tests.story.world import ADA, BO, COACH, PASSWORD, World


@pytest.fixture(scope="module")
def world(http: httpx.Client) -> World:
    return World(http)


@pytest.fixture(scope="module")
def coach(muster: Muster, world: World) -> Iterator[httpx.Client]:
    client = muster.sign_in(COACH, PASSWORD)
    yield client
    client.close()


@pytest.fixture(scope="module")
def bo(muster: Muster, world: World) -> Iterator[httpx.Client]:
    client = muster.sign_in(BO, PASSWORD)
    yield client
    client.close()


def mine(client: httpx.Client) -> list[str]:
    items = client.get("/me/catalog").json()["items"]
    return [item["activity"]["title"] for item in items if item["section"] == "mine"]


def test_the_whole_story(
    muster: Muster,
    http: httpx.Client,
    world: World,
    coach: httpx.Client,
    bo: httpx.Client,
    smtp_sink: SmtpSink,
) -> None:
    session, rule = world.session["id"], world.rule
    policy = {
        "kind": "audience",
        "name": "Paris sales",
        "rule": rule,
        "dynamic": True,
        "mandatory": True,
        "due_days": 30,
    }
    with (
        watching(muster.live_url, http) as admin,
        watching(muster.live_url, coach) as board,
        watching(muster.live_url, bo) as learner,
    ):
        # While typing: the count follows without asking again.
        admin.send({"type": "preview", "id": "draft", "rule": rule, "session_id": session})
        admin.counts("draft", 1)
        admin.send({"type": "watch", "id": "admin", "topic": f"session:{session}"})
        board.send({"type": "watch", "id": "board", "topic": f"session:{session}"})
        board.state("board", enrolled=0)
        learner.send({"type": "watch", "id": "me", "topic": "me"})
        learner.until(lambda frame: frame["type"] == "state")

        # Nothing is enrolled before the plan is confirmed.
        plan = world.post(f"/sessions/{session}/plan", policy)
        assert (plan["entering"], plan["leaving"], plan["staying"], plan["blocked"]) == (1, 0, 0, 0)
        assert [one["email"] for one in plan["samples"]["entering"]] == [ADA]
        assert http.get(f"/sessions/{session}/counts").json()["enrolled"] == 0

        refused = http.post(f"/sessions/{session}/apply", json=policy | {"hash": "something else"})
        assert refused.status_code == 409
        applied = world.post(f"/sessions/{session}/apply", policy | {"hash": plan["hash"]})
        assert (applied["entered"], applied["left"], applied["blocked"]) == (1, 0, 0)
        board.state("board", enrolled=1, not_started=1)

        # A fact changes: preview, board and catalog follow by themselves.
        assert mine(bo) == []
        changed = http.patch(f"/learners/{world.learner(BO)['id']}", json={"fields": {"location": "Paris"}})
        assert changed.is_success, changed.text
        admin.counts("draft", 2)
        # The coach leads the session's group, but not Sales: they see who came, and the admin sees why.
        assert board.entered("Bo")["data"]["reason"]["cause"] == "another_method"
        assert "Paris" in str(admin.entered("Bo")["data"]["reason"])
        learner.until(lambda frame: frame["type"] in ("state", "event"))
        assert mine(bo) == ["Safety"]
        assert http.get(f"/sessions/{session}/counts").json()["enrolled"] == 2

        # They work through it: the board counts, the certificate is awarded, the completion stays.
        player = bo.get(f"/me/activities/{world.path['id']}").json()
        smtp_sink.wait_for(lambda all_: any(ADA in delivery.recipients for delivery in all_), timeout=60)
        for step in player["steps"]:
            assert bo.post(f"/activities/{world.path['id']}/steps/{step['id']}/complete", json={}).is_success
        admin.counts("draft", 1)
        after = bo.get(f"/me/activities/{world.path['id']}").json()
        assert (after["status"], after["award"]["title"]) == ("completed", "Safe")
        counts = http.get(f"/sessions/{session}/counts").json()
        assert (counts["enrolled"], counts["completed"]) == (2, 1)

    # One message each, in their language, with the reason.
    assert len(smtp_sink.to(ADA)) == 1
    assert "Safety" in smtp_sink.to(ADA)[0].text

    # Undo of the confirmation takes Ada out again; Bo's completion is never revoked.
    undone = http.post(f"/runs/{applied['run_id']}/undo", json={})
    assert undone.is_success, undone.text
    rows = http.get(f"/sessions/{session}/enrollments").json()["items"]
    states = {row["learner"]["email"]: row["state"] for row in rows}
    assert states.get(ADA) in (None, "expired")
    assert states[BO] == "completed"
