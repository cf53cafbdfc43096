"""What a request shows to be let in: a token, and a proof that its key is at hand (RFC 9449)."""

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.client.keys import SigningKey


@dataclass(slots=True, kw_only=True)
class Access:
    """A token and the key it is bound to.

    Attributes:
        token: None for the request that asks for it.
        key: None for a bearer token, which whoever reads it can use.
        nonce: the gateway's latest, for the next proof.
    """

    token: str | None = None
    key: SigningKey | None = None
    nonce: str | None = None
    _calls: int = 0
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def used(self) -> Iterator[None]:
        """For as long as a call with it is under way."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._ended.set()

    async def unused(self) -> None:
        """Wait until the last call with it has ended."""
        while self._calls:
            self._ended.clear()
            await self._ended.wait()

    def headers(self, method: str, url: str) -> dict[str, str]:
        """For one attempt: a proof works once."""
        if self.key is None:
            return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        proof = {"DPoP": self._proof(self.key, method, url)}
        return proof if self.token is None else {"Authorization": f"DPoP {self.token}", **proof}

    def _proof(self, key: SigningKey, method: str, url: str) -> str:
        claims: dict[str, str | int] = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
        }
        if self.token is not None:
            claims["ath"] = key.hashed(self.token)
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        return key.proof(claims)
