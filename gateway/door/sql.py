"""Statements of the door; all of them about `gateway.idempotency_keys`."""

from typing import NamedTuple

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.access.proof import Proof

# An anonymous request has no status to lose.
_CLAIM_KEY = """
SELECT claimed,
       CASE WHEN $6::text IS NULL THEN 'live' ELSE merchants.caller_status($6, $7) END AS caller_status,
       CASE WHEN $9::bytea IS NULL THEN true ELSE merchants.use_proof($8, $9) END AS proof_fresh
  FROM gateway.claim_key($1, $2, $3, $4, $5) AS claimed
"""

_SETTLE_KEY = """
UPDATE gateway.idempotency_keys SET resource_id = $4, sealed_secret = $5
 WHERE tenant = $1 AND operation = $2 AND key = $3
"""

_FORGET_SECRETS = """
UPDATE gateway.idempotency_keys SET sealed_secret = NULL
 WHERE (tenant, operation, key) IN (
    SELECT tenant, operation, key FROM gateway.idempotency_keys
     WHERE sealed_secret IS NOT NULL AND claimed_at < now() - make_interval(secs => $1)
     LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

_DELETE_OLD_KEYS = """
DELETE FROM gateway.idempotency_keys
 WHERE (tenant, operation, key) IN (
    SELECT tenant, operation, key FROM gateway.idempotency_keys
     WHERE claimed_at < now() - make_interval(secs => $1)
     LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class ClaimTerms(NamedTuple):
    """What a statement of the handler's own passes to `gateway.claim_key(...)`, in this order."""

    tenant: str
    operation: str
    key: str
    fingerprint: bytes
    resource_id: str


class ClaimRow(NamedTuple):
    """A `gateway.claimed_key`: `mine`, or what the first request left."""

    mine: bool
    fingerprint: bytes
    resource_id: str
    sealed_secret: bytes | None
    age_s: float


async def claim_key(
    conn: PoolConnectionProxy,
    terms: ClaimTerms,
    *,
    client_id: str | None,
    key_id: str | None,
    proof: Proof | None = None,
) -> asyncpg.Record:
    """Insert the key or tell what holds it (`claimed`), the caller's status (`caller_status`), and spend its proof.

    Waits while a concurrent duplicate is undecided.
    """
    spent = (None, None) if proof is None else (proof.issued_at_s, proof.digest)
    row = await conn.fetchrow(_CLAIM_KEY, *terms, client_id, key_id, *spent)
    assert row is not None, "the function always answers one row"
    return row


async def settle_key(
    conn: PoolConnectionProxy,
    terms: ClaimTerms,
    resource_id: str,
    sealed_secret: bytes | None,
) -> None:
    await conn.execute(_SETTLE_KEY, *terms[:3], resource_id, sealed_secret)


async def forget_secrets(conn: PoolConnectionProxy, *, older_than_s: float, limit: int) -> int:
    """Drop secrets that may not be shown any more; returns how many."""
    return _count(await conn.execute(_FORGET_SECRETS, older_than_s, limit))


async def delete_old_keys(conn: PoolConnectionProxy, *, older_than_s: float, limit: int) -> int:
    """Delete keys that are no longer kept; returns how many."""
    return _count(await conn.execute(_DELETE_OLD_KEYS, older_than_s, limit))


def _count(status: str) -> int:
    """The number of rows in a command's status, for example `DELETE 3`."""
    return int(status.rpartition(" ")[2])
