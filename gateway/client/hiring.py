"""Colleagues come in: one proposes, another confirms."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.clients import NewOperator, OperatorProposal, OperatorRejection


class Hiring(SignedIn):
    """Who proposed a colleague does not decide."""

    async def propose_operator(
        self, operator: NewOperator, *, idempotency_key: str | None = None
    ) -> OperatorProposal:
        """`client_id` of the answer signs in once it is confirmed; a sandbox's first operator has that at once."""
        path = "/admin/v1/operator-proposals"
        return await self.do(path, OperatorProposal, operator, idempotency_key=idempotency_key)

    def operator_proposals(self) -> AsyncIterator[OperatorProposal]:
        """Those that wait, oldest first."""
        return self.pages("/admin/v1/operator-proposals", OperatorProposal)

    async def operator_proposal(self, proposal_id: str) -> OperatorProposal:
        return await self.get(f"/admin/v1/operator-proposals/{proposal_id}", OperatorProposal)

    async def confirm_operator(
        self, proposal_id: str, *, idempotency_key: str | None = None
    ) -> OperatorProposal:
        path = f"/admin/v1/operator-proposals/{proposal_id}/confirm"
        return await self.do(path, OperatorProposal, idempotency_key=idempotency_key)

    async def reject_operator(
        self, proposal_id: str, why: OperatorRejection, *, idempotency_key: str | None = None
    ) -> OperatorProposal:
        path = f"/admin/v1/operator-proposals/{proposal_id}/reject"
        return await self.do(path, OperatorProposal, why, idempotency_key=idempotency_key)
