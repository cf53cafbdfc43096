"""What Prometheus reads of the door; a slow or failing operation shows up under its own name."""

from prometheus_client import Gauge, Histogram

# A till's answer is good below 300 ms; long-polls end at 30 s.
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_requests = Histogram(
    "gateway_http_request_seconds",
    "Requests by operation and status: how many, and how long until the answer was ready.",
    ("operation", "status"),
    buckets=_BUCKETS_S,
)
_in_flight = Gauge("gateway_http_in_flight", "Requests being worked on.")

# Looking a child up by its labels costs more than observing it.
_children: dict[tuple[str, int], Histogram] = {}


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one answered request; operations come from the table, so labels are bounded."""
    child = _children.get((operation, status))
    if child is None:
        child = _children[operation, status] = _requests.labels(operation, str(status))
    child.observe(seconds)


class Running:
    """How many requests run: a number to add to, read when Prometheus asks."""

    def __init__(self) -> None:
        self.number = 0


running = Running()
_in_flight.set_function(lambda: running.number)
