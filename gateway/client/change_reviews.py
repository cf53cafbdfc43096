"""Changes of what is on record, and personal data in clear: both leave their trace."""

from collections.abc import AsyncIterator

import msgspec

from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request, decoded
from gateway.wire.applications import PlaceTerms, Terms
from gateway.wire.changes import (
    Change,
    ChangeCase,
    ChangeDecision,
    ChangeQuery,
    SearchHits,
    SearchWish,
    Unmasked,
    Unmasking,
)
from gateway.wire.documents import Document, DocumentList
from gateway.wire.trail import Deed, TrailQuery


class ChangeReviews(SignedIn):
    """One takes a change, another approves it; who looks at people's data says why."""

    def changes(self, matching: ChangeQuery | None = None) -> AsyncIterator[Change]:
        """The queue, oldest first."""
        return self.pages("/admin/v1/changes", Change, matching)

    async def change(self, change_id: str) -> ChangeCase:
        return await self.get(f"/admin/v1/changes/{change_id}", ChangeCase)

    async def take_change(self, change_id: str, *, idempotency_key: str | None = None) -> ChangeCase:
        path = f"/admin/v1/changes/{change_id}/take"
        return await self.do(path, ChangeCase, idempotency_key=idempotency_key)

    async def approve_change(
        self, change_id: str, why: ChangeDecision, *, idempotency_key: str | None = None
    ) -> ChangeCase:
        path = f"/admin/v1/changes/{change_id}/approve"
        return await self.do(path, ChangeCase, why, idempotency_key=idempotency_key)

    async def reject_change(
        self, change_id: str, why: ChangeDecision, *, idempotency_key: str | None = None
    ) -> ChangeCase:
        path = f"/admin/v1/changes/{change_id}/reject"
        return await self.do(path, ChangeCase, why, idempotency_key=idempotency_key)

    async def propose_merchant_terms(
        self, merchant_id: str, terms: Terms, *, idempotency_key: str | None = None
    ) -> ChangeCase:
        """Another fee or limit, which somebody else approves as any change."""
        path = f"/admin/v1/merchants/{merchant_id}/terms"
        return await self.do(path, ChangeCase, terms, idempotency_key=idempotency_key)

    async def propose_store_terms(
        self, store_id: str, terms: PlaceTerms, *, idempotency_key: str | None = None
    ) -> ChangeCase:
        """A store's own fee or limit."""
        path = f"/admin/v1/stores/{store_id}/terms"
        return await self.do(path, ChangeCase, terms, idempotency_key=idempotency_key)

    async def propose_terminal_terms(
        self, terminal_id: str, terms: PlaceTerms, *, idempotency_key: str | None = None
    ) -> ChangeCase:
        """A single till's own fee or limit."""
        path = f"/admin/v1/terminals/{terminal_id}/terms"
        return await self.do(path, ChangeCase, terms, idempotency_key=idempotency_key)

    async def change_documents(self, change_id: str) -> list[Document]:
        path = f"/admin/v1/changes/{change_id}/documents"
        return (await self.get(path, DocumentList)).items

    async def open_change_document(self, change_id: str, document_id: str) -> bytes:
        """Its content; that it was opened is on the audit trail."""
        path = f"/admin/v1/changes/{change_id}/documents/{document_id}"
        return await self.call(Request(method="GET", path=path, harmless=True))

    def trail(self, matching: TrailQuery) -> AsyncIterator[Deed]:
        """Whatever was done to an object, newest first."""
        return self.pages("/admin/v1/trail", Deed, matching)

    async def search(self, wish: SearchWish) -> SearchHits:
        """Who declared exactly this number, phone or address."""
        return await self.ask("/admin/v1/search", SearchHits, wish)

    async def unmask(self, application_id: str, wish: Unmasking) -> Unmasked:
        """Never repeated by itself: each look is on the trail."""
        return await self._unmasked(f"/admin/v1/applications/{application_id}/unmask", wish)

    async def unmask_merchant(self, merchant_id: str, wish: Unmasking) -> Unmasked:
        """The same for what is on record of a merchant."""
        return await self._unmasked(f"/admin/v1/merchants/{merchant_id}/unmask", wish)

    async def _unmasked(self, path: str, wish: Unmasking) -> Unmasked:
        request = Request(method="POST", path=path, body=msgspec.json.encode(wish))
        return decoded(await self.call(request), Unmasked)
