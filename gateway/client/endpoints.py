"""Where a partner's events go: endpoints, what was delivered to them, and what is sent again."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request
from gateway.wire.webhooks import (
    Delivery,
    DeliveryFilter,
    Event,
    EventPage,
    FeedQuery,
    NewWebhookEndpoint,
    Replay,
    ReplayRequest,
    RotatedSecret,
    SignedEventPage,
    SignedFeedQuery,
    WebhookEndpoint,
    WebhookEndpointChange,
)


class Endpoints(SignedIn):
    """Has events sent, and asks for those it missed; `webhook.Verifier` checks what arrives."""

    def endpoints(self) -> AsyncIterator[WebhookEndpoint]:
        return self.pages("/v1/webhook-endpoints", WebhookEndpoint)

    async def subscribe(
        self, endpoint: NewWebhookEndpoint, *, idempotency_key: str | None = None
    ) -> WebhookEndpoint:
        """Have events sent; keep the answer's `secret`, it is shown once."""
        path = "/v1/webhook-endpoints"
        return await self.do(path, WebhookEndpoint, endpoint, idempotency_key=idempotency_key)

    async def endpoint(self, endpoint_id: str) -> WebhookEndpoint:
        return await self.get(f"/v1/webhook-endpoints/{endpoint_id}", WebhookEndpoint)

    async def change_endpoint(self, endpoint_id: str, change: WebhookEndpointChange) -> WebhookEndpoint:
        path = f"/v1/webhook-endpoints/{endpoint_id}"
        return await self.put(path, WebhookEndpoint, change, method="PATCH")

    async def unsubscribe(self, endpoint_id: str) -> None:
        """Nothing more is sent there, not even what was due."""
        path = f"/v1/webhook-endpoints/{endpoint_id}"
        await self.call(Request(method="DELETE", path=path, harmless=True))

    async def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> RotatedSecret:
        """Another secret; for a while both sign, so that nothing is refused."""
        path = f"/v1/webhook-endpoints/{endpoint_id}/rotate-secret"
        return await self.do(path, RotatedSecret, idempotency_key=idempotency_key)

    async def send_test(self, endpoint_id: str, *, idempotency_key: str | None = None) -> Delivery:
        path = f"/v1/webhook-endpoints/{endpoint_id}/test"
        return await self.do(path, Delivery, idempotency_key=idempotency_key)

    async def recover(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookEndpoint:
        """Switch an endpoint on again that was disabled for failing."""
        path = f"/v1/webhook-endpoints/{endpoint_id}/recover"
        return await self.do(path, WebhookEndpoint, idempotency_key=idempotency_key)

    def deliveries(self, endpoint_id: str, matching: DeliveryFilter | None = None) -> AsyncIterator[Delivery]:
        return self.pages(f"/v1/webhook-endpoints/{endpoint_id}/deliveries", Delivery, matching)

    async def delivery(self, delivery_id: str) -> Delivery:
        return await self.get(f"/v1/deliveries/{delivery_id}", Delivery)

    async def resend(self, delivery_id: str, *, idempotency_key: str | None = None) -> Delivery:
        path = f"/v1/deliveries/{delivery_id}/resend"
        return await self.do(path, Delivery, idempotency_key=idempotency_key)

    async def skip(self, delivery_id: str, *, idempotency_key: str | None = None) -> Delivery:
        """Give one up, so that those behind it go out."""
        path = f"/v1/deliveries/{delivery_id}/skip"
        return await self.do(path, Delivery, idempotency_key=idempotency_key)

    async def replay(
        self, endpoint_id: str, what: ReplayRequest, *, idempotency_key: str | None = None
    ) -> Replay:
        """Send again what happened in a time."""
        path = f"/v1/webhook-endpoints/{endpoint_id}/replay"
        return await self.do(path, Replay, what, idempotency_key=idempotency_key)

    async def events(self, query: FeedQuery) -> EventPage:
        """What happened since `query.cursor`: the answer to "what did I miss"."""
        return await self.get("/v1/events", EventPage, query)

    async def signed_events(self, query: SignedFeedQuery) -> SignedEventPage:
        """In the sandbox: events as webhooks of this moment, as soon as there are some; `Forwarder` posts them."""
        return await self.get("/v1/events/signed", SignedEventPage, query, wait_s=query.wait_s)

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
