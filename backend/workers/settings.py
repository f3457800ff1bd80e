"""The arq worker of a process: its jobs, their schedule, and staying alive when Redis does not."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from arq import Worker
from arq.cron import CronJob, cron
from redis.exceptions import RedisError

from backend.index import Follower
from backend.mail.settings import MailSettings
from backend.services.jobs import deserialize, redis_settings, serialize
from backend.workers.jobs import apply_runs, check_enrollments, forget, run_imports, send_mail
from backend.workers.process import DATABASE_LOST, Process

FUNCTIONS = (apply_runs, send_mail, run_imports, check_enrollments)
# A crashed worker's job comes back after this; the schedule looks again sooner.
JOB_SECONDS = 300
JOBS_AT_ONCE = 4
# How late a job that no wake-up announced is found.
POLL_SECONDS = 0.2
RETRY_SECONDS = 1.0

_log = structlog.get_logger("muster.jobs")


def schedule() -> Sequence[CronJob]:
    """The sweep behind the wake-ups; two workers may run the same one at once without harm."""
    return [
        cron(send_mail, name="sweep:send_mail", second=set(range(0, 60, 2))),
        cron(apply_runs, name="sweep:apply_runs", second=set(range(1, 60, 5))),
        cron(run_imports, name="sweep:run_imports", second=set(range(3, 60, 5))),
        cron(check_enrollments, name="sweep:check_enrollments", hour=3, minute=37, second=11, timeout=3_000),
        cron(forget, name="sweep:forget", minute=53, second=23),
    ]


async def work(process: Process, follower: Follower) -> None:
    """Run jobs until cancelled; an unhandled Redis error ends an arq worker, so another one takes its place."""
    mail = MailSettings(
        smtp_url=process.settings.smtp_url,
        **({"base_url": process.settings.base_url} if process.settings.base_url else {}),
    )
    while True:
        worker = Worker(
            functions=FUNCTIONS,
            cron_jobs=schedule(),
            redis_settings=redis_settings(process.redis_url),
            handle_signals=False,
            max_jobs=JOBS_AT_ONCE,
            job_timeout=JOB_SECONDS,
            keep_result=0,
            poll_delay=POLL_SECONDS,
            max_tries=1,
            job_serializer=serialize,
            job_deserializer=deserialize,
            ctx={"follower": follower, "mail": mail},
            log_results=False,
        )
        try:
            await worker.async_run()
        except (RedisError, *DATABASE_LOST) as error:
            _log.warning("jobs interrupted, trying again", error=repr(error))
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await worker.close()
        await asyncio.sleep(RETRY_SECONDS)
