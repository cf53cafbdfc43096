"""Who is paid: what a till and a partner's systems have in common, and the till, which can do no more."""

from collections.abc import AsyncIterator
from typing import Final, Literal

from gateway.client.settling import FINAL, settled
from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request
from gateway.wire.captures import CapturePreviewRequest, CaptureShares
from gateway.wire.payments import (
    CancelOrder,
    CaptureRequest,
    Payment,
    PaymentQuery,
    PaymentRequest,
    TerminalPayments,
    TerminalQuery,
    Waiting,
)
from gateway.wire.qr_codes import QrCode
from gateway.wire.qr_inspection import Inspection, InspectionRequest
from gateway.wire.search import PaymentFilter
from gateway.wire.timelines import Timeline

_ITS_MERCHANTS_TURN: Final = frozenset({*FINAL, "authorized"})


class Payee(SignedIn):
    """Takes payments, asks how they ended, takes them back."""

    async def pay(self, order: PaymentRequest, *, idempotency_key: str | None = None) -> Payment:
        """Ask to be paid: with the customer's `code` at once, else by the QR code in the answer's `next_action`.

        The state may be `processing`: that is no failure, and `wait` knows the end.
        """
        return await self.do(
            "/v1/payments", Payment, order, idempotency_key=idempotency_key, wait_s=order.wait_s
        )

    async def payment(self, payment_id: str, *, wait_s: int = 0) -> Payment:
        """The payment as it is now, or as soon as it is settled."""
        return await self.get(
            f"/v1/payments/{payment_id}", Payment, PaymentQuery(wait_s=wait_s), wait_s=wait_s
        )

    async def wait(self, payment_id: str, *, within_s: float = 120.0) -> Payment:
        """The payment once it is final, or as it is when the time is over; the default outlasts every doubt.

        One whose amount is held is waited for no longer: it is you who captures or cancels it.
        """
        return await settled(
            lambda wait_s: self.payment(payment_id, wait_s=wait_s),
            enough=_ITS_MERCHANTS_TURN,
            within_s=within_s,
        )

    def payments(self, matching: PaymentFilter | None = None) -> AsyncIterator[Payment]:
        """Newest first."""
        return self.pages("/v1/payments", Payment, matching)

    async def timeline(self, payment_id: str) -> Timeline:
        """The calls to the wallet core and the events told of it, in order."""
        return await self.get(f"/v1/payments/{payment_id}/timeline", Timeline)

    async def capture(
        self, payment_id: str, taking: CaptureRequest, *, idempotency_key: str | None = None
    ) -> Payment:
        """Take what is held, all or part; the rest goes back to the customer."""
        path = f"/v1/payments/{payment_id}/capture"
        return await self.do(path, Payment, taking, idempotency_key=idempotency_key, wait_s=taking.wait_s)

    async def preview_capture(self, payment_id: str, wish: CapturePreviewRequest) -> CaptureShares:
        """Who would give what; moves nothing."""
        return await self.ask(f"/v1/payments/{payment_id}/capture/preview", CaptureShares, wish)

    async def cancel(self, payment_id: str, *, idempotency_key: str | None = None) -> Payment:
        """Once accepted, the customer ends uncharged."""
        waiting = Waiting()
        path = f"/v1/payments/{payment_id}/cancel"
        return await self.do(path, Payment, waiting, idempotency_key=idempotency_key, wait_s=waiting.wait_s)

    async def cancel_order(self, order: CancelOrder, *, idempotency_key: str | None = None) -> Payment:
        """The way out when every answer was lost: whatever there is or will be under this number ends uncharged."""
        path = "/v1/payments/cancel"
        return await self.do(path, Payment, order, idempotency_key=idempotency_key, wait_s=order.wait_s)

    async def shown_code(self, qr_code_id: str) -> QrCode:
        """A code, also after its end."""
        return await self.get(f"/v1/qr-codes/{qr_code_id}", QrCode)

    async def inspect(self, scanned: str) -> Inspection:
        """What a scanned text is, and what is wrong with it; redeems nothing."""
        return await self.ask("/v1/qr-codes/inspect", Inspection, InspectionRequest(code=scanned))

    async def terminal_payments(self, terminal_id: str, query: TerminalQuery) -> TerminalPayments:
        """Payments by a terminal's sticker after `query.after`, or as soon as there is one."""
        path = f"/v1/terminals/{terminal_id}/payments"
        return await self.get(path, TerminalPayments, query, wait_s=query.wait_s)

    async def picture(
        self,
        qr_code_id: str,
        *,
        kind: Literal["png", "svg"] = "png",
        use: Literal["screen", "till", "poster"] = "screen",
    ) -> bytes:
        """The picture of a code, to be shown or printed."""
        path = f"/v1/qr-codes/{qr_code_id}/image"
        query = (("format", kind), ("use", use))
        return await self.call(Request(method="GET", path=path, query=query, harmless=True))


class Till(Payee):
    """A till at one terminal: it takes payments and cancels its own."""
