"""A partner's own servers and their keys, so that a key can be replaced without a failed call."""

from collections.abc import AsyncIterator

from gateway.client.signed_in import SignedIn
from gateway.client.transport import Request
from gateway.wire.clients import Client, ClientKey, KeyList, NewClient, NewKey, RegisteredClient, Revocation


class Servers(SignedIn):
    """Registers servers, uploads their keys, revokes either."""

    def servers(self) -> AsyncIterator[Client]:
        """Newest first, revoked ones too."""
        return self.pages("/v1/clients", Client)

    async def server(self, client_id: str) -> RegisteredClient:
        return await self.get(f"/v1/clients/{client_id}", RegisteredClient)

    async def register_server(
        self, server: NewClient, *, idempotency_key: str | None = None
    ) -> RegisteredClient:
        """One more, with a key of its own and no more scopes than oneself has."""
        return await self.do("/v1/clients", RegisteredClient, server, idempotency_key=idempotency_key)

    async def revoke_server(
        self, client_id: str, why: Revocation, *, idempotency_key: str | None = None
    ) -> RegisteredClient:
        path = f"/v1/clients/{client_id}/revoke"
        return await self.do(path, RegisteredClient, why, idempotency_key=idempotency_key)

    async def keys(self, client_id: str | None = None) -> list[ClientKey]:
        """Every key a client ever had, oldest first; one's own where none is named."""
        return (await self.get(f"/v1/clients/{client_id or self.client_id}/keys", KeyList)).items

    async def upload_key(
        self, key: NewKey, client_id: str | None = None, *, idempotency_key: str | None = None
    ) -> ClientKey:
        """A second live key: sign in with it, then revoke the one before."""
        path = f"/v1/clients/{client_id or self.client_id}/keys"
        return await self.do(path, ClientKey, key, idempotency_key=idempotency_key)

    async def revoke_key(self, key_id: str, client_id: str | None = None) -> None:
        """At once, with every token it signed in for."""
        path = f"/v1/clients/{client_id or self.client_id}/keys/{key_id}"
        await self.call(Request(method="DELETE", path=path, harmless=True))
