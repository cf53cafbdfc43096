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
