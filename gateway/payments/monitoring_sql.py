"""How payments went, minute by minute; every statement reads a piece of an index whose ids begin with their time."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

# A payment of an order code is paid some minutes after it was stored; its transfer is of the later minute.
_ENDINGS = """CASE WHEN state IN ('succeeded', 'authorized', 'capturing') THEN 'succeeded'
                   WHEN state = 'declined' THEN 'declined'
                   WHEN state IN ('expired', 'canceled', 'reversed') THEN 'lapsed' ELSE 'open' END"""


async def endings(
    pool: asyncpg.Pool, *, ids: Sequence[str], since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """Payments by minute, ending, and reason where they were declined."""
    return await pool.fetch(
        f"""
        SELECT date_trunc('minute', created_at) AS minute, {_ENDINGS} AS ending,
               CASE WHEN state = 'declined' THEN COALESCE(reason, 'declined') END AS reason, count(*) AS number
          FROM gateway.payments
         WHERE id >= $1 AND id < $2 AND created_at >= $3 AND created_at < $4 GROUP BY 1, 2, 3
        """,  # noqa: S608 - fixed text
        *ids, since, until,
    )  # fmt: skip


async def discounts(
    pool: asyncpg.Pool, *, ids: Sequence[str], since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """What offers took off the payments that succeeded, by minute."""
    return await pool.fetch(
        """
        SELECT date_trunc('minute', p.created_at) AS minute, agreed ->> 'offer_id' AS offer_id, p.currency,
               max(agreed ->> 'title') AS title, sum((agreed ->> 'discount_minor')::bigint)::bigint AS minor
          FROM gateway.payments p CROSS JOIN LATERAL jsonb_array_elements(p.terms -> 'offers') AS agreed
         WHERE p.id >= $1 AND p.id < $2 AND p.created_at >= $3 AND p.created_at < $4
           AND p.state = 'succeeded' AND p.discount_minor > 0
         GROUP BY 1, 2, 3 HAVING sum((agreed ->> 'discount_minor')::bigint) > 0
        """,
        *ids, since, until,
    )  # fmt: skip


async def cores(
    pool: asyncpg.Pool, *, ids: Sequence[str], since: datetime, until: datetime
) -> list[asyncpg.Record]:
    """What the cores decided about charges, by minute and issuer; with issuer null, how long all of them took."""
    return await pool.fetch(
        """
        SELECT date_trunc('minute', created_at) AS minute, instruction ->> 'issuer' AS issuer,
               count(*) FILTER (WHERE outcome = 'approved') AS approved,
               count(*) FILTER (WHERE outcome = 'declined') AS declined,
               count(*) FILTER (WHERE outcome IN ('reversed', 'tombstoned')) AS undone,
               count(*) FILTER (WHERE state <> 'final') AS undecided,
               percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
                   ORDER BY (extract(epoch FROM final_at - created_at) * 1000)::int) AS took_ms
          FROM gateway.transfers
         WHERE owner_id >= $1 AND owner_id < $2 AND created_at >= $3 AND created_at < $4 AND purpose = 'payment'
         GROUP BY GROUPING SETS ((1, 2), (1))
        """,
        *ids, since, until,
    )  # fmt: skip


async def took(pool: asyncpg.Pool, *, ids: Sequence[str], since: datetime) -> list[int] | None:
    """Median and 99th percentile of all charges since then, in milliseconds; None where there was none."""
    found: list[int] | None = await pool.fetchval(
        """
        SELECT percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (
                   ORDER BY (extract(epoch FROM final_at - created_at) * 1000)::int)
          FROM gateway.transfers
         WHERE owner_id >= $1 AND owner_id < $2 AND created_at >= $3 AND purpose = 'payment' AND state = 'final'
        """,
        *ids, since,
    )  # fmt: skip
    return found


async def now(pool: asyncpg.Pool) -> datetime:
    """The database's clock, by which minutes begin."""
    moment: datetime = await pool.fetchval("SELECT now()")
    return moment
