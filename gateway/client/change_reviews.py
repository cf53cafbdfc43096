"""Changes of what is on record, and personal data in clear: both leave their trace."""

from collections.abc import AsyncIterator

import msgspec

from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request, decoded
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

    async def search(self, wish: SearchWish) -> SearchHits:
        """Who declared exactly this number, phone or address."""
        return await self.ask("/admin/v1/search", SearchHits, wish)

    async def unmask(self, application_id: str, wish: Unmasking) -> Unmasked:
        """Never repeated by itself: each look is on the trail."""
        path = f"/admin/v1/applications/{application_id}/unmask"
        request = Request(method="POST", path=path, body=msgspec.json.encode(wish))
        return decoded(await self.call(request), Unmasked)
