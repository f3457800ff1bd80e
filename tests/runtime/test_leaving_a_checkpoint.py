"""A worker that ends leaves a checkpoint, so that the next start reads little of the log, whatever came before."""

import time
from collections.abc import Callable

from backend.workers.checkpointer import LAST_GROWN
from tests.harness.instance import Muster
from tests.harness.world import world_of

PATIENCE_SECONDS = 60
_LEFT = """
SELECT (SELECT seq FROM log_head) - coalesce((SELECT max(complete_at) FROM index_checkpoint), 0)
"""


def test_the_next_start_reads_little(start_muster: Callable[..., Muster]) -> None:
    muster = start_muster()
    with world_of(muster.database_url) as world:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not world.run("SELECT count(*) FROM index_checkpoint WHERE digest <> ''"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        world.learners(3 * LAST_GROWN)
        while world.run("SELECT count(*) FROM outbox") or world.run(_LEFT) < LAST_GROWN:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert muster.stop() == 0
        assert world.run(_LEFT) < LAST_GROWN, muster.said()
        began = time.monotonic()
        muster.start()
        assert (
            muster.sign_in()
            .post("/audiences/preview", json={"rule": {"blocks": [{"everyone": True}]}})
            .json()["total"]
            > 3 * LAST_GROWN
        )
        assert time.monotonic() - began < PATIENCE_SECONDS
    assert "checkpoint written" in muster.log.read_text()
