"""How it goes, for the bank's people: payments, cores, declines, discounts and webhooks of the last hour."""

from gateway.door.operation import Answer, Call, Listener, operation
from gateway.payments.monitoring import Minute
from gateway.wire import monitoring as wire
from gateway.wire.money import Amount


@operation(
    "GET",
    "/admin/v1/monitoring",
    summary="See how it goes",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.Monitoring},
)
async def read_monitoring(call: Call[None]) -> Answer:
    """The last hour minute by minute, at most two seconds old. `/metrics` has what one process counts; this is all."""
    seen = await call.parts.monitor.look()
    p50_ms, p99_ms = seen.recent_ms or (None, None)
    return Answer(
        200,
        wire.Monitoring(
            as_of=seen.at,
            minutes=[_minute(one) for one in seen.minutes],
            offers=[wire.OfferTitle(offer_id=one, title=title) for one, title in seen.titles.items()],
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            in_doubt=seen.doubts,
            oldest_in_doubt_s=int(seen.oldest_doubt_s),
            endpoints_behind=seen.behind.endpoints,
            webhooks_behind_s=int(seen.behind.oldest_s),
        ),
    )


def _minute(one: Minute) -> wire.MonitoredMinute:
    return wire.MonitoredMinute(
        at=one.at,
        succeeded=one.endings.get("succeeded", 0),
        declined=one.endings.get("declined", 0),
        lapsed=one.endings.get("lapsed", 0),
        open=one.endings.get("open", 0),
        p50_ms=one.p50_ms,
        p99_ms=one.p99_ms,
        cores=[
            wire.CoreMinute(
                issuer=issuer,
                approved=core.approved,
                declined=core.declined,
                undone=core.undone,
                undecided=core.undecided,
            )
            for issuer, core in sorted(one.cores.items())
        ],
        declines=[wire.Declines(reason=reason, payments=n) for reason, n in sorted(one.declines.items())],
        discounts=[
            wire.Spent(offer_id=offer_id, discount=Amount(amount_minor=minor, currency=currency))
            for (offer_id, currency), minor in sorted(one.discounts.items())
        ],
        delivered=one.delivered,
        webhook_lag_ms=one.lag_ms,
    )
