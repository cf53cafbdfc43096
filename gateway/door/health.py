"""Is this process alive, may it get work, and how does it do: for load balancers and Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from prometheus_client import Gauge

from gateway.door.errors import NotReady
from gateway.door.metrics import page
from gateway.door.operation import Answer, Call, Listener, Media, Operation, operation

Check = Callable[[], Awaitable[object]]
Measure = Callable[[], Awaitable[None]]

_stale = Gauge(
    "gateway_stale_measures",
    "Metrics that could not be refreshed for this scrape and are as they were.",
    multiprocess_mode="livemostrecent",
)

# A load balancer asks every few seconds; a check that hangs has failed.
_CHECK_TIMEOUT_S = 2.0


class Health(Struct, frozen=True, kw_only=True):
    """A process that answers."""

    status: Literal["live", "ready"]


def health_operations(checks: Mapping[str, Check], measures: Sequence[Measure] = ()) -> tuple[Operation, ...]:
    """The operations of health; `checks` raise while their part cannot work, `measures` refresh metrics.

    Being alive asks nobody: a process that lost its database must not be killed for it.
    """

    @operation(
        "GET",
        "/health/live",
        summary="Is the process alive",
        listener=Listener.EITHER,
        answers={200: Health},
        answer_example=Health(status="live"),
    )
    async def health_live(_call: Call[None]) -> Answer:
        """Restart the process when this does not answer."""
        return Answer(200, Health(status="live"))

    @operation(
        "GET",
        "/health/ready",
        summary="May the process get work",
        listener=Listener.EITHER,
        answers={200: Health},
        answer_example=Health(status="ready"),
        problems=(NotReady,),
    )
    async def health_ready(_call: Call[None]) -> Answer:
        """Send no requests while this is 503: the database cannot be reached, or the process is stopping."""
        failing = [name for name, check in checks.items() if not await _passes(check)]
        if failing:
            raise NotReady(failing)
        return Answer(200, Health(status="ready"))

    @operation(
        "GET",
        "/metrics",
        summary="Metrics for Prometheus",
        listener=Listener.OPERATORS,
        answers={200: Media(("text/plain; version=0.0.4; charset=utf-8",))},
    )
    async def metrics(_call: Call[None]) -> Answer:
        """Everything that the processes behind this port count, in Prometheus' text format; not for partners' eyes.

        Sound the alarm when `gateway_oldest_unresolved_transfer_seconds` is above 900: for 15 minutes a wallet core
        has not said whether it moved somebody's money. `GET /admin/v1/transfers/in-doubt` shows which and why.
        """
        fresh = [await _passes(measure) for measure in measures]
        _stale.set(fresh.count(False))
        return Answer(200, page(), media="text/plain; version=0.0.4; charset=utf-8")

    return (health_live, health_ready, metrics)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await check()
    except Exception:  # noqa: BLE001 - whatever it is that fails, the answer is the same: not ready
        return False
    return True
