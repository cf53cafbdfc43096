"""Files of sub-merchants, as the bank's people review them: whole, under one set of terms."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.applications import Terms
from gateway.wire.bulks import Bulk, BulkApproval, BulkCase, BulkLine, BulkQuery, BulkRejection, LineQuery


class BulkReviews(SignedIn):
    """One takes a file and proposes terms, another approves it."""

    def bulks(self, matching: BulkQuery | None = None) -> AsyncIterator[Bulk]:
        """The queue, oldest first."""
        return self.pages("/admin/v1/bulks", Bulk, matching)

    async def bulk(self, bulk_id: str) -> BulkCase:
        return await self.get(f"/admin/v1/bulks/{bulk_id}", BulkCase)

    def bulk_lines(self, bulk_id: str, matching: LineQuery | None = None) -> AsyncIterator[BulkLine]:
        return self.pages(f"/admin/v1/bulks/{bulk_id}/lines", BulkLine, matching)

    async def take_bulk(self, bulk_id: str, terms: Terms, *, idempotency_key: str | None = None) -> BulkCase:
        path = f"/admin/v1/bulks/{bulk_id}/take"
        return await self.do(path, BulkCase, terms, idempotency_key=idempotency_key)

    async def approve_bulk(
        self, bulk_id: str, approval: BulkApproval, *, idempotency_key: str | None = None
    ) -> BulkCase:
        path = f"/admin/v1/bulks/{bulk_id}/approve"
        return await self.do(path, BulkCase, approval, idempotency_key=idempotency_key)

    async def reject_bulk(
        self, bulk_id: str, why: BulkRejection, *, idempotency_key: str | None = None
    ) -> BulkCase:
        path = f"/admin/v1/bulks/{bulk_id}/reject"
        return await self.do(path, BulkCase, why, idempotency_key=idempotency_key)
