"""The statements on what is on record of a merchant today."""

from collections.abc import Sequence

import asyncpg
from asyncpg.pool import PoolConnectionProxy


async def insert(conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str, particulars: bytes) -> None:
    await conn.execute(
        "INSERT INTO merchants.merchant_records (partner_id, merchant_id, particulars) VALUES ($1, $2, $3)",
        partner_id,
        merchant_id,
        particulars,
    )


async def find(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str, lock: bool = False
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""SELECT particulars, version FROM merchants.merchant_records
             WHERE partner_id = $1 AND merchant_id = $2 {"FOR UPDATE" if lock else ""}""",  # noqa: S608 - fixed words
        partner_id,
        merchant_id,
    )


async def insert_many(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_ids: Sequence[str], particulars: Sequence[bytes]
) -> None:
    await conn.execute(
        """INSERT INTO merchants.merchant_records (partner_id, merchant_id, particulars)
           SELECT $1, * FROM unnest($2::text[], $3::bytea[])""",
        partner_id,
        merchant_ids,
        particulars,
    )


async def change(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    merchant_id: str,
    particulars: bytes,
    licence_name: str,
    short_name: str,
    city: str,
    mcc: str,
    settlement_account: bytes,
    settlement_last_four: str,
) -> bool:
    """Put a held record and what the merchant's own row copies of it to what was approved, unless it was closed."""
    await conn.execute(
        """UPDATE merchants.merchant_records
              SET particulars = $3, version = version + 1, updated_at = clock_timestamp()
            WHERE partner_id = $1 AND merchant_id = $2""",
        partner_id,
        merchant_id,
        particulars,
    )
    changed = await conn.execute(
        """UPDATE merchants.merchants
              SET licence_name = $3, short_name = $4, city = $5, mcc = $6, settlement_account = $7,
                  settlement_last_four = $8, version = version + 1, updated_at = clock_timestamp()
            WHERE partner_id = $1 AND id = $2 AND status <> 'closed'""",
        partner_id,
        merchant_id,
        licence_name,
        short_name,
        city,
        mcc,
        settlement_account,
        settlement_last_four,
    )
    return changed == "UPDATE 1"


async def change_terms(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    merchant_id: str,
    fee_basis_points: int,
    payment_limit_minor: int | None,
) -> bool:
    """For whatever is accepted from the commit on; what was accepted before keeps the fee that it was told."""
    changed = await conn.execute(
        """UPDATE merchants.merchants
              SET fee_basis_points = $3, payment_limit_minor = $4, version = version + 1,
                  updated_at = clock_timestamp()
            WHERE partner_id = $1 AND id = $2 AND status <> 'closed'""",
        partner_id,
        merchant_id,
        fee_basis_points,
        payment_limit_minor,
    )
    return changed == "UPDATE 1"


async def tell_of_change(conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str) -> bool:
    """Count a change of one of its places among the merchant's own, for the sequence of its events."""
    changed = await conn.execute(
        """UPDATE merchants.merchants SET version = version + 1, updated_at = clock_timestamp()
            WHERE partner_id = $1 AND id = $2 AND status <> 'closed'""",
        partner_id,
        merchant_id,
    )
    return changed == "UPDATE 1"
