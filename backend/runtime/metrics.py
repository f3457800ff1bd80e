"""What processes measure, for Prometheus.

The processes of one supervisor share a directory (`PROMETHEUS_MULTIPROC_DIR`, the library's own way): whichever of them
is asked tells of all. Counters and histograms are summed over every process that lived; gauges are kept apart by
`process` and `pid`. A process without that directory tells of itself alone.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
PROCESS = "MUSTER_PROCESS"
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
# Its name among the supervisor's processes, such as `api 1`.
NAME = os.environ.get(PROCESS, "muster")
# Files that are mapped into memory: on a full disk a write to one would end the process, so they are kept in memory.
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lives
PREFIX = "muster-metrics-"


def process_gauge(name: str, documentation: str, *labels: str) -> Gauge:
    """A gauge whose first label is the process: `.labels(NAME, …)`."""
    return Gauge(name, documentation, ["process", *labels], multiprocess_mode="liveall")


_started = process_gauge("muster_process_started_seconds", "When the process began, in seconds since 1970")
POSITION = process_gauge(
    "muster_follower_position", "Last number of the change log that the process's index holds"
)
SET_ASIDE = process_gauge(
    "muster_rows_set_aside", "Stored values that the process's index cannot read, and has set aside"
)
LEADING = process_gauge("muster_leading", "1 while the process does what only one may do", "role")
SEQUENCED = Counter("muster_sequenced_changes_total", "Changes that were numbered")


def begin() -> None:
    """Say that this process is there."""
    _started.labels(NAME).set(time.time())


class _Families(Collector):
    """Families of samples that were collected already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def collected(directory: str | None = None) -> list[Metric]:
    """What all processes measured, and what the kernel says of those that live."""
    directory = directory or os.environ.get(DIRECTORY)
    if directory is None:
        # The library's own collectors of the process say more than what is added below, but only of one process.
        found = [m for m in prometheus_client.REGISTRY.collect() if m.name.startswith("muster")]
    else:
        found = list(MultiProcessCollector(None, directory).collect())  # type: ignore[no-untyped-call]  # prometheus_client has no types here
    return [*found, *_from_the_kernel(found)]


def _from_the_kernel(families: list[Metric]) -> list[Metric]:
    resident = Metric("muster_process_resident_bytes", "Memory of the process", "gauge")
    busy = Metric("muster_process_cpu_seconds", "Processor time the process has used", "counter")
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for labels, _ in samples(families, "muster_process_started_seconds"):
        proc = Path("/proc") / labels.get("pid", "self")
        with suppress(OSError):
            # The second field is a name in parentheses that may hold anything; utime and stime come 11 and 12 later.
            fields = (proc / "stat").read_text().rpartition(")")[2].split()
            busy.add_sample(busy.name + "_total", labels, (int(fields[11]) + int(fields[12])) / ticks)
            resident.add_sample(resident.name, labels, int((proc / "statm").read_text().split()[1]) * page)
    return [resident, busy]


def samples(families: Iterable[Metric], name: str) -> Iterator[tuple[dict[str, str], float]]:
    """Labels and values of the samples called `name`."""
    for family in families:
        for sample in family.samples:
            if sample.name == name:
                yield dict(sample.labels), sample.value


def exposition(families: Iterable[Metric]) -> bytes:
    """`families` in Prometheus' format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(families))
    return prometheus_client.generate_latest(registry)


# ── for the supervisor ───────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def shared_directory() -> Iterator[str]:
    """A directory for the processes of this supervisor; what killed ones left behind is cleared."""
    root = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in root.glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=root)
    try:
        yield made
    finally:
        rmtree(made, ignore_errors=True)


class _Living(Collector):
    def __init__(self, directory: str) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        return collected(self._directory)


def serve(host: str, port: int, directory: str) -> Callable[[], None]:
    """Answer `GET /metrics` from a thread, for machines without an API process; the way to end it. Raises `OSError`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Living(directory))
    server, thread = prometheus_client.start_http_server(port, host, registry)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def forget(pid: int, directory: str) -> None:
    """Drop the gauges of a process that has ended; what it counted stays."""
    mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
