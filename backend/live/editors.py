"""Who is editing what at the moment, over all API processes: kept in Redis for some seconds, since nothing is lost with it.

While a socket says that its person edits, its process says so again and again; who is not said again is gone, so that neither a socket nor a
process that dies leaves anybody behind.
"""

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

RENEW_SECONDS = 4.0
# Two renewals may be late.
LASTS_SECONDS = 12.0
# As with the bell: a Redis that takes longer is as good as dead.
TIMEOUT_SECONDS = 0.25

_log = structlog.get_logger("muster.live")


class Editors:
    """The people who edit methods on sockets of this process, told to all; and those of all processes."""

    def __init__(self, lasts: float = LASTS_SECONDS, renew: float = RENEW_SECONDS) -> None:
        # How many sockets of one person edit one method here, which counts them once.
        self._here: Counter[tuple[int, int]] = Counter()
        self._left: set[tuple[int, int]] = set()
        self._changed: set[int] = set()
        self._place = ""
        self._process = uuid.uuid4().hex[:12]
        self._lasts, self._renew = lasts, renew
        self._wake = asyncio.Event()
        self._client: Redis | None = None
        self._telling: asyncio.Task[None] | None = None
        # Called with the methods whose editors of this process have changed, once others can see it.
        self.on_change: Callable[[frozenset[int]], None] = lambda _: None

    def start(self, redis_url: str, database_url: str) -> None:
        """Begin; call inside the event loop. Several organisations may share one Redis: the name of their database tells them apart."""
        self._place = urlsplit(database_url).path
        self._client = Redis.from_url(
            redis_url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._telling = asyncio.create_task(self._tell_for_ever(self._client), name="live editors")

    async def stop(self) -> None:
        """End; those of this process are no longer there."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling}, timeout=TIMEOUT_SECONDS)
            self._telling = None
        if self._client is not None:
            self._left |= set(self._here)
            self._here.clear()
            try:
                await self._tell(self._client)
            except (RedisError, OSError, TimeoutError):
                _log.info("editors are forgotten by time alone")
            await self._client.aclose()
            self._client = None

    def join(self, method_id: int, learner_id: int) -> None:
        """A socket of this person edits the method."""
        self._here[method_id, learner_id] += 1
        self._changed.add(method_id)
        self._wake.set()

    def leave(self, method_id: int, learner_id: int) -> None:
        """It no longer does."""
        who = (method_id, learner_id)
        self._here[who] -= 1
        if self._here[who] <= 0:
            del self._here[who]
            self._left.add(who)
            self._changed.add(method_id)
            self._wake.set()

    async def of(self, method_id: int) -> list[int] | None:
        """Ids of the people who edit the method, in their order; None while nobody can tell."""
        if self._client is None:
            return None
        try:
            now = await _seconds(self._client)
            found = await self._client.zrangebyscore(self._key(method_id), now, "+inf")
        except (RedisError, OSError, TimeoutError):
            return None
        return sorted({int(member.partition(b":")[0]) for member in found})

    async def _tell_for_ever(self, client: Redis) -> None:
        while True:
            changed, self._changed = frozenset(self._changed), set()
            # Without Redis it is tried again with the next renewal.
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._tell(client)
            self.on_change(changed)
            try:
                await asyncio.wait_for(self._wake.wait(), self._renew)
            except TimeoutError:
                continue
            self._wake.clear()

    async def _tell(self, client: Redis) -> None:
        """Say who is there and who has left."""
        here, left = list(self._here), self._left - set(self._here)
        if not here and not left:
            return
        now = await _seconds(client)
        async with client.pipeline(transaction=False) as pipeline:
            for method_id, learner_id in here:
                key = self._key(method_id)
                pipeline.zadd(key, {self._member(learner_id): now + self._lasts})
                pipeline.zremrangebyscore(key, "-inf", f"({now}")
                pipeline.expire(key, int(self._lasts) + 1)
            for method_id, learner_id in left:
                pipeline.zrem(self._key(method_id), self._member(learner_id))
            await pipeline.execute()
        self._left -= left

    def _key(self, method_id: int) -> str:
        return f"muster:editing:{self._place}:{method_id}"

    def _member(self, learner_id: int) -> str:
        return f"{learner_id}:{self._process}"


async def _seconds(client: Redis) -> float:
    """Redis's own time: the clocks of several machines differ."""
    seconds, microseconds = await client.time()
    return float(seconds) + float(microseconds) / 1e6
