"""The bell: after a commit, a Redis message without content wakes whoever waits for work. A lost one delays work until the next poll."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "muster:bell"
# A Redis that takes longer than this is as good as dead: the polls behind the bell take over.
TIMEOUT_SECONDS = 0.25
# A dead Redis is not tried for every commit.
REST_SECONDS = 1.0

_wanted = asyncio.Event()
_ringer: asyncio.Task[None] | None = None


async def ring() -> None:
    """Wake whoever sleeps until the next change; returns at once, and rings once for many calls."""
    _wanted.set()


async def _ring_for_ever(redis_url: str) -> None:
    while True:
        try:
            async with Redis.from_url(
                redis_url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
            ) as client:
                while True:
                    await _wanted.wait()
                    _wanted.clear()
                    await client.publish(CHANNEL, b"")
        except (RedisError, OSError, TimeoutError):
            await asyncio.sleep(REST_SECONDS)


def start(redis_url: str) -> None:
    """Let `ring` reach Redis from this process; call inside the event loop, outside any transaction."""
    global _ringer, _wanted  # noqa: PLW0603 - one bell a process, bound to its loop
    if _ringer is None or _ringer.done():
        _wanted = asyncio.Event()
        _ringer = asyncio.create_task(_ring_for_ever(redis_url), name="bell")


async def stop() -> None:
    """Stop ringing."""
    global _ringer
    ringer, _ringer = _ringer, None
    while ringer is not None and not ringer.done():
        # More than once: redis-py takes a cancellation that meets its own time limit for that limit.
        ringer.cancel()
        await asyncio.wait({ringer}, timeout=TIMEOUT_SECONDS)
