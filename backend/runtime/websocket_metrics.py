"""What the live part counts, for `/metrics`."""

from prometheus_client import Counter, Gauge, Histogram

from backend.runtime.metrics import NAME, process_gauge

SOCKETS = process_gauge("muster_live_sockets", "Open sockets").labels(NAME)
_subscriptions = process_gauge("muster_live_subscriptions", "Subscriptions of open sockets", "kind")
TOPICS = process_gauge("muster_live_topics", "Distinct topics that are followed").labels(NAME)
FRAMES = Counter("muster_live_frames_total", "Frames sent")
CLOSED = Counter("muster_live_closed_total", "Sockets closed by the server", ["code"])
EVALUATION = Histogram(
    "muster_evaluation_seconds",
    "Time of one recomputed state on the event loop",
    buckets=(0.0005, 0.001, 0.005, 0.01, 0.05, 0.25, 1.0),
)
SLOW = Counter("muster_evaluation_slow_total", "Recomputed states that held the event loop over 10 ms")


def subscriptions(kind: str) -> Gauge:
    """Subscriptions of this kind."""
    return _subscriptions.labels(NAME, kind)
