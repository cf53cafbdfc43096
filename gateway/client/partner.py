"""A partner's own systems: an online shop, a chain's head office, a platform."""

from collections.abc import AsyncIterator

from gateway.client.checkouts import Checkouts
from gateway.client.deals import Deals
from gateway.client.endpoints import Endpoints
from gateway.client.payee import Payee
from gateway.client.servers import Servers
from gateway.client.sub_merchants import SubMerchants
from gateway.wire.clients import ActivationCode, Revocation
from gateway.wire.merchants import Merchant
from gateway.wire.payments import PaymentQuery, Refund, RefundPreviewRequest, RefundRequest, RefundShares
from gateway.wire.qr_codes import QrCode, QrCodeRequest
from gateway.wire.search import RefundFilter, RefundPage
from gateway.wire.stores import NewStore, NewTerminal, Store, Terminal


class Partner(Payee, Checkouts, Servers, SubMerchants, Deals, Endpoints):
    """Takes payments and refunds them, at tills and online; opens stores, agrees offers, has its events sent."""

    async def refund(
        self, payment_id: str, wish: RefundRequest, *, idempotency_key: str | None = None
    ) -> Refund:
        """Give back part or all of an order; customer and funders each get their part."""
        return await self.do(
            f"/v1/payments/{payment_id}/refunds",
            Refund,
            wish,
            idempotency_key=idempotency_key,
            wait_s=wish.wait_s,
        )

    async def preview_refund(self, payment_id: str, wish: RefundPreviewRequest) -> RefundShares:
        """Who would get what; moves nothing."""
        return await self.ask(f"/v1/payments/{payment_id}/refunds/preview", RefundShares, wish)

    async def read_refund(self, refund_id: str, *, wait_s: int = 0) -> Refund:
        """A refund; with `wait_s` as soon as the core has decided."""
        return await self.get(f"/v1/refunds/{refund_id}", Refund, PaymentQuery(wait_s=wait_s), wait_s=wait_s)

    def refunds(self, payment_id: str) -> AsyncIterator[Refund]:
        return self.pages(f"/v1/payments/{payment_id}/refunds", Refund)

    async def qr_code(self, payment_id: str, *, idempotency_key: str | None = None) -> QrCode:
        """The code of a payment that awaits its payer; `picture` draws it."""
        wish = QrCodeRequest(payment_id=payment_id)
        return await self.do("/v1/qr-codes", QrCode, wish, idempotency_key=idempotency_key)

    async def sticker(
        self,
        *,
        store_id: str | None = None,
        terminal_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> QrCode:
        """A code without an amount, for a store or for one of its tills, good until it is revoked."""
        wish = QrCodeRequest(store_id=store_id, terminal_id=terminal_id)
        return await self.do("/v1/qr-codes", QrCode, wish, idempotency_key=idempotency_key)

    async def merchant(self, merchant_id: str) -> Merchant:
        """Oneself, or a sub-merchant."""
        return await self.get(f"/v1/merchants/{merchant_id}", Merchant)

    def stores(self, merchant_id: str) -> AsyncIterator[Store]:
        return self.pages(f"/v1/merchants/{merchant_id}/stores", Store)

    async def open_store(
        self, merchant_id: str, store: NewStore, *, idempotency_key: str | None = None
    ) -> Store:
        path = f"/v1/merchants/{merchant_id}/stores"
        return await self.do(path, Store, store, idempotency_key=idempotency_key)

    def terminals(self, store_id: str) -> AsyncIterator[Terminal]:
        return self.pages(f"/v1/stores/{store_id}/terminals", Terminal)

    async def place_terminal(
        self, store_id: str, terminal: NewTerminal, *, idempotency_key: str | None = None
    ) -> Terminal:
        path = f"/v1/stores/{store_id}/terminals"
        return await self.do(path, Terminal, terminal, idempotency_key=idempotency_key)

    async def activation_code(
        self, terminal_id: str, *, idempotency_key: str | None = None
    ) -> ActivationCode:
        """To be typed into the till that will stand there."""
        path = f"/v1/terminals/{terminal_id}/activation-codes"
        return await self.do(path, ActivationCode, idempotency_key=idempotency_key)

    async def store(self, store_id: str) -> Store:
        return await self.get(f"/v1/stores/{store_id}", Store)

    async def close_store(self, store_id: str, *, idempotency_key: str | None = None) -> Store:
        """Nobody is paid there any more."""
        return await self.do(f"/v1/stores/{store_id}/close", Store, idempotency_key=idempotency_key)

    async def terminal(self, terminal_id: str) -> Terminal:
        return await self.get(f"/v1/terminals/{terminal_id}", Terminal)

    async def retire_terminal(self, terminal_id: str, *, idempotency_key: str | None = None) -> Terminal:
        path = f"/v1/terminals/{terminal_id}/retire"
        return await self.do(path, Terminal, idempotency_key=idempotency_key)

    async def revoke_till(
        self, terminal_id: str, why: Revocation, *, idempotency_key: str | None = None
    ) -> None:
        """A stolen till: not one payment more. Its terminal waits for another one."""
        path = f"/v1/terminals/{terminal_id}/revoke"
        await self.do(path, type(None), why, idempotency_key=idempotency_key)

    async def revoke_qr_code(self, qr_code_id: str, *, idempotency_key: str | None = None) -> QrCode:
        return await self.do(f"/v1/qr-codes/{qr_code_id}/revoke", QrCode, idempotency_key=idempotency_key)

    async def find_refunds(self, matching: RefundFilter) -> RefundPage:
        """One page, with what all that match come to."""
        return await self.get("/v1/refunds", RefundPage, matching)
