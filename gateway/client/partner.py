"""A partner's own systems: an online shop, a chain's head office, a platform."""

from collections.abc import AsyncIterator

from gateway.client.payee import Payee
from gateway.client.servers import Servers
from gateway.wire.clients import ActivationCode
from gateway.wire.merchants import Merchant
from gateway.wire.offer_figures import Quote, QuoteRequest
from gateway.wire.offers import Acceptance, Deal, Offer
from gateway.wire.payments import PaymentQuery, Refund, RefundPreviewRequest, RefundRequest, RefundShares
from gateway.wire.qr_codes import QrCode, QrCodeRequest
from gateway.wire.stores import NewStore, NewTerminal, Store, Terminal
from gateway.wire.webhooks import Event, EventPage, FeedQuery, NewWebhookEndpoint, WebhookEndpoint


class Partner(Payee, Servers):
    """Takes payments and refunds them, opens stores and tills, agrees offers, has its events sent."""

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

    async def draft_offer(self, deal: Deal, *, idempotency_key: str | None = None) -> Offer:
        """Put an offer on the table; it binds nobody yet."""
        return await self.do("/v1/offers", Offer, deal, idempotency_key=idempotency_key)

    async def propose_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Stand by this very version; it is agreed once the bank accepts the same hash."""
        wish = Acceptance(hash=offer.hash)
        path = f"/v1/offers/{offer.id}/propose"
        return await self.do(path, Offer, wish, idempotency_key=idempotency_key)

    async def offer(self, offer_id: str) -> Offer:
        return await self.get(f"/v1/offers/{offer_id}", Offer)

    async def quote(self, cart: QuoteRequest) -> Quote:
        """What a payer would get now; reserves nothing."""
        return await self.ask("/v1/offers/quote", Quote, cart)

    async def subscribe(
        self, endpoint: NewWebhookEndpoint, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Have events sent; keep the answer's `secret`, it is shown once."""
        path = "/v1/webhook-endpoints"
        return await self.do(path, WebhookEndpoint, endpoint, idempotency_key=idempotency_key)

    async def events(self, query: FeedQuery) -> EventPage:
        """What happened since `query.cursor`: the answer to "what did I miss"."""
        return await self.get("/v1/events", EventPage, query)

    async def all_events(self, types: tuple[str, ...] = ()) -> AsyncIterator[Event]:
        """Everything up to now, in order."""
        query = FeedQuery(limit=100, type=list(types))
        while True:
            page = await self.events(query)
            for event in page.items:
                yield event
            if not page.more:
                return
            query = FeedQuery(limit=100, type=list(types), cursor=page.next)
