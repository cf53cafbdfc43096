"""Payments found again, one payment with all that became of it, and giving money back."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from gateway.api import payments, refunds, search, stores, timelines
from gateway.door.errors import RequestInvalid
from gateway.door.listeners import Page
from gateway.pages.frame import Refusal
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.sheet import leading_to
from gateway.pages.typed import amount_typed, begins
from gateway.wire.payments import Payment, PaymentState
from gateway.wire.search import PaymentPage
from gateway.wire.stores import Store

_PAGE: Final = 25
_MOST: Final = 100
_REFUND_WAIT_S: Final = 5
_A_PAYMENT: Final = re.compile(r"pay_[0-9a-f]{32}")
_FILTERS: Final = ("q", "state", "store_id", "from", "to", "cursor")
_WEEK: Final = timedelta(days=6)
_NOTHING: Final = PaymentPage(items=[], next=None, totals=None)


def payment_pages(console: Console) -> tuple[Page, ...]:
    one = f"{HOME}/payments/{{payment_id}}"
    return (
        console.page(f"{HOME}/payments", show_payments),
        console.page(one, show_payment),
        console.page(f"{one}/refund", show_refund),
        console.deed(f"{one}/refund", refund, back=show_refund),
    )


async def show_payments(here: Here) -> web.StreamResponse:
    """Newest first; without a wish, those of the last seven days with their totals."""
    asked = {name: here.request.query.get(name, "").strip() for name in _FILTERS}
    if _A_PAYMENT.fullmatch(asked["q"]):
        return leading_to(f"{HOME}/payments/{asked['q']}")
    if not any(asked.values()):
        asked |= {"from": str(forms.today() - _WEEK), "to": str(forms.today())}
    found, refusal = _NOTHING, None
    try:
        found = await here.do(search.list_payments, query={"limit": _PAGE, **_query(asked)})
    except RequestInvalid as error:
        refusal = Refusal.of(error)
    return replace(here, refusal=refusal).draw(
        "payments.html",
        asked=asked,
        found=found,
        stores=await _stores(here),
        states=PaymentState.__args__,  # type: ignore[attr-defined] # a Literal has them
        older={**asked, "cursor": found.next} if found.next else None,
    )


async def show_payment(here: Here) -> web.StreamResponse:
    payment = await _find(here)
    given_back = await here.do(refunds.list_refunds, path=here.path)
    told = await here.do(timelines.read_timeline, path=here.path)
    return here.draw(
        "payment.html",
        payment=payment,
        refunds=given_back.items,
        timeline=told.items,
        refundable_minor=_refundable_minor(payment) if here.may("refund") else 0,
        may_capture=here.may("pay") or here.may("cancel"),
    )


async def show_refund(here: Here) -> web.StreamResponse:
    """What giving back so much would mean for whom; `amount` is in the address, for nothing moves yet."""
    payment = await _find(here)
    made = await here.do(refunds.list_refunds, path=here.path)
    typed = here.form.get("amount") or here.request.query.get("amount", "")
    shares, refusal = None, here.refusal
    if typed and refusal is None:
        try:
            shares = await _preview(here, payment, typed)
        except Exception as error:  # noqa: BLE001 - the page says whatever it is beside the amount
            refusal = Refusal.of(error)
    return replace(here, refusal=refusal).draw(
        "refund.html",
        payment=payment,
        typed=typed,
        shares=shares,
        refund_no=here.form.get("merchant_refund_no") or _next_number(payment, len(made.items)),
        refundable_minor=_refundable_minor(payment),
    )


async def refund(here: Here) -> str:
    payment = await _find(here)
    asked = amount_typed(here.form.get("amount", ""), payment.order.currency)
    body: dict[str, Any] = {
        "merchant_refund_no": here.form.get("merchant_refund_no", ""),
        "amount": asked,
        "wait_s": _REFUND_WAIT_S,
    }
    if here.form.get("reason", "").strip():
        body["reason"] = here.form["reason"].strip()
    await here.do(refunds.create_refund, path=here.path, body=body, key=here.form.get("key"))
    return f"{HOME}/payments/{payment.id}#refunds"


async def _preview(here: Here, payment: Payment, typed: str) -> Any:
    return await here.do(
        refunds.preview_refund, path=here.path, body={"amount": amount_typed(typed, payment.order.currency)}
    )


async def _find(here: Here) -> Payment:
    found: Payment = await here.do(payments.read_payment, path=here.path)
    return found


async def _stores(here: Here) -> list[Store]:
    if not here.may("merchants"):
        return []
    path = {"merchant_id": here.merchant_id}
    found: list[Store] = (await here.do(stores.list_stores, path=path, query={"limit": _MOST})).items
    return found


def _query(asked: dict[str, str]) -> dict[str, str | None]:
    """Days are whole ones, the last one too."""
    since = forms.day(asked["from"], pointer="#query/from")
    until = forms.day(asked["to"], pointer="#query/to")
    return {
        "merchant_order_no": asked["q"],
        "state": asked["state"],
        "store_id": asked["store_id"],
        "from": begins(since).isoformat() if since else None,
        "to": begins(until + timedelta(days=1)).isoformat() if until else None,
        "cursor": asked["cursor"],
    }


def _refundable_minor(payment: Payment) -> int:
    if payment.state != "succeeded":
        return 0
    return payment.order.amount_minor - payment.refunded.amount_minor


def _next_number(payment: Payment, made: int) -> str:
    """A number of its own for each refund; the partner may write another."""
    ending = f"-R{made + 1}"
    return payment.merchant_order_no[: 64 - len(ending)] + ending
