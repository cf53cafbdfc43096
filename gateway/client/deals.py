"""Co-branded offers, from the partner's side of the table."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.offer_figures import Figures, FiguresFilter, Quote, QuoteRequest
from gateway.wire.offers import Acceptance, Deal, DealChange, Offer, OfferFilter, StateChange


class Deals(SignedIn):
    """Drafts, proposes and accepts offers, and stops those that run."""

    def offers(self, matching: OfferFilter | None = None) -> AsyncIterator[Offer]:
        """Newest first."""
        return self.pages("/v1/offers", Offer, matching)

    async def offer(self, offer_id: str) -> Offer:
        return await self.get(f"/v1/offers/{offer_id}", Offer)

    async def draft_offer(self, deal: Deal, *, idempotency_key: str | None = None) -> Offer:
        """Put an offer on the table; it binds nobody yet."""
        return await self.do("/v1/offers", Offer, deal, idempotency_key=idempotency_key)

    async def change_offer(self, offer_id: str, change: DealChange) -> Offer:
        """Another version, which has to be agreed anew."""
        return await self.put(f"/v1/offers/{offer_id}", Offer, change, method="PATCH")

    async def propose_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Stand by this very version; it is agreed once the bank accepts the same hash."""
        wish = Acceptance(hash=offer.hash)
        path = f"/v1/offers/{offer.id}/propose"
        return await self.do(path, Offer, wish, idempotency_key=idempotency_key)

    async def accept_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Agree to the bank's version, as it was read."""
        wish = Acceptance(hash=offer.hash)
        path = f"/v1/offers/{offer.id}/accept"
        return await self.do(path, Offer, wish, idempotency_key=idempotency_key)

    async def reject_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        return await self.do(f"/v1/offers/{offer_id}/reject", Offer, why, idempotency_key=idempotency_key)

    async def pause_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        """No payment gets it until it is resumed; what is reserved stays."""
        return await self.do(f"/v1/offers/{offer_id}/pause", Offer, why, idempotency_key=idempotency_key)

    async def resume_offer(self, offer_id: str, *, idempotency_key: str | None = None) -> Offer:
        return await self.do(f"/v1/offers/{offer_id}/resume", Offer, idempotency_key=idempotency_key)

    async def end_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        return await self.do(f"/v1/offers/{offer_id}/end", Offer, why, idempotency_key=idempotency_key)

    async def offer_figures(self, offer_id: str, matching: FiguresFilter | None = None) -> Figures:
        """What it has cost whom so far, by store, day and hour."""
        return await self.get(f"/v1/offers/{offer_id}/figures", Figures, matching)

    async def quote(self, cart: QuoteRequest) -> Quote:
        """What a payer would get now; reserves nothing."""
        return await self.ask("/v1/offers/quote", Quote, cart)

    def funded_offers(self) -> AsyncIterator[Offer]:
        """Others' offers that you would pay for as a third party, newest first."""
        return self.pages("/v1/funded-offers", Offer)

    async def fund_offer(self, offer: Offer, *, idempotency_key: str | None = None) -> Offer:
        """Stand by the share that exactly this version has you pay."""
        wish = Acceptance(hash=offer.hash)
        return await self.do(f"/v1/offers/{offer.id}/fund", Offer, wish, idempotency_key=idempotency_key)

    async def funded_offer(self, offer_id: str) -> Offer:
        return await self.get(f"/v1/funded-offers/{offer_id}", Offer)

    async def funded_offer_figures(self, offer_id: str, matching: FiguresFilter | None = None) -> Figures:
        """What an offer that you pay a share of has cost whom so far."""
        return await self.get(f"/v1/funded-offers/{offer_id}/figures", Figures, matching)

    async def pause_funded_offer(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        """No payment gets it until you resume it; what is reserved stays, and you pay your share of it."""
        path = f"/v1/funded-offers/{offer_id}/pause"
        return await self.do(path, Offer, why, idempotency_key=idempotency_key)

    async def resume_funded_offer(self, offer_id: str, *, idempotency_key: str | None = None) -> Offer:
        return await self.do(f"/v1/funded-offers/{offer_id}/resume", Offer, idempotency_key=idempotency_key)

    async def withdraw_funding(
        self, offer_id: str, why: StateChange, *, idempotency_key: str | None = None
    ) -> Offer:
        """Pay no share of this version any more: it stops at once, and for good."""
        path = f"/v1/funded-offers/{offer_id}/withdraw"
        return await self.do(path, Offer, why, idempotency_key=idempotency_key)
