"""Online orders: a shop sends its customer to a page of the gateway's, and has its answer verified."""

from gateway.client.checkout_result import ResultVerifier
from gateway.client.signed_in import SignedIn
from gateway.client.transport import Gateway, Request, decoded
from gateway.wire.checkout import CheckoutRequest, CheckoutSession, ReturnOrigins
from gateway.wire.checkout_result import CheckoutResult
from gateway.wire.oauth import KeySet


class Checkouts(SignedIn):
    """Opens checkout sessions, reads and ends them."""

    async def open_checkout(
        self, order: CheckoutRequest, *, idempotency_key: str | None = None
    ) -> CheckoutSession:
        """Redirect the customer to the `url` of the answer, and keep its `id` with the order."""
        return await self.do("/v1/checkout-sessions", CheckoutSession, order, idempotency_key=idempotency_key)

    async def checkout(self, session_id: str) -> CheckoutSession:
        return await self.get(f"/v1/checkout-sessions/{session_id}", CheckoutSession)

    async def expire_checkout(
        self, session_id: str, *, idempotency_key: str | None = None
    ) -> CheckoutSession:
        """So that it cannot be paid any more; its order number may be used again."""
        path = f"/v1/checkout-sessions/{session_id}/expire"
        return await self.do(path, CheckoutSession, idempotency_key=idempotency_key)

    async def return_origins(self, merchant_id: str) -> list[str]:
        return (await self.get(f"/v1/merchants/{merchant_id}/return-origins", ReturnOrigins)).origins

    async def allow_return_origins(self, merchant_id: str, origins: list[str]) -> list[str]:
        """Where checkout pages may lead back to; replaces what was allowed before."""
        path = f"/v1/merchants/{merchant_id}/return-origins"
        return (await self.put(path, ReturnOrigins, ReturnOrigins(origins=origins))).origins


class ResultReader:
    """Verifies results with the gateway's keys as they are now; keep one, for it keeps the keys.

    Args:
        environment: `production`, or `sandbox` for tests.
    """

    def __init__(self, gateway: Gateway, *, merchant_id: str, environment: str) -> None:
        self._gateway = gateway
        self._verifier = ResultVerifier(
            issuer=gateway.issuer, merchant_id=merchant_id, environment=environment
        )

    async def verify_checkout_result(self, signed: str, *, session_id: str) -> CheckoutResult:
        """What the browser brought as `checkout_result`, if it is the gateway's word on this very session.

        Args:
            signed: as it stands in the address.
            session_id: of the session that this customer was sent to: another order's result proves nothing.

        Raises:
            ResultRefused: which of its kinds says why; show the order as unpaid, and read the session.
        """
        if self._verifier.wants_keys(signed):
            request = Request(method="GET", path="/.well-known/jwks.json", harmless=True)
            self._verifier.learn(decoded(await self._gateway.send(request), KeySet))
        return self._verifier.verify(signed, session_id=session_id)
