"""What became of a payment: the calls to the wallet core and the events told of it, in order."""

from gateway.api.payments import found
from gateway.door.operation import Answer, Call, operation
from gateway.payments import sql
from gateway.payments.errors import PaymentNotFound
from gateway.transfers import doubts_sql
from gateway.wire import timelines as wire
from webhooks import log_sql

# A payment in doubt for a day is asked about so often; more of it says no more.
_MOST = 200


@operation(
    "GET",
    "/v1/payments/{payment_id}/timeline",
    summary="Read what became of a payment, step by step",
    scope="query",
    answers={200: wire.Timeline},
    problems=(PaymentNotFound,),
)
async def read_timeline(call: Call[None]) -> Answer:
    """Its calls to the wallet core, its refunds' too, and the events you were told of it; as long as those are kept."""
    pool = call.parts.pool
    payment = await found(call.parts, call.caller, call.path["payment_id"])
    refunds = await sql.refunds_of(pool, partner_id=payment.partner_id, payment_id=payment.id)
    owners = [payment.id, *(one.id for one in refunds)]
    attempts = await doubts_sql.attempts_of(pool, owner_ids=owners, limit=_MOST)
    events = await log_sql.events_of_object(
        pool, tenant=payment.partner_id, object_id=payment.id, limit=_MOST
    )
    calls = [
        wire.CoreCall(
            at=one["at"],
            of=one["owner_id"],
            deed=one["deed"],
            outcome=one["outcome"],
            took_ms=one["took_ms"],
        )
        for one in attempts
    ]
    told = [wire.Happened(at=one.occurred_at, event_id=one.id, type=one.type) for one in events]
    items: list[wire.CoreCall | wire.Happened] = sorted([*calls, *told], key=lambda one: one.at)
    return Answer(200, wire.Timeline(items=items))
