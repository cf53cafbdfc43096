"""A mall's tenants and a platform's sellers: one by one, or a file of them."""

from collections.abc import AsyncIterator
from typing import Literal

from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request, decoded
from gateway.wire.applications import Application, Declared
from gateway.wire.bulks import Bulk, BulkLine, LineQuery
from gateway.wire.changes import Change
from gateway.wire.documents import Document, DocumentKind, DocumentList
from gateway.wire.merchants import Merchant

BulkFormat = Literal["text/csv", "application/x-ndjson"]


class SubMerchants(SignedIn):
    """Applies for them, and sees who they are."""

    def sub_merchants(self) -> AsyncIterator[Merchant]:
        """Newest first."""
        return self.pages("/v1/merchants", Merchant)

    async def apply_for(
        self, merchant_id: str, declared: Declared, *, idempotency_key: str | None = None
    ) -> Application:
        """A draft in the name of a sub-merchant of `merchant_id`."""
        path = f"/v1/merchants/{merchant_id}/applications"
        return await self.do(path, Application, declared, idempotency_key=idempotency_key)

    async def import_file(
        self, merchant_id: str, content: bytes, media_type: BulkFormat, *, idempotency_key: str
    ) -> Bulk:
        """Hand a whole file over; it is read while `bulk` tells how far it is.

        The key is the file's name to the gateway: with the same one the same file is there once, however often it is
        sent. A digest of its content is a good one.
        """
        request = Request(
            method="POST",
            path=f"/v1/merchants/{merchant_id}/bulks",
            body=content,
            content_type=media_type,
            idempotency_key=idempotency_key,
        )
        return decoded(await self.call(request), Bulk)

    def bulks(self) -> AsyncIterator[Bulk]:
        """One's own files, newest first."""
        return self.pages("/v1/bulks", Bulk)

    async def bulk(self, bulk_id: str) -> Bulk:
        return await self.get(f"/v1/bulks/{bulk_id}", Bulk)

    def bulk_lines(self, bulk_id: str, matching: LineQuery | None = None) -> AsyncIterator[BulkLine]:
        """Every line's result, in the order of the file."""
        return self.pages(f"/v1/bulks/{bulk_id}/lines", BulkLine, matching)

    async def ask_for_change(
        self, merchant_id: str, wanted: Declared, *, idempotency_key: str | None = None
    ) -> Change:
        """Ask for other data on record, one's own or a sub-merchant's; nothing changes until the bank approves."""
        path = f"/v1/merchants/{merchant_id}/changes"
        return await self.do(path, Change, wanted, idempotency_key=idempotency_key)

    def changes(self) -> AsyncIterator[Change]:
        """One's own and one's sub-merchants', newest first."""
        return self.pages("/v1/changes", Change)

    async def change(self, change_id: str) -> Change:
        return await self.get(f"/v1/changes/{change_id}", Change)

    async def withdraw_change(self, change_id: str, *, idempotency_key: str | None = None) -> Change:
        return await self.do(f"/v1/changes/{change_id}/withdraw", Change, idempotency_key=idempotency_key)

    async def show_paper(
        self, change_id: str, kind: DocumentKind, file: bytes, media_type: str, *, page: int = 1
    ) -> Document:
        """A JPEG, PNG or PDF that the change asks for; the same file again changes nothing."""
        path = f"/v1/changes/{change_id}/documents/{kind}"
        request = Request(
            method="PUT",
            path=path,
            query=(("page", str(page)),),
            body=file,
            content_type=media_type,
            harmless=True,
        )
        return decoded(await self.call(request), Document)

    async def papers(self, change_id: str) -> list[Document]:
        return (await self.get(f"/v1/changes/{change_id}/documents", DocumentList)).items
