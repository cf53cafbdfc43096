"""A partner's own servers and their keys, so that a key can be replaced without a failed call."""

from collections.abc import AsyncIterator

import msgspec

from gateway.client.keys import SigningKey
from gateway.client.signed_in import Credentials, SignedIn
from gateway.client.transport import Request
from gateway.wire.clients import (
    Client,
    ClientKey,
    KeyList,
    KeyPurpose,
    NewClient,
    NewKey,
    PublicJwk,
    RegisteredClient,
    Revocation,
)


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
        self,
        key: SigningKey,
        client_id: str | None = None,
        *,
        purpose: KeyPurpose = "assertion",
        idempotency_key: str | None = None,
    ) -> ClientKey:
        """A second live key: sign in with it, then revoke the one before. Its public half is sent, and a proof."""
        whose = client_id or self.client_id
        path = f"/v1/clients/{whose}/keys"
        proof = Credentials(client_id=whose, key=key).assertion(self._gateway.issuer + path)
        public = msgspec.convert(key.public_jwk, PublicJwk)
        new = NewKey(jwk=public, proof=proof, purpose=purpose)
        return await self.do(path, ClientKey, new, idempotency_key=idempotency_key)

    async def revoke_key(self, key_id: str, client_id: str | None = None) -> None:
        """At once, with every token it signed in for."""
        whose = client_id or self.client_id
        path = f"/v1/clients/{whose}/keys/{key_id}"
        await self.call(Request(method="DELETE", path=path, harmless=True))

    async def rotate_key(self, key: SigningKey) -> None:
        """Sign with another key from now on, without a failed call: add it, change over, revoke the one before.

        Keep the new key before you begin. Whoever died in the middle does it again with the same one.
        """
        before, live = self._credentials.key, await self._live_keys()
        if key.thumbprint not in live:
            await self.upload_key(key)
        await self.change_key(key)
        for thumbprint, key_id in (await self._live_keys()).items():
            if thumbprint == before.thumbprint and thumbprint != key.thumbprint:
                await self.revoke_key(key_id)

    async def _live_keys(self) -> dict[str, str]:
        """Thumbprint → id."""
        return {one.thumbprint: one.id for one in await self.keys() if one.revoked_at is None}
