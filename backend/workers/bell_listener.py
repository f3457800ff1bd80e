"""Hearing the bell: writers ring it over Redis after a commit; nothing is lost when it stays silent."""

import asyncio
import contextlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.runtime.bell import CHANNEL

# Between tries while Redis is away; meanwhile whoever listens polls.
RETRY_SECONDS = 1.0
# After so long without a ring Redis is asked whether it is still there, and has as long again to say so: a connection whose
# other end is gone without a word would be listened to for ever.
PULSE_SECONDS = 2.0


async def listen_for_bell(redis_url: str, bell: asyncio.Event) -> None:
    """Set `bell` on every ring, until cancelled; reconnects for ever."""
    while True:
        with contextlib.suppress(RedisError, OSError):
            async with (
                Redis.from_url(
                    redis_url, socket_timeout=PULSE_SECONDS, socket_connect_timeout=PULSE_SECONDS
                ) as client,
                client.pubsub() as subscription,
            ):
                await subscription.subscribe(CHANNEL)
                asked = False
                while True:
                    if await subscription.get_message(timeout=PULSE_SECONDS) is not None:
                        # Also at what Redis says about itself: a look too many, every few idle seconds.
                        bell.set()
                        asked = False
                    elif asked:
                        break
                    else:
                        await subscription.ping()
                        asked = True
        await asyncio.sleep(RETRY_SECONDS)
