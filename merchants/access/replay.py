"""An assertion and a proof work once, on whichever replica they arrive: used ones are rows until they are too old."""

from asyncpg.pool import PoolConnectionProxy

from merchants.access import sql
from merchants.access.assertion import Verified
from merchants.access.errors import AssertionNotVerified, AssertionReplayed, DpopProofReplayed
from merchants.access.proof import Proof

# Clocks of replicas and database may differ by less than this; a row kept longer costs nothing.
_KEPT_AFTER_EXPIRY_S = 60


async def use_up(conn: PoolConnectionProxy, verified: Verified) -> None:
    """Record the assertion and that its key was used, if client and key are still live; one statement.

    Raises:
        AssertionReplayed: another request came with the same `jti`, maybe at this moment elsewhere.
        AssertionNotVerified: revoked between reading the keys and now.
    """
    used = await sql.use_assertion(
        conn,
        client_id=verified.client_id,
        key_id=verified.key_id,
        jti=verified.jti,
        expires_at=verified.expires_at,
        kept_after_expiry_s=_KEPT_AFTER_EXPIRY_S,
    )
    if not used.live:
        raise AssertionNotVerified
    if not used.fresh:
        raise AssertionReplayed


async def spend(conn: PoolConnectionProxy, proof: Proof) -> None:
    """Record a proof of possession.

    Raises:
        DpopProofReplayed: it was used before, maybe at this moment elsewhere.
    """
    if not await sql.use_proof(conn, issued_at_s=proof.issued_at_s, digest=proof.digest):
        raise DpopProofReplayed


async def forget_expired(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete used assertions and proofs that could not be accepted any more; how many assertions."""
    await sql.forget_proofs(conn)
    return await sql.delete_expired_assertions(conn, limit=limit)
