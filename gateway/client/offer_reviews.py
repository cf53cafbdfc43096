"""Co-branded offers, from the bank's side of the table."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.offer_figures import Figures, FiguresFilter
from gateway.wire.offers import Acceptance, DealChange, Offer, OfferFilter, StateChange


class OfferReviews(SignedIn):
    """Accepts, counters or turns down what partners propose, and stops what runs."""

    def offers(self, matching: OfferFilter | None = None) -> AsyncIterator[Offer]:
        """Every partner's, newest first."""
        return self.pages("/admin/v1/offers", Offer, matching)

    async def offer(self, offer_id: str) -> Offer:
        return await self.get(f"/admin/v1/offers/{offer_id}", Offer)

    async def offer_figures(self, offer_id: str, matching: FiguresFilter | None = None) -> Figures:
        """What it has cost whom so far, by store, day and hour."""
        return await self.get(f"/admin/v1/offers/{offer_id}/figures", Figures, matching)

    async def accept_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Agree to this very version, as it was read."""
        wish = Acceptance(hash=offer.hash)
        path = f"/admin/v1/offers/{offer.id}/accept"
        return await self.do(path, Offer, wish, idempotency_key=idempotency_key)

    async def counter_offer(self, offer_id: str, change: DealChange) -> Offer:
        """Another version, which the partner has to accept."""
        return await self.put(f"/admin/v1/offers/{offer_id}", Offer, change, method="PATCH")

    async def reject_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        path = f"/admin/v1/offers/{offer_id}/reject"
        return await self.do(path, Offer, why, idempotency_key=idempotency_key)

    async def pause_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        path = f"/admin/v1/offers/{offer_id}/pause"
        return await self.do(path, Offer, why, idempotency_key=idempotency_key)

    async def resume_offer(self, offer_id: str, *, idempotency_key: str | None = None) -> Offer:
        path = f"/admin/v1/offers/{offer_id}/resume"
        return await self.do(path, Offer, idempotency_key=idempotency_key)

    async def end_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        path = f"/admin/v1/offers/{offer_id}/end"
        return await self.do(path, Offer, why, idempotency_key=idempotency_key)
