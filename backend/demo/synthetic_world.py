"""How large a synthetic organisation is, and the numbers that everything in it is drawn from."""

import asyncpg
import numpy as np

from backend.demo.binary_copy import EPOCH, INT4, Array
from backend.runtime import clock

MOST_GROUPS, FEWEST_GROUPS, LEARNERS_A_GROUP = 5_000, 200, 200
ACTIVITIES, CERTIFICATES = 200, 50
# A group holds at most this part of all people.
LARGEST_PART = 0.6
# Below this part it is cheaper to draw members than to ask everybody.
SPARSE = 0.05
DAYS = 3650
LOADED = ("membership", "field_value", "result", "standing", "award")
STRUCTURE = ("learner_group", "field", "activity", "certificate", "session")


class World:
    """The numbers everything is drawn from."""

    def __init__(self, learners: int, seed: int, first: dict[str, int]) -> None:
        self.n = learners
        self.random = np.random.default_rng(seed)
        self.first = first
        self.learners = np.arange(first["learner"], first["learner"] + learners, dtype=np.int64).astype(INT4)
        self.groups = int(np.clip(learners // LEARNERS_A_GROUP, FEWEST_GROUPS, MOST_GROUPS))
        self.today = (clock.now() - EPOCH).days
        self.rows = dict.fromkeys(LOADED, 0)
        # Whether the tables that are loaded are new, so that rows can be written for good at once.
        self.frozen = False

    def members(self, part: float) -> Array:
        """Positions of about this part of all people, in order."""
        if part >= SPARSE:
            return np.flatnonzero(self.random.random(self.n, dtype=np.float32) < part)
        drawn = self.random.integers(0, self.n, int(self.random.poisson(part * self.n)))
        return np.unique(drawn)

    def skewed(self, values: int, size: int) -> Array:
        """Values 0 … values-1, the first ones often, the last ones rarely."""
        return np.minimum((self.random.pareto(0.9, size) * values / 12).astype(np.int64), values - 1)


async def first_ids(connection: asyncpg.Connection) -> dict[str, int]:
    """The ids from which on rows are made, by table."""
    return {
        table: 1 + await connection.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}")
        for table in ("learner", *STRUCTURE)
    }
