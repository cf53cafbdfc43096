"""Merchants, for their partners to read and for the bank's people to suspend."""

from collections.abc import Awaitable, Callable

from gateway.api import showing
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import merchants as wire
from gateway.wire.page import Page
from merchants import merchant, standing
from merchants.errors import MerchantCannotMove, MerchantNotFound


@operation(
    "GET",
    "/v1/merchants/{merchant_id}",
    summary="Read a merchant",
    scope="merchants",
    answers={200: wire.Merchant},
    problems=(MerchantNotFound,),
)
async def get_merchant(call: Call[None]) -> Answer:
    """Yourself, or one of your sub-merchants."""
    async with call.parts.pool.acquire() as conn:
        found = await merchant.find(conn, partner_id=call.caller.tenant, merchant_id=call.path["merchant_id"])
    return Answer(200, showing.merchant(found))


@operation(
    "GET",
    "/v1/merchants",
    summary="List your sub-merchants",
    scope="merchants",
    answers={200: Page[wire.Merchant]},
)
async def list_merchants(call: Call[None, wire.MerchantQuery]) -> Answer:
    """A mall's tenants or a platform's sellers, newest first."""
    async with call.parts.pool.acquire() as conn:
        found = await merchant.sub_merchants(
            conn,
            partner_id=call.caller.tenant,
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.merchant, limit=call.query.limit))


@operation(
    "GET",
    "/admin/v1/merchants",
    summary="Find merchants",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.Merchant]},
)
async def search_merchants(call: Call[None, wire.MerchantSearch]) -> Answer:
    """Partners and sub-merchants, newest first; personal data is searched elsewhere, by its exact value."""
    query = call.query
    async with call.parts.pool.acquire() as conn:
        found = await merchant.search(conn, text=query.text, before_id=query.cursor, limit=query.limit + 1)
    return Answer(200, showing.page(found, showing.merchant, limit=query.limit))


@operation(
    "GET",
    "/admin/v1/merchants/{merchant_id}",
    summary="Read any merchant",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.Merchant},
    problems=(MerchantNotFound,),
)
async def get_any_merchant(call: Call[None]) -> Answer:
    """For the bank's people; the settlement account is masked for them too."""
    async with call.parts.pool.acquire() as conn:
        found = await merchant.find_for_operator(conn, merchant_id=call.path["merchant_id"])
    return Answer(200, showing.merchant(found))


async def replay_standing(call: Call[wire.StandingChange], merchant_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await merchant.find_for_operator(conn, merchant_id=merchant_id)
    return Answer(200, showing.merchant(found))


@operation(
    "POST",
    "/admin/v1/merchants/{merchant_id}/suspend",
    summary="Suspend a merchant",
    scope="operate",
    roles=("risk", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_standing,
    answers={200: wire.Merchant},
    problems=(MerchantNotFound, MerchantCannotMove),
    example=wire.StandingChange(reason="Complaints about goods not delivered"),
)
async def suspend_merchant(call: Call[wire.StandingChange]) -> Answer:
    """Stop its payments at once; a suspended partner's sub-merchants are not paid either."""
    return await _moved(call, standing.suspend)


@operation(
    "POST",
    "/admin/v1/merchants/{merchant_id}/close",
    summary="Close a merchant",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_standing,
    answers={200: wire.Merchant},
    problems=(MerchantNotFound, MerchantCannotMove),
    example=wire.StandingChange(reason="The merchant gives notice"),
)
async def close_merchant(call: Call[wire.StandingChange]) -> Answer:
    """For good: nothing is paid from now on, what nobody has paid is canceled, what is held is let go.

    Stickers are taken back; a partner's offers end, and those of others that it would pay a share of. Refunds, reading
    and webhooks go on. The company may apply again later.
    """
    return await _moved(call, standing.close)


@operation(
    "POST",
    "/admin/v1/merchants/{merchant_id}/resume",
    summary="Let a suspended merchant trade again",
    scope="operate",
    roles=("risk", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_standing,
    answers={200: wire.Merchant},
    problems=(MerchantNotFound, MerchantCannotMove),
    example=wire.StandingChange(reason="The complaints are settled"),
)
async def resume_merchant(call: Call[wire.StandingChange]) -> Answer:
    """Take a suspension back."""
    return await _moved(call, standing.resume)


async def _moved(
    call: Call[wire.StandingChange], move: Callable[..., Awaitable[merchant.Merchant]]
) -> Answer:
    """Its partner is told, and whoever waits for it."""
    merchant_id = call.path["merchant_id"]
    async with call.claim.transaction(merchant_id) as conn:
        moved = await move(
            conn, merchant_id=merchant_id, actor=call.caller.client_id, reason=call.body.reason
        )
    call.parts.hub.tell(moved.id, DELIVERIES)
    return Answer(200, showing.merchant(moved))
