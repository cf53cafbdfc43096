"""Proofs of possession at the door: one header, for this very request, and for reads a nonce of ours (RFC 9449).

A proof of a POST is spent in the POST's own transaction. A read claims nothing, so its proof carries a nonce that
any replica can check and that is old within a minute: who copies the whole request can repeat the read until then.
"""

import base64
import time
from collections.abc import Collection, Mapping
from datetime import datetime

import asyncpg
from aiohttp import web

from merchants.access import proof, replay
from merchants.access.errors import DpopNonceNeeded, DpopProofMissing
from merchants.access.proof import Proof
from merchants.sealing import Sealing

_NONCE_LIFE_S = 30
"""A nonce is told for so long, and taken for as long again."""
_NONCE_BYTES = 16


class Proofs:
    """Judges proofs and remembers, through PostgreSQL, which were used.

    Args:
        sealing: its master key, which all replicas share, makes the nonces.
    """

    def __init__(self, pool: asyncpg.Pool, sealing: Sealing) -> None:
        self._pool = pool
        self._sealing = sealing
        self._nonces: dict[int, tuple[str, ...]] = {}

    def judge(
        self, request: web.BaseRequest, token: str, *, bound_to: str, urls: Collection[str], now: datetime
    ) -> Proof:
        """The proof, if it is good for this request.

        Raises:
            DpopRefused: which of its kinds says what to mend.
        """
        sent = request.headers.getall("DPoP", ())
        if len(sent) != 1:
            raise DpopProofMissing
        good = proof.verify(
            sent[0], method=request.method, urls=urls, now=now, token=token, bound_to=bound_to
        )
        if (request.method == "GET" or good.nonce is not None) and not self._takes(good.nonce):
            raise DpopNonceNeeded(self._nonce(_period()))
        return good

    def told(self, used: Proof) -> Mapping[str, str]:
        """The nonce for the next proof, where this one had an older one or none."""
        newest = self._nonce(_period())
        return {} if used.nonce == newest else {"DPoP-Nonce": newest}

    async def spend(self, used: Proof) -> None:
        """Raises DpopProofReplayed if somebody spent it before."""
        async with self._pool.acquire() as conn:
            await replay.spend(conn, used)

    def _takes(self, nonce: str | None) -> bool:
        """This period's, the one before it, and the next one's, which a replica with a fast clock may have told."""
        period = _period()
        return any(nonce in self._nonces_of(one) for one in (period, period - 1, period + 1))

    def _nonce(self, period: int) -> str:
        return self._nonces_of(period)[0]

    def _nonces_of(self, period: int) -> tuple[str, ...]:
        """The newest master key's first: while it changes, another replica may have told the other one's."""
        if period not in self._nonces:
            self._nonces = {one: texts for one, texts in self._nonces.items() if abs(one - period) <= 1}
            digests = self._sealing.indexes(str(period), purpose="dpop_nonce")
            self._nonces[period] = tuple(
                base64.urlsafe_b64encode(one[:_NONCE_BYTES]).rstrip(b"=").decode() for one in digests
            )
        return self._nonces[period]


def _period() -> int:
    return int(time.time()) // _NONCE_LIFE_S
