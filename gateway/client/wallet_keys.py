"""A wallet backend's own keys, so that one can be replaced without a failed call."""

import asyncio
from typing import Final

import msgspec

from gateway.client.keys import SigningKey
from gateway.client.signed_in import Credentials, SignedIn
from gateway.client.transport import Request
from gateway.wire.clients import ClientKey, KeyList, NewWalletKey, PublicJwk

# As long as a statement on a payer lives.
_OVERLAP_S: Final = 30.0


class WalletKeys(SignedIn):
    """Uploads keys of its own, and revokes them."""

    async def keys(self) -> list[ClientKey]:
        """Every key it ever had, oldest first."""
        return (await self.get("/wallet/v1/keys", KeyList)).items

    async def upload_key(self, key: SigningKey, *, idempotency_key: str | None = None) -> ClientKey:
        """A second live key. Its public half is sent, and a proof."""
        path = "/wallet/v1/keys"
        proof = Credentials(client_id=self.client_id, key=key).assertion(self._gateway.issuer + path)
        new = NewWalletKey(jwk=msgspec.convert(key.public_jwk, PublicJwk), proof=proof)
        return await self.do(path, ClientKey, new, idempotency_key=idempotency_key)

    async def revoke_key(self, key_id: str) -> None:
        """At once, with every token it signed in for."""
        await self.call(Request(method="DELETE", path=f"/wallet/v1/keys/{key_id}", harmless=True))

    async def rotate_key(self, key: SigningKey, *, overlap_s: float = _OVERLAP_S) -> None:
        """Sign with another key from now on, without a failed call: add it, change over, revoke the one before.

        The one before holds for `overlap_s` more, for what it has said of payers may still be on its way. Keep the new
        key before you begin. Whoever died in the middle does it again with the same one.
        """
        before = self._credentials.key
        if key.thumbprint not in {one.thumbprint for one in await self._live()}:
            await self.upload_key(key)
        await self.change_key(key)
        await asyncio.sleep(overlap_s)
        for one in await self._live():
            if one.thumbprint == before.thumbprint != key.thumbprint:
                await self.revoke_key(one.id)

    async def _live(self) -> list[ClientKey]:
        return [one for one in await self.keys() if one.revoked_at is None]
