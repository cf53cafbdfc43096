"""What a till or shop asks to be paid for, and why an order number may be taken."""

from dataclasses import dataclass
from typing import Any

from gateway.payments import sql
from gateway.payments.errors import (
    AmountAboveLimit,
    CurrencyNotTaken,
    OrderCanceled,
    OrderExists,
    OrderNumberFreed,
    OrderPaid,
    PaymentsError,
)
from gateway.payments.legs import fee_minor
from gateway.payments.payment import Capture, Payment, State, Terms
from gateway.transfers.transfer import Connection
from merchants.merchant import PayingContext
from merchants.money import Money
from merchants.offers.cart import Line
from qr.signed_code import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a till or shop asks to be paid for; `code` is what its scanner read, None to show a code instead.

    `checkout_id` is the session that this is an attempt of.
    """

    payment_id: str
    partner_id: str
    client_id: str
    merchant_id: str
    store_id: str | None
    terminal_id: str | None
    merchant_order_no: str
    amount: Money
    code: str | None
    description: str | None
    expires_in_s: int
    qr_form: Form = Form.EMV
    capture: Capture = "automatic"
    give_up_after_s: int | None = None
    lines: tuple[Line, ...] = ()
    member_no: str | None = None
    checkout_id: str | None = None


def refuse(amount: Money, place: PayingContext) -> None:
    if amount.currency != place.currency:
        raise CurrencyNotTaken(place.currency)
    limit_minor = place.payment_limit_minor
    if limit_minor is not None and amount.amount_minor > limit_minor:
        raise AmountAboveLimit(limit_minor)


def row(order: Order, place: PayingContext, terms: Terms, *, direction: str, state: State) -> dict[str, Any]:
    return {
        "partner_id": order.partner_id, "id": order.payment_id, "merchant_id": order.merchant_id,
        "store_id": place.store_id, "terminal_id": order.terminal_id, "client_id": order.client_id,
        "merchant_order_no": order.merchant_order_no, "direction": direction, "state": state, "reason": None,
        "currency": order.amount.currency, "order_minor": order.amount.amount_minor, "discount_minor": 0,
        "fee_minor": fee_minor(order.amount.amount_minor, place.fee_basis_points),
        "issuer": None, "payer_id": None, "terms": terms,
    }  # fmt: skip


async def taken(conn: Connection, order: Order) -> PaymentsError:
    """Why this order number cannot be paid under, where something stood in its way a moment ago."""
    return await in_its_way(conn, order) or OrderNumberFreed()


async def in_its_way(conn: Connection, order: Order) -> PaymentsError | None:
    """What stands in this order number's way, and how it differs; None if nothing does."""
    live = await sql.live_attempt(
        conn, partner_id=order.partner_id, merchant_id=order.merchant_id,
        merchant_order_no=order.merchant_order_no,
    )  # fmt: skip
    if live is None:
        return None
    match live.state:
        case State.SUCCEEDED:
            return OrderPaid(live.id)
        case State.CANCELED | State.REVERSED:
            return OrderCanceled(live.id)
        case _:
            return OrderExists(live.id, _differences(order, live))


def _differences(order: Order, live: Payment) -> list[str]:
    asked = {
        "amount": (order.amount.amount_minor, order.amount.currency), "store_id": order.store_id,
        "terminal_id": order.terminal_id, "description": order.description,
    }  # fmt: skip
    stands = {
        "amount": (live.order_minor, live.currency), "store_id": live.store_id,
        "terminal_id": live.terminal_id, "description": live.terms.description,
    }  # fmt: skip
    return [name for name, value in asked.items() if value is not None and value != stands[name]]
