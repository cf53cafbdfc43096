"""Wallets' backends that come in, and clients that lost their keys: one proposes, another confirms."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.wire.clients import NewWalletClient, RegisteredClient, Rejection, Revocation, WalletProposal
from gateway.wire.key_resets import KeyReset, NewKeyReset


class ClientReviews(SignedIn):
    """Who proposed something about a client does not decide it; who puts one out does so alone and at once."""

    async def propose_wallet(
        self, wallet: NewWalletClient, *, idempotency_key: str | None = None
    ) -> WalletProposal:
        """`client_id` of the answer signs in once it is confirmed; a sandbox's first operator has that at once."""
        return await self.do(
            "/admin/v1/wallet-proposals", WalletProposal, wallet, idempotency_key=idempotency_key
        )

    def wallet_proposals(self) -> AsyncIterator[WalletProposal]:
        """Those that wait, oldest first."""
        return self.pages("/admin/v1/wallet-proposals", WalletProposal)

    async def wallet_proposal(self, proposal_id: str) -> WalletProposal:
        return await self.get(f"/admin/v1/wallet-proposals/{proposal_id}", WalletProposal)

    async def confirm_wallet(self, proposal_id: str, *, idempotency_key: str | None = None) -> WalletProposal:
        path = f"/admin/v1/wallet-proposals/{proposal_id}/confirm"
        return await self.do(path, WalletProposal, idempotency_key=idempotency_key)

    async def reject_wallet(
        self, proposal_id: str, why: Rejection, *, idempotency_key: str | None = None
    ) -> WalletProposal:
        path = f"/admin/v1/wallet-proposals/{proposal_id}/reject"
        return await self.do(path, WalletProposal, why, idempotency_key=idempotency_key)

    async def propose_key_reset(self, wish: NewKeyReset, *, idempotency_key: str | None = None) -> KeyReset:
        """`code_half` is shown once: give it to the client's people."""
        return await self.do("/admin/v1/key-resets", KeyReset, wish, idempotency_key=idempotency_key)

    def key_resets(self) -> AsyncIterator[KeyReset]:
        """Those that wait, oldest first."""
        return self.pages("/admin/v1/key-resets", KeyReset)

    async def key_reset(self, reset_id: str) -> KeyReset:
        return await self.get(f"/admin/v1/key-resets/{reset_id}", KeyReset)

    async def confirm_key_reset(self, reset_id: str, *, idempotency_key: str | None = None) -> KeyReset:
        """The client's keys end; `code_half` is the other half."""
        path = f"/admin/v1/key-resets/{reset_id}/confirm"
        return await self.do(path, KeyReset, idempotency_key=idempotency_key)

    async def reject_key_reset(
        self, reset_id: str, why: Rejection, *, idempotency_key: str | None = None
    ) -> KeyReset:
        path = f"/admin/v1/key-resets/{reset_id}/reject"
        return await self.do(path, KeyReset, why, idempotency_key=idempotency_key)

    async def revoke_client(
        self, client_id: str, why: Revocation, *, idempotency_key: str | None = None
    ) -> RegisteredClient:
        """Anybody's, at once."""
        path = f"/admin/v1/clients/{client_id}/revoke"
        return await self.do(path, RegisteredClient, why, idempotency_key=idempotency_key)
