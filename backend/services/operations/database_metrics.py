"""How far everything is behind, and how much there is: what only the database knows of the metrics."""

import asyncio
from collections.abc import Iterable, Sequence

import asyncpg
from prometheus_client.metrics_core import Metric

from backend.database import fetch, fetch_row
from backend.runtime import metrics
from backend.services.operations import statements

# Counting a million rows takes a fifth of a second of PostgreSQL: not for every question.
COUNT_SECONDS = 60.0

_COUNTED = {
    "muster_learners": ("status", "Learners"),
    "muster_groups": (None, "Groups"),
    "muster_sessions": (None, "Sessions"),
    "muster_methods": ("state", "Enrollment methods that were not deleted"),
    "muster_enrollments": ("state", "Enrollments"),
    "muster_runs": ("state", "Runs"),
    "muster_messages": ("state", "Messages of the outbox"),
}
DATABASE_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class Measuring:
    """Asks the database, and remembers what is costly to count."""

    def __init__(self) -> None:
        self._counts: list[Metric] = []
        self._counted_at = float("-inf")

    async def families(self) -> list[Metric]:
        """All metrics of this machine's processes and of the database; the latter are missing while it is away."""
        # Reading the files of the others takes some milliseconds.
        found = await asyncio.to_thread(metrics.collected)
        try:
            found += await _lags(found)
            found += await self._counts_of_late()
        except DATABASE_AWAY:
            return [*found, _gauge("muster_database_up", "1 while the database answers", 0)]
        return [*found, _gauge("muster_database_up", "1 while the database answers", 1)]

    async def _counts_of_late(self) -> list[Metric]:
        now = asyncio.get_running_loop().time()
        if now - self._counted_at > COUNT_SECONDS:
            self._counts, self._counted_at = _counted(await fetch(statements.COUNTS)), now
        return self._counts


async def _lags(found: Sequence[Metric]) -> list[Metric]:
    row = await fetch_row(statements.LAG)
    reconciler = await fetch_row(statements.RECONCILER_POSITION)
    assert row is not None  # noqa: S101 - it has no condition
    assert reconciler is not None  # noqa: S101 - likewise
    positions = list(metrics.samples(found, "muster_follower_position"))
    wanted = {int(value) for _, value in positions} | {reconciler["position"] or 0}
    behind = {one["position"]: one for one in await fetch(statements.BEHIND, list(wanted))}
    rows = Metric(
        "muster_follower_behind_rows", "Changes that the process's index does not hold yet", "gauge"
    )
    age = Metric("muster_follower_behind_seconds", "Age of the oldest of them", "gauge")
    for labels, value in positions:
        rows.add_sample(rows.name, labels, behind[int(value)]["rows"])
        age.add_sample(age.name, labels, _seconds(behind[int(value)]["seconds"]))
    last = behind[reconciler["position"] or 0]
    return [
        rows,
        age,
        _gauge("muster_log_head", "Last number of the change log", row["head"]),
        _gauge("muster_sequencer_behind_rows", "Changes that wait for their number", row["waiting"]),
        _gauge(
            "muster_sequencer_behind_seconds", "Age of the oldest of them", _seconds(row["waiting_seconds"])
        ),
        _gauge("muster_reconciler_behind_rows", "Changes after the reconciler's stored place", last["rows"]),
        _gauge("muster_reconciler_behind_seconds", "Age of the oldest of them", _seconds(last["seconds"])),
        _gauge("muster_mail_behind_rows", "Messages that are due and not sent", row["due"]),
        _gauge(
            "muster_mail_behind_seconds", "How long the oldest has been due", _seconds(row["due_seconds"])
        ),
    ]


def _seconds(found: object) -> float:
    # A moved clock may have written instants ahead of this one.
    return max(0.0, float(found)) if found is not None else 0.0  # type: ignore[arg-type]  # a number, as its statement says


def _gauge(name: str, documentation: str, value: float) -> Metric:
    made = Metric(name, documentation, "gauge")
    made.add_sample(name, {}, value)
    return made


def _counted(rows: Iterable[asyncpg.Record]) -> list[Metric]:
    made = {name: Metric(name, text, "gauge") for name, (_, text) in _COUNTED.items()}
    for row in rows:
        label, _ = _COUNTED[row["name"]]
        made[row["name"]].add_sample(row["name"], {label: row["label"]} if label else {}, row["number"])
    return list(made.values())
