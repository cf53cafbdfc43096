"""An order comes in as a session; one that was declined is tried again. Each attempt is a payment like any other."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.checkout import return_urls, sql
from gateway.checkout.errors import CheckoutSessionNotFound, LinesDoNotAddUp, NothingToRetry, TooManyAttempts
from gateway.checkout.session import FAILED, Attempted, Session, State, Terms
from gateway.checkout.session import Line as SessionLine
from gateway.payments import sql as payments
from gateway.payments.needs import Needs
from gateway.payments.orders import Order
from gateway.payments.pay import accept
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Connection
from merchants.ids import new_id, partner_no_of
from merchants.money import Money
from merchants.offers.cart import Line
from qr.signed_code import Form

# Who is declined so often does not pay this order with this wallet.
MOST_ATTEMPTS: Final = 10
# With less left, nobody finds their phone in time.
_WORTH_A_CODE_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a shop wants to have paid, and where its customer comes back to."""

    session_id: str
    partner_id: str
    client_id: str
    merchant_id: str
    store_id: str | None
    terminal_id: str | None
    merchant_order_no: str
    amount: Money
    lines: tuple[SessionLine, ...]
    success_url: str
    cancel_url: str
    description: str | None
    customer_reference: str | None
    member_no: str | None
    expires_in_s: int


async def open_session(
    needs: Needs, conn: Connection, wish: Wish, *, now: datetime, sandbox: bool
) -> Attempted:
    """Store the session with its first attempt, in the caller's transaction; whatever is raised leaves nothing behind.

    Raises:
        LinesDoNotAddUp, ReturnUrlUnfit, ReturnUrlNotAllowed
        MerchantsError: the merchant, store or terminal cannot be paid.
        OrderExists, OrderPaid, OrderCanceled: the order number is taken.
        AmountAboveLimit, CurrencyNotTaken.
    """
    total_minor = sum(line.amount_minor for line in wish.lines)
    if wish.lines and total_minor != wish.amount.amount_minor:
        raise LinesDoNotAddUp(total_minor)
    payment = (await accept(needs, conn, _first(wish), now=now)).payment
    # After accept, which knows that the merchant is the caller's.
    urls = {"/success_url": wish.success_url, "/cancel_url": wish.cancel_url}
    await return_urls.check(
        conn, urls, partner_id=wish.partner_id, merchant_id=wish.merchant_id, sandbox=sandbox
    )
    session = await sql.insert(conn, _row(wish, payment), expires_at=_until(payment))
    return Attempted(session, payment)


async def try_again(
    needs: Needs, conn: Connection, *, session_id: str, partner_id: str, now: datetime
) -> Attempted:
    """Another attempt after a declined one, with a code of its own; who presses twice gets one.

    Raises:
        CheckoutSessionNotFound, NothingToRetry, TooManyAttempts
        MerchantsError: the merchant cannot be paid any more.
        OrderExists, OrderPaid, OrderCanceled: the order was paid, or is being paid, beside this session.
    """
    session = await sql.lock(conn, session_id=session_id, partner_id=partner_id)
    if session is None:
        raise CheckoutSessionNotFound
    payment = await payments.find(conn, partner_id=partner_id, payment_id=session.payment_id)
    assert payment is not None, "payments are never deleted"
    left_s = (session.expires_at - now).total_seconds()
    if session.state is not State.OPEN or payment.state not in FAILED or left_s < _WORTH_A_CODE_S:
        raise NothingToRetry
    if session.attempts >= MOST_ATTEMPTS:
        raise TooManyAttempts
    accepted = await accept(needs, conn, _again(session, int(left_s)), now=now)
    tried = await sql.next_attempt(conn, session, payment_id=accepted.payment.id)
    return Attempted(tried, accepted.payment)


def may_try_again(attempted: Attempted, now: datetime) -> bool:
    """Whether a page offers it; `try_again` decides."""
    session = attempted.session
    left_s = (session.expires_at - now).total_seconds()
    return (
        session.state is State.OPEN
        and attempted.payment.state in FAILED
        and session.attempts < MOST_ATTEMPTS
        and left_s >= _WORTH_A_CODE_S
    )


def _first(wish: Wish) -> Order:
    return Order(
        payment_id=_new_payment_id(wish.partner_id),
        partner_id=wish.partner_id,
        client_id=wish.client_id,
        merchant_id=wish.merchant_id,
        store_id=wish.store_id,
        terminal_id=wish.terminal_id,
        merchant_order_no=wish.merchant_order_no,
        amount=wish.amount,
        code=None,
        description=wish.description,
        expires_in_s=wish.expires_in_s,
        # A phone opens it as a link, a camera reads it at half the size of an EMV code.
        qr_form=Form.LINK,
        lines=_goods(wish.lines),
        member_no=wish.member_no,
        checkout_id=wish.session_id,
    )


def _again(session: Session, left_s: int) -> Order:
    terms = session.terms
    return Order(
        payment_id=_new_payment_id(session.partner_id),
        partner_id=session.partner_id,
        client_id=session.client_id,
        merchant_id=session.merchant_id,
        store_id=session.store_id,
        terminal_id=session.terminal_id,
        merchant_order_no=session.merchant_order_no,
        amount=Money(session.order_minor, session.currency),
        code=None,
        description=terms.description,
        expires_in_s=left_s,
        qr_form=Form.LINK,
        lines=_goods(terms.lines),
        member_no=terms.member_no,
        checkout_id=session.id,
    )


def _goods(lines: tuple[SessionLine, ...]) -> tuple[Line, ...]:
    """What offers on goods look at: lines that say which goods they are and cost something."""
    return tuple(
        Line(sku=one.sku, amount_minor=one.amount_minor, category=one.category)
        for one in lines
        if one.sku is not None and one.amount_minor > 0
    )


def _row(wish: Wish, payment: Payment) -> dict[str, object]:
    return {
        "partner_id": wish.partner_id,
        "id": wish.session_id,
        "merchant_id": wish.merchant_id,
        "store_id": payment.store_id,
        "terminal_id": wish.terminal_id,
        "client_id": wish.client_id,
        "merchant_order_no": wish.merchant_order_no,
        "currency": wish.amount.currency,
        "order_minor": wish.amount.amount_minor,
        "payment_id": payment.id,
        "terms": Terms(
            merchant_name=payment.terms.merchant_name,
            partner_no=payment.terms.partner_no,
            success_url=wish.success_url,
            cancel_url=wish.cancel_url,
            lines=wish.lines,
            description=wish.description,
            customer_reference=wish.customer_reference,
            member_no=wish.member_no,
        ),
    }


def _until(payment: Payment) -> datetime:
    assert payment.expires_at is not None, "a code that is shown lapses"
    return payment.expires_at


def _new_payment_id(partner_id: str) -> str:
    return new_id("pay", partner_no_of(partner_id) or 0)
