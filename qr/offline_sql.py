"""Queries on credentials for offline codes; the payer, through an issuer's wallet, owns every row."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants.payer import PayerFacts
from qr.sql import payer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """A number and what stands in its way; `now_step` is the minute by PostgreSQL's clock."""

    credential_id: str
    sealed_secret: bytes
    last_step: int
    wrong_codes: int
    expired: bool
    revoked: bool
    now_step: int


async def insert_credential(conn: PoolConnectionProxy, *, credential_id: str, payer: PayerFacts) -> None:
    await conn.execute(
        """INSERT INTO qr.code_credentials (id, issuer, payer_id, person_id, segments, factors, certificate)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        credential_id,
        payer.issuer,
        payer.id,
        payer.person_id,
        payer.segments,
        payer.factors,
        payer.certificate,
    )


async def refresh_credential(
    conn: PoolConnectionProxy, *, credential_id: str, payer: PayerFacts
) -> bool | None:
    """Take the payer's facts anew and hold the row: True, or False when revoked, None when not this payer's."""
    alive: bool | None = await conn.fetchval(
        """UPDATE qr.code_credentials SET person_id = $4, segments = $5, factors = $6, certificate = $7,
                  renewed_at = clock_timestamp()
           WHERE id = $1 AND issuer = $2 AND payer_id = $3
           RETURNING revoked_at IS NULL""",
        credential_id,
        payer.issuer,
        payer.id,
        payer.person_id,
        payer.segments,
        payer.factors,
        payer.certificate,
    )
    return alive


async def insert_number(
    conn: PoolConnectionProxy, *, number: int, credential_id: str, sealed_secret: bytes, life_s: float
) -> datetime | None:
    """When the number expires; None if it is taken."""
    expires_at: datetime | None = await conn.fetchval(
        """INSERT INTO qr.credential_numbers (number, credential_id, sealed_secret, expires_at)
           VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
           ON CONFLICT (number) DO NOTHING
           RETURNING expires_at""",
        number,
        credential_id,
        sealed_secret,
        life_s,
    )
    return expires_at


async def shorten_numbers(conn: PoolConnectionProxy, *, credential_id: str, within_s: float) -> None:
    """Let the numbers before end soon: a phone that never got the new one still pays until then."""
    await conn.execute(
        """UPDATE qr.credential_numbers
           SET expires_at = least(expires_at, clock_timestamp() + make_interval(secs => $2))
           WHERE credential_id = $1""",
        credential_id,
        within_s,
    )


async def revoke_credential(conn: PoolConnectionProxy, *, issuer: str, credential_id: str) -> bool:
    """Whether the issuer has such a credential; it is revoked now, if it was not before."""
    found = await conn.fetchval(
        """UPDATE qr.code_credentials SET revoked_at = coalesce(revoked_at, clock_timestamp())
           WHERE id = $1 AND issuer = $2 RETURNING true""",
        credential_id,
        issuer,
    )
    return bool(found)


async def find_number(conn: PoolConnectionProxy, number: int, *, step_s: int) -> NumberRow | None:
    """The number, its credential held: a revocation waits for payments that still saw it alive."""
    row = await conn.fetchrow(
        """SELECT one.credential_id, one.sealed_secret, one.last_step, one.wrong_codes,
                  one.expires_at <= clock_timestamp() AS expired,
                  credential.revoked_at IS NOT NULL AS revoked,
                  floor(extract(epoch FROM clock_timestamp()) / $2::int)::bigint AS now_step
           FROM qr.credential_numbers AS one
           JOIN qr.code_credentials AS credential ON credential.id = one.credential_id
           WHERE one.number = $1
             FOR SHARE OF credential""",
        number,
        step_s,
    )
    return NumberRow(**row) if row else None


async def take_step(
    conn: PoolConnectionProxy, *, number: int, step: int, payment_id: str, most_wrong: int
) -> PayerFacts | None:
    """Use a minute up: of any number of tills at once, one gets the payer."""
    row = await conn.fetchrow(
        """UPDATE qr.credential_numbers AS one SET last_step = $2, payment_id = $3
           FROM qr.code_credentials AS credential
           WHERE one.number = $1 AND one.last_step < $2 AND one.wrong_codes < $4
             AND one.expires_at > clock_timestamp()
             AND credential.id = one.credential_id AND credential.revoked_at IS NULL
           RETURNING issuer, payer_id, person_id, segments, factors, certificate""",
        number,
        step,
        payment_id,
        most_wrong,
    )
    return payer_of(row) if row else None


async def count_wrong(conn: PoolConnectionProxy, number: int, *, most: int) -> None:
    """One more wrong code of this number, if there is such a number."""
    await conn.execute(
        "UPDATE qr.credential_numbers SET wrong_codes = wrong_codes + 1 WHERE number = $1 AND wrong_codes < $2",
        number,
        most,
    )


async def delete_dead(conn: PoolConnectionProxy, *, keep_s: float, limit: int) -> int:
    """Forget numbers that expired so many seconds ago, and credentials that have had none for as long."""
    deleted = await conn.fetchval(
        """WITH numbers AS (
             DELETE FROM qr.credential_numbers WHERE number IN (
               SELECT number FROM qr.credential_numbers
               WHERE expires_at < clock_timestamp() - make_interval(secs => $1)
               LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1),
           credentials AS (
             DELETE FROM qr.code_credentials WHERE id IN (
               SELECT id FROM qr.code_credentials AS credential
               WHERE renewed_at < clock_timestamp() - make_interval(secs => $1)
                 AND NOT EXISTS (SELECT FROM qr.credential_numbers WHERE credential_id = credential.id)
               LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1)
           SELECT (SELECT count(*) FROM numbers) + (SELECT count(*) FROM credentials)""",
        keep_s,
        limit,
    )
    return int(deleted)
