"""The arq worker of a process: its jobs, their schedule, and staying alive when Redis does not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from arq import ArqRedis, Worker
from arq.cron import CronJob, cron
from arq.worker import Function, func
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from backend.index import Follower
from backend.mail.settings import MailSettings
from backend.services.jobs import deserialize, serialize
from backend.workers.jobs import (
    apply_runs,
    check_enrollments,
    end_groups,
    end_picks,
    fill_places,
    follow_sources,
    forget,
    run_imports,
    send_mail,
    settle_due,
)
from backend.workers.worker_process import DATABASE_LOST, Process

# A crashed worker's job comes back after this; the schedule looks again sooner.
JOB_SECONDS = 300
# One that sends mail begins nothing new after a while, but waits for the server's answer as long as the standard asks.
MAIL_SECONDS = 1_200
# Twice as many as send mail at once (`jobs.SENDERS`), so that there is always room for the others.
JOBS_AT_ONCE = 8
# How late a job that no wake-up announced is found.
POLL_SECONDS = 0.2
# A Redis that takes longer than this for an answer gives none.
SILENCE_SECONDS = 3.0
# Jobs under way when Redis is lost go on for so long at most before others are taken up without it.
FINISH_SECONDS = 30.0
# Jobs under way get this long to end; the mail server's answer is worth waiting for.
CLOSE_SECONDS = 4.0
CANCEL_SECONDS = 1.0
# While there is no Redis.
URGENT = (send_mail, apply_runs, run_imports)
SWEEP_SECONDS = 2.0

_log = structlog.get_logger("muster.jobs")
Job = Callable[[dict[Any, Any]], Awaitable[None]]


def _named(job: Job, timeout: int = JOB_SECONDS) -> Function:
    """The job, with its name in all that it logs, and the request that woke it if one did."""

    async def run(ctx: dict[Any, Any], woken_by: str | None = None) -> None:
        request = {"request_id": woken_by} if woken_by else {}
        with structlog.contextvars.bound_contextvars(job=job.__name__, job_id=ctx.get("job_id"), **request):
            await job(ctx)

    run.__qualname__ = job.__name__
    return func(run, name=job.__name__, timeout=timeout)


FUNCTIONS = (*map(_named, (apply_runs, run_imports, check_enrollments)), _named(send_mail, MAIL_SECONDS))


def schedule() -> Sequence[CronJob]:
    """The sweep behind the wake-ups; two workers may run the same one at once without harm."""
    return [
        cron(send_mail, name="sweep:send_mail", second=set(range(0, 60, 2)), timeout=MAIL_SECONDS),
        cron(apply_runs, name="sweep:apply_runs", second=set(range(1, 60, 5))),
        cron(run_imports, name="sweep:run_imports", second=set(range(3, 60, 5))),
        cron(fill_places, name="sweep:fill_places", second=set(range(2, 60, 3))),
        cron(settle_due, name="sweep:settle_due", second=set(range(60))),
        cron(end_picks, name="sweep:end_picks", second={7, 37}),
        cron(end_groups, name="sweep:end_groups", second=29),
        cron(check_enrollments, name="sweep:check_enrollments", hour=3, minute=37, second=11, timeout=3_000),
        cron(
            follow_sources,
            name="sweep:follow_sources",
            hour=3,
            minute=17,
            second=47,
            run_at_startup=True,
            timeout=3_000,
        ),
        cron(forget, name="sweep:forget", minute=53, second=23),
    ]


async def work(process: Process, follower: Follower) -> None:
    """Run jobs until cancelled: arq's while Redis answers, the same on our own while it does not."""
    mail = MailSettings(
        smtp_url=process.settings.smtp_url,
        **({"base_url": process.settings.base_url} if process.settings.base_url else {}),
    )
    ctx: dict[Any, Any] = {"follower": follower, "mail": mail}
    while True:
        await _work_with_redis(process.redis_url, ctx)
        await _work_without_redis(process.redis_url, ctx)


async def _work_with_redis(redis_url: str, ctx: dict[Any, Any]) -> None:
    """One arq worker, until Redis is lost: a connection broke, or kept silent (arq's own would be waited for without end)."""
    connections = ConnectionPool.from_url(
        redis_url, socket_timeout=SILENCE_SECONDS, socket_connect_timeout=SILENCE_SECONDS
    )
    worker = Worker(
        functions=FUNCTIONS,
        cron_jobs=schedule(),
        redis_pool=ArqRedis(connections, job_serializer=serialize, job_deserializer=deserialize),
        handle_signals=False,
        max_jobs=JOBS_AT_ONCE,
        job_timeout=JOB_SECONDS,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        max_tries=1,
        job_serializer=serialize,
        job_deserializer=deserialize,
        ctx=dict(ctx),
        log_results=False,
    )
    running = asyncio.create_task(worker.async_run(), name="arq")
    try:
        await asyncio.wait({running})
        if worker.tasks:
            # Redis is lost, not what they work on: mail that is cut short in the server's hands has to be sent again.
            await asyncio.wait(worker.tasks.values(), timeout=FINISH_SECONDS)
    finally:
        # A task of its own: closing cancels running jobs, and lets their cancellation out.
        closing = asyncio.create_task(worker.close(), name="closing arq")
        await asyncio.wait({closing}, timeout=CLOSE_SECONDS)
        for task in (closing, running):
            task.cancel()
        await asyncio.wait({closing, running}, timeout=CANCEL_SECONDS)
    error = running.exception() if running.done() and not running.cancelled() else None
    if closing.done() and not closing.cancelled():
        closing.exception()
    if error is not None and not isinstance(error, (RedisError, *DATABASE_LOST)):
        raise error
    _log.warning("Redis was lost; working without it", error=error)


async def _work_without_redis(redis_url: str, ctx: dict[Any, Any]) -> None:
    """What cannot wait, every few seconds until Redis answers: its tables hold the work, not Redis."""
    while not await _answers(redis_url):
        for job in URGENT:
            try:
                await job(ctx)
            except Exception:  # noqa: BLE001 - the next sweep tries again, whatever it was
                _log.exception("a job failed, trying again", job=job.__name__)
        await asyncio.sleep(SWEEP_SECONDS)


async def _answers(redis_url: str) -> bool:
    """Whether Redis answers, asked on a connection of its own."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS), Redis.from_url(redis_url) as client:
            return bool(await client.ping())
    except (RedisError, OSError, TimeoutError):
        return False
