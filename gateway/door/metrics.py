"""What Prometheus reads of the door; a slow or failing operation shows up under its own name.

Workers that share a port share a folder of counters, too: whichever is scraped answers for all of them.
"""

import os

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

# prometheus-client's own name for that folder; the supervisor of several workers sets it.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

# A till's answer is good below 300 ms; long-polls end at 30 s.
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_requests = Histogram(
    "gateway_http_request_seconds",
    "Requests by operation and status: how many, and how long until the answer was ready.",
    ("operation", "status"),
    buckets=_BUCKETS_S,
)
in_flight = Gauge("gateway_http_in_flight", "Requests being worked on.", multiprocess_mode="livesum")
serving = Gauge(
    "gateway_serving_processes",
    "Processes that listen here: fewer than `--workers` asked for are one that died and is being replaced.",
    multiprocess_mode="livesum",
)

# Looking a child up by its labels costs more than observing it.
_children: dict[tuple[str, int], Histogram] = {}


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one answered request; operations come from the table, so labels are bounded."""
    child = _children.get((operation, status))
    if child is None:
        child = _children[operation, status] = _requests.labels(operation, str(status))
    child.observe(seconds)


def page() -> bytes:
    """Everything counted, in Prometheus' text format."""
    if SHARED_FOLDER not in os.environ:
        return prometheus_client.generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # its stubs leave it out
    return prometheus_client.generate_latest(registry)
