"""One statement for an offer's figures, so that they belong together."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

# Of redeemed reservations; sums of nothing are 0.
_SUMS = """count(*) AS payments, count(DISTINCT person_id) AS payers, count(*) FILTER (WHERE first) AS new_payers,
    COALESCE(sum(order_minor), 0)::bigint AS order_minor,
    COALESCE(sum(discount_minor), 0)::bigint AS discount_minor,
    COALESCE(sum(returned_minor), 0)::bigint AS returned_minor"""

# By partner, offer, today, store, and how many stores, days and hours.
_FIGURES = f"""
    WITH mine AS MATERIALIZED (
        SELECT * FROM merchants.offer_reservations r
         WHERE r.partner_id = $1 AND r.offer_id = $2 AND r.state <> 'released'
           AND ($4::text IS NULL OR r.store_id = $4)
    ), redeemed AS (
        SELECT mine.*, met.owner IS NOT NULL AS first
          FROM mine LEFT JOIN merchants.customers met
            ON met.owner = $1 AND met.person = person_id AND met.payment_id = mine.payment_id
         WHERE state = 'redeemed'
    ), sums AS (
        SELECT {_SUMS} FROM redeemed
    ), open AS (
        SELECT count(*) AS reserved_payments, COALESCE(sum(discount_minor), 0)::bigint AS reserved_minor
          FROM mine WHERE state = 'reserved'
    ), counters AS (
        SELECT scope, taken_minor FROM merchants.offer_counters
         WHERE partner_id = $1 AND offer_id = $2 AND scope IN ('total', 'day') AND key IN ('', $3)
    )
    SELECT sums.*, open.*, GREATEST(0, (v.deal -> 'budgets' ->> 'total_minor')::bigint - COALESCE(
               (SELECT taken_minor FROM counters WHERE scope = 'total'), 0)) AS budget_left_minor,
           CASE WHEN v.deal -> 'budgets' ? 'daily_minor' THEN
               GREATEST(0, (v.deal -> 'budgets' ->> 'daily_minor')::bigint - COALESCE(
                   (SELECT taken_minor FROM counters WHERE scope = 'day'), 0)) END AS day_left_minor,
           COALESCE((SELECT jsonb_agg(to_jsonb(f) ORDER BY f.account) FROM (
               SELECT share.account, sum(share.paid)::bigint AS paid_minor,
                      sum(share.returned)::bigint AS returned_minor
                 FROM redeemed
                CROSS JOIN unnest(accounts, shares_minor, shares_returned)
                      AS share (account, paid, returned)
                GROUP BY share.account) f), '[]') AS funders,
           COALESCE((SELECT jsonb_agg(to_jsonb(s) ORDER BY s.discount_minor DESC, s.store_id) FROM (
               SELECT store_id, {_SUMS} FROM redeemed
                GROUP BY store_id ORDER BY discount_minor DESC, store_id LIMIT $5) s), '[]') AS stores,
           COALESCE((SELECT jsonb_agg(to_jsonb(d) ORDER BY d.day) FROM (
               SELECT (settled_at AT TIME ZONE INTERVAL '+08:00')::date AS day, {_SUMS} FROM redeemed
                GROUP BY 1 ORDER BY 1 DESC LIMIT $6) d), '[]') AS days,
           COALESCE((SELECT jsonb_agg(to_jsonb(h) ORDER BY h.hour) FROM (
               SELECT date_trunc('hour', settled_at) AS hour, {_SUMS} FROM redeemed
                WHERE settled_at > now() - make_interval(hours => $7)
                GROUP BY 1) h), '[]') AS hours
      FROM merchants.offers o
      JOIN merchants.offer_versions v
        ON v.partner_id = o.partner_id AND v.offer_id = o.id AND v.version = o.version
     CROSS JOIN sums CROSS JOIN open
     WHERE o.partner_id = $1 AND o.id = $2
"""  # noqa: S608 - fixed list


async def figures(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    offer_id: str,
    day: str,
    store_id: str | None,
    stores: int,
    days: int,
    hours: int,
) -> asyncpg.Record | None:
    """None where the partner has no such offer."""
    return await conn.fetchrow(
        _FIGURES, partner_id, offer_id, day, store_id, stores, days, hours,
    )  # fmt: skip
