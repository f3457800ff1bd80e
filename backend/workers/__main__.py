"""`python -m backend.workers`: one worker process. Index, reconciler (one of all leads) and arq jobs."""

import asyncio

from backend.index import Follower, check_periodically
from backend.runtime import readiness
from backend.services import jobs
from backend.workers.arq_worker import work
from backend.workers.checkpointer import write_for_ever
from backend.workers.reconciler import Reconciler
from backend.workers.worker_process import connected, run

POOL_SIZE = 8


async def main() -> None:
    """Run until cancelled."""
    async with connected(pool_size=POOL_SIZE) as process:
        follower = Follower()
        await follower.start()
        if readiness.succeeding():
            await follower.loaded.wait()
            readiness.tell()
        jobs.start(process.redis_url)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Reconciler(follower).run(), name="reconciler")
                tasks.create_task(work(process, follower), name="jobs")
                tasks.create_task(write_for_ever(follower), name="checkpoints")
                tasks.create_task(check_periodically(follower), name="index guard")
        finally:
            await jobs.stop()
            await follower.stop()


if __name__ == "__main__":
    run(main)
