"""Hearing the bell: writers ring it over Redis after a commit; nothing is lost when it stays silent."""

import asyncio
import contextlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.bell import CHANNEL

# Between tries while Redis is away; meanwhile whoever listens polls.
RETRY_SECONDS = 1.0


async def listen_for_bell(redis_url: str, bell: asyncio.Event) -> None:
    """Set `bell` on every ring, until cancelled; reconnects for ever."""
    while True:
        with contextlib.suppress(RedisError, OSError):
            async with Redis.from_url(redis_url) as client, client.pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                async for _ in subscription.listen():
                    bell.set()
        await asyncio.sleep(RETRY_SECONDS)
