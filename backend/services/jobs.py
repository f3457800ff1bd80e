"""The only module that enqueues arq jobs. Nothing is lost when nobody hears it, for jobs drain tables on a schedule too."""

import asyncio
from typing import Literal

import msgspec
import structlog
from arq import ArqRedis, create_pool
from arq.connections import RedisSettings
from redis.exceptions import RedisError

from backend.database import after_commit

Job = Literal["apply_runs", "send_mail", "run_imports", "check_enrollments"]
# A Redis that takes longer is as good as dead: the schedule stands behind it.
TIMEOUT_SECONDS = 1

_log = structlog.get_logger("muster.jobs")
_pool: ArqRedis | None = None
_settings: RedisSettings | None = None


def serialize(value: dict[str, object]) -> bytes:
    """Arq would pickle. Exceptions, which it stores as results, become their text."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def deserialize(raw: bytes) -> dict[str, object]:
    """What `serialize` wrote."""
    value: dict[str, object] = msgspec.msgpack.decode(raw)
    return value


def redis_settings(url: str) -> RedisSettings:
    """Arq's settings for a Redis address, unix sockets included."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout = TIMEOUT_SECONDS
    return settings


def start(redis_url: str) -> None:
    """Let `enqueue` reach Redis from this process; connects when there is something to say."""
    global _settings  # noqa: PLW0603 - one connection a process
    _settings = redis_settings(redis_url)
    _settings.conn_retries = 0


async def stop() -> None:
    """Close the connection."""
    global _pool, _settings
    pool, _pool, _settings = _pool, None, None
    if pool is not None:
        await pool.aclose()


def wake(job: Job) -> None:
    """Wake `job` once the current transaction is committed."""
    after_commit(lambda: enqueue(job))


async def enqueue(job: Job) -> None:
    """Wake `job` in some worker, best effort."""
    global _pool  # noqa: PLW0603 - see start
    if _settings is None:
        return
    try:
        # A Redis that hangs takes connections and says nothing; nobody's answer waits for it.
        async with asyncio.timeout(TIMEOUT_SECONDS):
            if _pool is None:
                _pool = await create_pool(_settings, job_serializer=serialize, job_deserializer=deserialize)
            # The request that wanted it is named in the job's log lines.
            await _pool.enqueue_job(job, structlog.contextvars.get_contextvars().get("request_id"))
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("a job was not enqueued; its schedule will find the work", job=job, error=error)
