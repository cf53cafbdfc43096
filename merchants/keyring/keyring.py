"""The ring of our own keys as one replica holds it."""

import asyncio
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merchants.keyring import sql
from merchants.keyring.signer import Purpose, Signer, as_jwk
from merchants.sealing import Sealing

_DIGITS = string.digits + string.ascii_uppercase
_FIRST_KEY_ID = "A1"
_UNKNOWN_KEY_PAUSE_S = 0.1
"""Invented key ids make a replica read the keys at most ten times a second; who asks in between waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A key in memory; `signs_at` is on this process's monotonic clock."""

    signer: Signer
    signs_at: float


class Keyring:
    """Signs by purpose and knows every key whose signatures may still be out there."""

    def __init__(self, pool: asyncpg.Pool, sealing: Sealing) -> None:
        self._pool = pool
        self._sealing = sealing
        self._held: dict[Purpose, list[_Held]] = {}
        self._public: dict[tuple[str, str], Ed25519PublicKey] = {}
        self._loaded_at = float("-inf")
        self._loading = asyncio.Lock()

    @classmethod
    async def open(cls, pool: asyncpg.Pool, sealing: Sealing) -> "Keyring":
        """The ring, filled; the first replica to start makes the first keys, the others find them."""
        async with pool.acquire() as conn, conn.transaction():
            await sql.lock(conn)
            present = {row.purpose for row in await sql.load(conn)}
            for purpose in Purpose:
                if purpose not in present:
                    await _add(conn, sealing, purpose, signs_in_s=0)
        ring = cls(pool, sealing)
        await ring.refresh()
        return ring

    def signer(self, purpose: Purpose) -> Signer:
        """The newest key that may sign already."""
        now = time.monotonic()
        held = self._held[purpose]
        return next((one.signer for one in reversed(held) if one.signs_at <= now), held[0].signer)

    def verify_key(self, purpose: Purpose, key_id: str) -> Ed25519PublicKey | None:
        """The public key, as far as this replica knows; see `find_verify_key`."""
        return self._public.get((purpose, key_id))

    async def find_verify_key(self, purpose: Purpose, key_id: str) -> Ed25519PublicKey | None:
        """The public key; one we do not know may be minutes old and another replica's, so look again."""
        asked_at = time.monotonic()
        known = self.verify_key(purpose, key_id)
        if known is not None:
            return known
        async with self._loading:
            if self._loaded_at < asked_at:
                await asyncio.sleep(self._loaded_at + _UNKNOWN_KEY_PAUSE_S - time.monotonic())
                await self._load()
        return self.verify_key(purpose, key_id)

    def jwks(self) -> dict[str, list[dict[str, str | list[str]]]]:
        """Every key that verifies, also those not signing yet, as a JWK Set (RFC 7517)."""
        keys = [as_jwk(Purpose(purpose), key_id, key) for (purpose, key_id), key in self._public.items()]
        return {"keys": keys}

    async def refresh(self) -> None:
        """Read the keys again; the app calls this more often than a new key's lead."""
        async with self._loading:
            await self._load()

    async def rotate(self, purpose: Purpose, *, lead_s: float, verifies_for_s: float) -> str:
        """Add a key that signs after `lead_s`, so that every verifier can fetch it first; its key id.

        Args:
            purpose: whose key.
            lead_s: longer than the replicas' refresh and the partners' JWKS cache.
            verifies_for_s: longest life of anything the key before has signed.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await sql.lock(conn)
            await sql.delete_expired(conn)
            await sql.supersede(conn, purpose=purpose, verifies_for_s=lead_s + verifies_for_s)
            key_id = await _add(conn, self._sealing, purpose, signs_in_s=lead_s)
        await self.refresh()
        return key_id

    async def _load(self) -> None:
        loaded_at = time.monotonic()
        async with self._pool.acquire() as conn:
            rows = await sql.load(conn)
        held: dict[Purpose, list[_Held]] = {}
        for row in rows:
            signer = _open(self._sealing, row)
            held.setdefault(signer.purpose, []).append(
                _Held(signer=signer, signs_at=loaded_at + row.signs_in_s)
            )
        self._held, self._loaded_at = held, loaded_at
        self._public = {(row.purpose, row.key_id): _public(row) for row in rows}


async def _add(conn: PoolConnectionProxy, sealing: Sealing, purpose: Purpose, *, signs_in_s: float) -> str:
    key_id = next_key_id(await sql.key_ids(conn, purpose))
    private = Ed25519PrivateKey.generate()
    await sql.insert(
        conn,
        purpose=purpose,
        key_id=key_id,
        public_key=private.public_key().public_bytes_raw(),
        sealed_private_key=sealing.seal(private.private_bytes_raw(), owner=_owner(purpose, key_id)),
        signs_in_s=signs_in_s,
    )
    return key_id


def next_key_id(taken: Sequence[str]) -> str:
    """The two base-36 characters after the newest key's, skipping any that are still in use."""
    if not taken:
        return _FIRST_KEY_ID
    base = len(_DIGITS)
    newest = int(taken[-1], base)
    numbers = ((newest + step) % base**2 for step in range(1, base**2))
    return next(key_id for key_id in map(_two_digits, numbers) if key_id not in taken)


def _two_digits(number: int) -> str:
    high, low = divmod(number, len(_DIGITS))
    return _DIGITS[high] + _DIGITS[low]


def _open(sealing: Sealing, row: sql.KeyRow) -> Signer:
    purpose = Purpose(row.purpose)
    raw = sealing.reveal(row.sealed_private_key, owner=_owner(purpose, row.key_id))
    return Signer(purpose=purpose, key_id=row.key_id, private_key=Ed25519PrivateKey.from_private_bytes(raw))


def _public(row: sql.KeyRow) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(row.public_key)


def _owner(purpose: Purpose, key_id: str) -> str:
    return f"signing_key:{purpose}:{key_id}"
