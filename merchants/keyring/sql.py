"""Queries on merchants.signing_keys; the bank owns every row."""

from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key that still verifies; `signs_in_s` is how long until it signs, by PostgreSQL's clock."""

    purpose: str
    key_id: str
    public_key: bytes
    sealed_private_key: bytes
    signs_in_s: float


async def lock(conn: PoolConnectionProxy) -> None:
    """Let one replica at a time add keys; held until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('merchants.signing_keys', 0))")


async def load(conn: PoolConnectionProxy) -> list[KeyRow]:
    """Every key that still verifies, oldest first in each purpose."""
    rows = await conn.fetch(
        """SELECT purpose, key_id, public_key, sealed_private_key,
                  extract(epoch FROM signs_from - clock_timestamp())::float8 AS signs_in_s
           FROM merchants.signing_keys
           WHERE verifies_until IS NULL OR verifies_until > clock_timestamp()
           ORDER BY purpose, signs_from, created_at"""
    )
    return [KeyRow(**row) for row in rows]


async def insert(
    conn: PoolConnectionProxy,
    *,
    purpose: str,
    key_id: str,
    public_key: bytes,
    sealed_private_key: bytes,
    signs_in_s: float,
) -> None:
    await conn.execute(
        """INSERT INTO merchants.signing_keys (purpose, key_id, public_key, sealed_private_key, signs_from)
           VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))""",
        purpose,
        key_id,
        public_key,
        sealed_private_key,
        signs_in_s,
    )


async def supersede(conn: PoolConnectionProxy, *, purpose: str, verifies_for_s: float) -> None:
    """Give every key of the purpose that has no end yet its end."""
    await conn.execute(
        """UPDATE merchants.signing_keys
           SET verifies_until = clock_timestamp() + make_interval(secs => $2)
           WHERE purpose = $1 AND verifies_until IS NULL""",
        purpose,
        verifies_for_s,
    )


async def delete_expired(conn: PoolConnectionProxy) -> int:
    """Forget keys whose last signature has expired; how many."""
    deleted = await conn.fetch(
        "DELETE FROM merchants.signing_keys WHERE verifies_until < clock_timestamp() RETURNING key_id"
    )
    return len(deleted)


async def key_ids(conn: PoolConnectionProxy, purpose: str) -> list[str]:
    """Every key id in use for the purpose, newest last."""
    rows = await conn.fetch(
        "SELECT key_id FROM merchants.signing_keys WHERE purpose = $1 ORDER BY created_at", purpose
    )
    return [row["key_id"] for row in rows]
