"""One of the bank's people, at the operators' listener."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.applications import Application, ApprovalRequest, Case, CaseQuery, Decision, Terms
from gateway.wire.clients import NewOperator, NewWalletClient, RegisteredClient
from gateway.wire.offers import Acceptance, Offer, OfferFilter


class Operator(SignedIn):
    """Reviews, approves, lets others in; a role decides which of these the gateway grants."""

    async def register_operator(
        self, operator: NewOperator, *, idempotency_key: str | None = None
    ) -> RegisteredClient:
        path = "/admin/v1/operators"
        return await self.do(path, RegisteredClient, operator, idempotency_key=idempotency_key)

    async def register_wallet(
        self, wallet: NewWalletClient, *, idempotency_key: str | None = None
    ) -> RegisteredClient:
        path = "/admin/v1/wallet-clients"
        return await self.do(path, RegisteredClient, wallet, idempotency_key=idempotency_key)

    def cases(self, matching: CaseQuery | None = None) -> AsyncIterator[Application]:
        """The queue, oldest first."""
        return self.pages("/admin/v1/applications", Application, matching)

    async def case(self, application_id: str) -> Case:
        return await self.get(f"/admin/v1/applications/{application_id}", Case)

    async def take(self, application_id: str, *, idempotency_key: str | None = None) -> Case:
        """Become the case's reviewer, who cannot approve it."""
        path = f"/admin/v1/applications/{application_id}/take"
        return await self.do(path, Case, idempotency_key=idempotency_key)

    async def propose_terms(self, application_id: str, terms: Terms) -> Case:
        return await self.put(f"/admin/v1/applications/{application_id}/terms", Case, terms)

    async def ask_for_more(
        self, application_id: str, why: Decision, *, idempotency_key: str | None = None
    ) -> Case:
        """Send the case back; the applicant reads why."""
        path = f"/admin/v1/applications/{application_id}/ask"
        return await self.do(path, Case, why, idempotency_key=idempotency_key)

    async def reject(self, application_id: str, why: Decision, *, idempotency_key: str | None = None) -> Case:
        """Turn the case down for good; the applicant reads why."""
        path = f"/admin/v1/applications/{application_id}/reject"
        return await self.do(path, Case, why, idempotency_key=idempotency_key)

    async def approve(
        self, application_id: str, approval: ApprovalRequest, *, idempotency_key: str | None = None
    ) -> Case:
        """As the second pair of eyes: the terms have to be those that the reviewer proposed."""
        path = f"/admin/v1/applications/{application_id}/approve"
        return await self.do(path, Case, approval, idempotency_key=idempotency_key)

    def offers(self, matching: OfferFilter | None = None) -> AsyncIterator[Offer]:
        """Every partner's, newest first."""
        return self.pages("/admin/v1/offers", Offer, matching)

    async def accept_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Agree to this very version, as it was read."""
        wish = Acceptance(hash=offer.hash)
        path = f"/admin/v1/offers/{offer.id}/accept"
        return await self.do(path, Offer, wish, idempotency_key=idempotency_key)
