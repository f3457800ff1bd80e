"""A follower of the log within a transaction that has begun to write."""

from backend.index import FacetIndex, Follower
from backend.index.following.follower import Committed


class CaughtUp(Follower):
    """Knows what was committed when the transaction looked; what the transaction writes is numbered only once it is committed.

    Waiting for that, as services do before they look, would wait for ever.
    """

    def __init__(self, follower: Follower) -> None:
        super().__init__()
        self._real = follower
        self.loaded = follower.loaded

    @property
    def index(self) -> FacetIndex:
        """The index of the process."""
        return self._real.index

    @property
    def position(self) -> int:
        """The log position that is applied there."""
        return self._real.position

    async def catch_up(self, timeout: float = 0, committed: Committed | None = None) -> int:  # noqa: ARG002, ASYNC109 - as of any follower
        """Nothing to wait for."""
        return self._real.position
