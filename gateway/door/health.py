"""Is this process alive, may it get work, and how does it do: for load balancers and Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import prometheus_client
from msgspec import Struct

from gateway.door.errors import NotReady
from gateway.door.operation import Answer, Call, Listener, Media, Operation, operation

Check = Callable[[], Awaitable[object]]

# A load balancer asks every few seconds; a check that hangs has failed.
_CHECK_TIMEOUT_S = 2.0


class Health(Struct, frozen=True, kw_only=True):
    """A process that answers."""

    status: Literal["live", "ready"]


def health_operations(checks: Mapping[str, Check]) -> tuple[Operation, ...]:
    """The operations of health; `checks` raise while their part cannot work.

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

    return (health_live, health_ready, metrics)


@operation(
    "GET",
    "/metrics",
    summary="Metrics for Prometheus",
    listener=Listener.OPERATORS,
    answers={200: Media(("text/plain; version=0.0.4; charset=utf-8",))},
)
async def metrics(_call: Call[None]) -> Answer:
    """Everything this process counts, in Prometheus' text format; not for partners' eyes."""
    page = prometheus_client.generate_latest()
    return Answer(200, page, media="text/plain; version=0.0.4; charset=utf-8")


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await check()
    except Exception:  # noqa: BLE001 - whatever it is that fails, the answer is the same: not ready
        return False
    return True
