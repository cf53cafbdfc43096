"""Checkout sessions: an online shop has its order paid on a page of ours."""

import contextlib

from gateway.api.payments import ORDER_PROBLEMS, PLACE_PROBLEMS, TRIES, partner_of, payee, store_asked_for
from gateway.checkout import ending, opening, page_key, return_urls, sql, view
from gateway.checkout import errors as checkout
from gateway.checkout.session import Attempted, Line
from gateway.door.caller import Caller
from gateway.door.operation import Answer, Call, operation
from gateway.parts import Parts
from gateway.payments import errors as payments
from gateway.payments.errors import OrderNumberFreed
from gateway.storage.hub import DELIVERIES
from gateway.wire import checkout as wire
from gateway.wire.money import PositiveAmount
from merchants import errors as merchants
from merchants.ids import new_id, partner_no_of
from merchants.money import Money

_RETURN_PROBLEMS = (checkout.ReturnUrlUnfit, checkout.ReturnUrlNotAllowed)


async def replay_session(call: Call[wire.CheckoutRequest], session_id: str) -> Answer:
    """The session as it is now."""
    return Answer(201, shown(call.parts, await found(call.parts, call.caller, session_id)))


@operation(
    "POST",
    "/v1/checkout-sessions",
    summary="Have an online order paid on our page",
    scope="pay",
    idempotent=True,
    replay=replay_session,
    answers={201: wire.CheckoutSession},
    problems=(
        *PLACE_PROBLEMS,
        *ORDER_PROBLEMS,
        *_RETURN_PROBLEMS,
        checkout.LinesDoNotAddUp,
        payments.AmountAboveLimit,
        payments.CurrencyNotTaken,
        merchants.UnknownCurrency,
    ),
    example=wire.CheckoutRequest(
        amount=PositiveAmount(amount_minor=12_800, currency="CNY"),
        merchant_order_no="W-2026-000123",
        lines=[
            wire.CheckoutLine(name="冻顶乌龙 500 g", amount_minor=12_800, quantity=2, sku="6901234567892")
        ],
        success_url="https://shop.example/thanks?order=W-2026-000123",
        cancel_url="https://shop.example/cart",
        customer_reference="c-20017",
    ),
)
async def create_checkout_session(call: Call[wire.CheckoutRequest]) -> Answer:
    """Send your customer to `url`. It shows the order and its offers, has it paid, and leads back to you.

    The browser comes back to `success_url` with `checkout_result`, a signed statement that is good for thanking;
    `checkout.completed` or a reading of the session is what to ship goods on.
    """
    wish = _wish(call)
    for _ in range(TRIES - 1):
        with contextlib.suppress(OrderNumberFreed):
            return await _opened(call, wish)
    return await _opened(call, wish)


async def _opened(call: Call[wire.CheckoutRequest], wish: opening.Wish) -> Answer:
    parts = call.parts
    async with call.claim.transaction(wish.session_id) as conn:
        opened = await opening.open_session(
            parts.payments, conn, wish, now=call.now, sandbox=parts.environment == "sandbox"
        )
    return Answer(201, shown(parts, opened))


@operation(
    "GET",
    "/v1/checkout-sessions/{session_id}",
    summary="Read a checkout session",
    scope="query",
    answers={200: wire.CheckoutSession},
    problems=(checkout.CheckoutSessionNotFound,),
)
async def get_checkout_session(call: Call[None]) -> Answer:
    """As it stands; sessions are kept for 90 days after their end, payments for ever."""
    return Answer(200, shown(call.parts, await found(call.parts, call.caller, call.path["session_id"])))


async def replay_expiry(call: Call[None], session_id: str) -> Answer:
    """The session as it is now."""
    return Answer(200, shown(call.parts, await found(call.parts, call.caller, session_id)))


@operation(
    "POST",
    "/v1/checkout-sessions/{session_id}/expire",
    summary="End a checkout session before it is paid",
    scope="pay",
    idempotent=True,
    replay=replay_expiry,
    answers={200: wire.CheckoutSession},
    problems=(checkout.CheckoutSessionNotFound, checkout.CheckoutCompleted, checkout.CheckoutBeingPaid),
)
async def expire_checkout_session(call: Call[None]) -> Answer:
    """Its code cannot be paid any more; the order number may be used again, as after any unpaid attempt."""
    parts = call.parts
    one = await found(parts, call.caller, call.path["session_id"])
    async with call.claim.transaction(one.session.id) as conn:
        ended = await ending.end_session(
            parts.payments, conn, session_id=one.session.id, partner_id=one.session.partner_id
        )
    parts.hub.tell(ended.payment.id, DELIVERIES)
    return Answer(200, shown(parts, ended))


@operation(
    "GET",
    "/v1/merchants/{merchant_id}/return-origins",
    summary="Read where checkout pages may lead back to",
    scope="merchants",
    answers={200: wire.ReturnOrigins},
    problems=(merchants.MerchantNotFound,),
)
async def get_return_origins(call: Call[None]) -> Answer:
    """A sub-merchant's own; its partner's are good for it as well."""
    async with call.parts.pool.acquire() as conn:
        origins = await return_urls.allowed(
            conn, partner_id=call.caller.tenant, merchant_id=call.path["merchant_id"]
        )
    return Answer(200, wire.ReturnOrigins(origins=origins))


@operation(
    "PUT",
    "/v1/merchants/{merchant_id}/return-origins",
    summary="Say where checkout pages may lead back to",
    scope="merchants",
    answers={200: wire.ReturnOrigins},
    problems=(merchants.MerchantNotFound, checkout.ReturnUrlUnfit),
    example=wire.ReturnOrigins(origins=["https://shop.example"]),
)
async def put_return_origins(call: Call[wire.ReturnOrigins]) -> Answer:
    """Replaces all of them. A server whose key may only ask for payments cannot send customers anywhere else."""
    async with call.parts.pool.acquire() as conn, conn.transaction():
        origins = await return_urls.allow(
            conn,
            call.body.origins,
            partner_id=call.caller.tenant,
            merchant_id=call.path["merchant_id"],
            actor=call.caller.client_id,
            sandbox=call.parts.environment == "sandbox",
        )
    return Answer(200, wire.ReturnOrigins(origins=origins))


async def found(parts: Parts, caller: Caller, session_id: str) -> Attempted:
    """The caller's session: a till's own, a partner's any.

    Raises:
        CheckoutSessionNotFound: there is none, or it is not theirs.
    """
    one = await sql.find(parts.pool, session_id=session_id, partner_id=partner_of(caller))
    if one is None or caller.terminal_id not in {None, one.session.terminal_id}:
        raise checkout.CheckoutSessionNotFound
    return one


def shown(parts: Parts, one: Attempted) -> wire.CheckoutSession:
    url = f"{parts.public_url}/checkout/{page_key.key_of(parts.sealing, one.session.id)}"
    return view.for_merchant(one, url=url)


def _wish(call: Call[wire.CheckoutRequest]) -> opening.Wish:
    body, caller = call.body, call.caller
    partner_id = partner_of(caller)
    return opening.Wish(
        session_id=new_id("cks", partner_no_of(partner_id) or 0),
        partner_id=partner_id,
        client_id=caller.client_id,
        merchant_id=payee(caller, body.merchant_id),
        store_id=store_asked_for(caller, body.store_id),
        terminal_id=caller.terminal_id,
        merchant_order_no=body.merchant_order_no,
        amount=Money(body.amount.amount_minor, body.amount.currency),
        lines=tuple(
            Line(**{name: getattr(one, name) for name in Line.__struct_fields__}) for one in body.lines
        ),
        success_url=body.success_url,
        cancel_url=body.cancel_url,
        description=body.description,
        customer_reference=body.customer_reference,
        member_no=body.membership_no,
        expires_in_s=body.expires_in_s,
    )
