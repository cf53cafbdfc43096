"""One of the bank's people, at the operators' listener."""

from collections.abc import AsyncIterator

from gateway.client.bulk_reviews import BulkReviews
from gateway.client.change_reviews import ChangeReviews
from gateway.client.client_reviews import ClientReviews
from gateway.client.hiring import Hiring
from gateway.client.offer_reviews import OfferReviews
from gateway.client.transport import Request
from gateway.wire.applications import Application, ApprovalRequest, Case, CaseQuery, Decision, Precheck, Terms
from gateway.wire.documents import Document, DocumentList
from gateway.wire.joining import Override
from gateway.wire.merchants import Merchant, MerchantSearch, StandingChange
from gateway.wire.monitoring import Monitoring
from gateway.wire.risk import VelocityHit, VelocityHitQuery
from gateway.wire.transfers import InDoubt, InDoubtFilter


class Operator(BulkReviews, ChangeReviews, ClientReviews, Hiring, OfferReviews):
    """Reviews, approves, lets others in; a role decides which of these the gateway grants."""

    def cases(self, matching: CaseQuery | None = None) -> AsyncIterator[Application]:
        """The queue, oldest first."""
        return self.pages("/admin/v1/applications", Application, matching)

    async def case(self, application_id: str) -> Case:
        return await self.get(f"/admin/v1/applications/{application_id}", Case)

    async def precheck_case(self, application_id: str) -> Precheck:
        """What its pre-check finds today."""
        return await self.get(f"/admin/v1/applications/{application_id}/faults", Precheck)

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

    async def override_credit_code(
        self, application_id: str, why: Override, *, idempotency_key: str | None = None
    ) -> Case:
        """Stand for a credit code that breaks the standard and is right."""
        path = f"/admin/v1/applications/{application_id}/override-credit-code"
        return await self.do(path, Case, why, idempotency_key=idempotency_key)

    async def case_documents(self, application_id: str) -> list[Document]:
        path = f"/admin/v1/applications/{application_id}/documents"
        return (await self.get(path, DocumentList)).items

    async def open_document(self, application_id: str, document_id: str) -> bytes:
        """Its content; that it was opened is on the audit trail."""
        path = f"/admin/v1/applications/{application_id}/documents/{document_id}"
        return await self.call(Request(method="GET", path=path, harmless=True))

    async def merchant(self, merchant_id: str) -> Merchant:
        return await self.get(f"/admin/v1/merchants/{merchant_id}", Merchant)

    async def suspend(
        self, merchant_id: str, why: StandingChange, *, idempotency_key: str | None = None
    ) -> Merchant:
        path = f"/admin/v1/merchants/{merchant_id}/suspend"
        return await self.do(path, Merchant, why, idempotency_key=idempotency_key)

    async def resume(
        self, merchant_id: str, why: StandingChange, *, idempotency_key: str | None = None
    ) -> Merchant:
        path = f"/admin/v1/merchants/{merchant_id}/resume"
        return await self.do(path, Merchant, why, idempotency_key=idempotency_key)

    async def close(
        self, merchant_id: str, why: StandingChange, *, idempotency_key: str | None = None
    ) -> Merchant:
        """For good."""
        path = f"/admin/v1/merchants/{merchant_id}/close"
        return await self.do(path, Merchant, why, idempotency_key=idempotency_key)

    def merchants(self, matching: MerchantSearch | None = None) -> AsyncIterator[Merchant]:
        """By id, number, credit code or the beginning of a name, newest first."""
        return self.pages("/admin/v1/merchants", Merchant, matching)

    def in_doubt(self, matching: InDoubtFilter | None = None) -> AsyncIterator[InDoubt]:
        """Transfers of which a core has not said whether it made them."""
        return self.pages("/admin/v1/transfers/in-doubt", InDoubt, matching)

    async def monitoring(self) -> Monitoring:
        """The last hour by the minute."""
        return await self.get("/admin/v1/monitoring", Monitoring)

    def velocity_hits(self, matching: VelocityHitQuery | None = None) -> AsyncIterator[VelocityHit]:
        """Rules that fired, newest first."""
        return self.pages("/admin/v1/velocity-hits", VelocityHit, matching)
