"""Each event and each entry of a timeline tells the reason of the run that did it, however close others are."""

from typing import Any

from tests.harness.instance import Muster
from tests.harness.world import World
from tests.live.client import live_socket


def _entered(frame: dict[str, Any]) -> bool:
    return (frame["type"], frame.get("event")) == ("event", "entered")


async def test_of_two_runs_at_one_moment_each_tells_its_own_reason(
    muster: Muster, world: World, token: str
) -> None:
    session, learner = world.session(world.activity()), world.learner()
    groups = {"Sales": world.group("Sales"), "Paris": world.group("Paris")}
    runs = {name: world.run_because_of(session, learner, group) for name, group in groups.items()}
    http = muster.sign_in()

    def timeline() -> list[tuple[str, str | None]]:
        items = http.get(f"/sessions/{session}/happenings").json()["items"]
        return [(one["event"], one["reason"] and one["reason"]["name"]) for one in items]

    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="s", topic=f"session:{session}")
        await socket.until(lambda frame: frame["type"] == "state")
        for name in ("Sales", "Paris"):
            world.enroll(session, learner, run_id=runs[name])
            told = await socket.until(_entered)
            assert told["data"]["reason"]["name"] == name
            # Nobody says for which run they go.
            world.run("DELETE FROM enrollment WHERE learner_id = $1", learner)
            await socket.until(lambda frame: frame["type"] == "event" and frame["event"] == "left")
    expected = [("left", None), ("entered", "Paris"), ("left", None), ("entered", "Sales")]
    assert timeline() == expected
    # What was logged before the log named runs tells no reason, rather than a guessed one.
    world.run("UPDATE change_log SET run_id = NULL WHERE run_id = $1", runs["Paris"])
    assert timeline() == [("left", None), ("entered", None), ("left", None), ("entered", "Sales")]
