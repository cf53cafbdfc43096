"""`gateway partner payments` and `refunds`: what was paid, and what is given back."""

import hashlib

import click

from gateway.cli.amount import AmountType
from gateway.cli.asking import NotKnown, Refused, SaidNo, Session, acting, most, repeatable
from gateway.cli.shown import show, show_all
from gateway.client import Partner, ProblemAnswered
from gateway.wire.money import PositiveAmount
from gateway.wire.payments import Refund, RefundPreviewRequest, RefundRequest
from gateway.wire.search import PaymentFilter

_PAYMENT = click.argument("payment_id", metavar="PAYMENT")
_AMOUNT = click.argument("amount", type=AmountType())
_REFUND_COLUMNS = ("id", "state", "merchant_refund_no", "shares.order", "shares.to_payer", "created_at")


@click.group("payments")
def payments() -> None:
    """What was paid, and how far it is."""


@payments.command("list")
@click.option("--order", "merchant_order_no", help="Only of this order number.")
@click.option("--merchant", "merchant_id", help="Only of this sub-merchant.")
@most
@acting
def list_payments(
    session: Session, merchant_order_no: str | None, merchant_id: str | None, most: int
) -> None:
    """Newest first."""
    matching = PaymentFilter(
        merchant_order_no=merchant_order_no, merchant_id=merchant_id, limit=min(most, 100)
    )
    found = session.listed(Partner, lambda one: one.payments(matching), most=most)
    show_all(
        found, session.how, ("id", "state", "merchant_order_no", "order", "paid", "refunded", "created_at")
    )


@payments.command("show")
@_PAYMENT
@acting
def show_payment(session: Session, payment_id: str) -> None:
    """One payment as it is now."""
    session.show(Partner, lambda one: one.payment(payment_id))


@payments.command("timeline")
@_PAYMENT
@acting
def timeline(session: Session, payment_id: str) -> None:
    """Whatever happened to it: calls to the core and events, in order."""
    session.show(Partner, lambda one: one.timeline(payment_id))


@payments.command("cancel")
@_PAYMENT
@repeatable
@acting
def cancel(session: Session, payment_id: str, idempotency_key: str | None) -> None:
    """Take it back whole: the customer ends uncharged."""
    session.show(Partner, lambda one: one.cancel(payment_id, idempotency_key=idempotency_key))


@click.group("refunds")
def refunds() -> None:
    """Give money back, and see who gets which part."""


@refunds.command("preview")
@_PAYMENT
@_AMOUNT
@acting
def preview(session: Session, payment_id: str, amount: PositiveAmount) -> None:
    """Who would get what if AMOUNT of the order were given back; moves nothing."""
    wish = RefundPreviewRequest(amount=amount)
    session.show(Partner, lambda one: one.preview_refund(payment_id, wish))


@refunds.command("make")
@_PAYMENT
@_AMOUNT
@click.option(
    "--number", required=True, help="Your own number for it; the same one again is the same refund."
)
@click.option("--reason", help="The customer reads it.")
@repeatable
@acting
def make(
    session: Session,
    *,
    payment_id: str,
    amount: PositiveAmount,
    number: str,
    reason: str | None,
    idempotency_key: str | None,
) -> None:
    """Give AMOUNT of the order back; exits with 3 when it failed, with 5 while it is under way."""
    wish = RefundRequest(merchant_refund_no=number, amount=amount, reason=reason)
    key = idempotency_key or hashlib.sha256(f"{payment_id} {number}".encode()).hexdigest()

    async def given_back(one: Partner) -> Refund:
        try:
            return await one.refund(payment_id, wish, idempotency_key=key)
        except ProblemAnswered as problem:
            if problem.code != "idempotency_key_reused" or idempotency_key:
                raise
            raise Refused(
                f"{number} is a refund of this payment already, with another amount or reason: "
                "the same again, or another --number"
            ) from None

    made = session.ask(Partner, given_back)
    show(made, session.how)
    _judge(made)


@refunds.command("show")
@click.argument("refund_id", metavar="REFUND")
@click.option("--wait-s", type=click.IntRange(0, 30), default=0, show_default=True)
@acting
def show_refund(session: Session, refund_id: str, wait_s: int) -> None:
    """One refund; with --wait-s as soon as the core has decided."""
    found: Refund = session.ask(Partner, lambda one: one.read_refund(refund_id, wait_s=wait_s))
    show(found, session.how)
    if wait_s:
        _judge(found)


@refunds.command("list")
@_PAYMENT
@most
@acting
def list_refunds(session: Session, payment_id: str, most: int) -> None:
    """What was given back of a payment."""
    found = session.listed(Partner, lambda one: one.refunds(payment_id), most=most)
    show_all(found, session.how, _REFUND_COLUMNS)


COMMANDS = (payments, refunds)


def _judge(refund: Refund) -> None:
    if refund.state == "failed":
        raise SaidNo("nothing was given back")
    if refund.state != "succeeded":
        raise NotKnown(f"under way: gateway partner refunds show {refund.id} --wait-s 30")
