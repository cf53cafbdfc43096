"""What a payment holds: captured, all or part with the amounts shown before, or let go."""

from dataclasses import replace
from typing import Final

from aiohttp import web

from gateway.api import captures, payments
from gateway.door.listeners import Page
from gateway.pages.frame import Refusal
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.typed import amount_typed
from gateway.payments.errors import NotCapturable
from gateway.wire.payments import Payment

_WAIT_S: Final = 5
_TAKEN: Final = frozenset({"capturing", "succeeded"})


def capture_pages(console: Console) -> tuple[Page, ...]:
    one = f"{HOME}/payments/{{payment_id}}"
    return (
        console.page(f"{one}/capture", show_capture),
        console.deed(f"{one}/capture", capture, back=show_capture),
        console.deed(f"{one}/let-go", let_go, back=show_capture),
    )


async def show_capture(here: Here) -> web.StreamResponse:
    """What taking so much would mean for whom; `amount` is in the address, for nothing moves yet."""
    payment = await _find(here)
    is_held = payment.next_action.type == "capture"
    typed = here.form.get("amount") or here.request.query.get("amount") or forms.typed(payment.order)
    shares, refusal = None, here.refusal
    if is_held and refusal is None and here.may("pay"):
        try:
            body = {"amount": amount_typed(typed, payment.order.currency)}
            shares = await here.do(captures.preview_capture, path=here.path, body=body)
        except Exception as error:  # noqa: BLE001 - the page says whatever it is beside the amount
            refusal = Refusal.of(error)
    return replace(here, refusal=refusal).draw(
        "capture.html", payment=payment, is_held=is_held, typed=typed, shares=shares
    )


async def capture(here: Here) -> str:
    payment = await _find(here)
    body = {"amount": amount_typed(here.form.get("amount", ""), payment.order.currency), "wait_s": _WAIT_S}
    await here.do(captures.capture_payment, path=here.path, body=body, key=here.form.get("key"))
    return f"{HOME}/payments/{payment.id}"


async def let_go(here: Here) -> str:
    """Only what is held: a capture that came first is not undone by a page that was drawn before it.

    Raises:
        NotCapturable: it is captured, or on its way to be.
    """
    payment = await _find(here)
    if payment.state in _TAKEN:
        raise NotCapturable(payment.state)
    body = {"wait_s": _WAIT_S}
    await here.do(payments.cancel_payment, path=here.path, body=body, key=here.form.get("key"))
    return f"{HOME}/payments/{payment.id}"


async def _find(here: Here) -> Payment:
    found: Payment = await here.do(payments.read_payment, path=here.path)
    return found
