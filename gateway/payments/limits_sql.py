"""Statements on payers' days. The payer owns the row; its lock is taken after budgets' and before the payment's."""

from datetime import date

import asyncpg

from gateway.payments.payment import Allowance, Payment
from gateway.transfers.transfer import Connection

# One statement decides and counts: who waited for the row sees what the other left. The placeholders are those of
# `take`; `payments.sql.insert` has the same statement inside its own.
TAKE = """
    INSERT INTO gateway.payer_days AS day (issuer, payer_id, day, tier, currency, taken_minor)
    SELECT {issuer}, {payer_id}, {day}::date, {tier}, {currency}, {amount}::bigint
     WHERE {amount}::bigint <= {limit}::bigint
        ON CONFLICT (issuer, payer_id, day, tier, currency)
        DO UPDATE SET taken_minor = day.taken_minor + excluded.taken_minor
                WHERE day.taken_minor + excluded.taken_minor <= {limit}::bigint
    RETURNING 1
"""
_TAKE = TAKE.format(issuer="$1", payer_id="$2", currency="$3", day="$4", tier="$5", amount="$6", limit="$7")


async def take(conn: Connection, allowance: Allowance, *, issuer: str, payer_id: str, currency: str) -> bool:
    """Count it if it fits; one round trip."""
    taken = await conn.fetchval(
        _TAKE, issuer, payer_id, currency, allowance.day, allowance.tier, allowance.amount_minor,
        allowance.limit_minor,
    )  # fmt: skip
    return taken is not None


async def give_back(
    conn: Connection, allowance: Allowance, *, issuer: str, payer_id: str, currency: str
) -> None:
    await conn.execute(
        """
        UPDATE gateway.payer_days SET taken_minor = taken_minor - $6
         WHERE issuer = $1 AND payer_id = $2 AND currency = $3 AND day = $4 AND tier = $5
        """,
        issuer, payer_id, currency, allowance.day, allowance.tier, allowance.amount_minor,
    )  # fmt: skip


async def taken_minor(
    reader: Connection | asyncpg.Pool, allowance: Allowance, *, issuer: str, payer_id: str, currency: str
) -> int:
    """What the payer has used of this day and tier."""
    taken: int | None = await reader.fetchval(
        """
        SELECT taken_minor FROM gateway.payer_days
         WHERE issuer = $1 AND payer_id = $2 AND currency = $3 AND day = $4 AND tier = $5
        """,
        issuer, payer_id, currency, allowance.day, allowance.tier,
    )  # fmt: skip
    return taken or 0


async def take_of_till(
    conn: Connection, payment: Payment, *, terminal_id: str, day: date, refund_id: str, order_minor: int,
    limit_minor: int,
) -> bool:  # fmt: skip
    """Count a till's refund if it fits into the till's day, or was counted in it before; one round trip."""
    taken: bool = await conn.fetchval(
        """
        WITH new AS (
            INSERT INTO gateway.till_refunds_counted (partner_id, terminal_id, day, refund_id)
            VALUES ($1, $2, $3, $7) ON CONFLICT DO NOTHING RETURNING 1),
        taken AS (
            INSERT INTO gateway.till_refund_days AS day (partner_id, terminal_id, day, currency, taken_minor)
            SELECT $1, $2, $3, $4, $5::bigint FROM new WHERE $5::bigint <= $6::bigint
                ON CONFLICT (partner_id, terminal_id, day, currency)
                DO UPDATE SET taken_minor = day.taken_minor + excluded.taken_minor
                        WHERE day.taken_minor + excluded.taken_minor <= $6::bigint
            RETURNING 1)
        SELECT EXISTS (SELECT FROM taken) OR NOT EXISTS (SELECT FROM new)
        """,
        payment.partner_id, terminal_id, day, payment.currency, order_minor, limit_minor, refund_id,
    )  # fmt: skip
    return taken


async def sweep(conn: Connection, *, limit: int) -> int:
    """Forget days that are long over, payers' and tills'; a payment in doubt for a week keeps its day."""
    swept: int = await conn.fetchval(
        """
        WITH payers AS (
            DELETE FROM gateway.payer_days WHERE ctid IN (
                SELECT ctid FROM gateway.payer_days WHERE day < current_date - 31
                 LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1),
        tills AS (
            DELETE FROM gateway.till_refund_days WHERE ctid IN (
                SELECT ctid FROM gateway.till_refund_days WHERE day < current_date - 31
                 LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1),
        refunds AS (
            DELETE FROM gateway.till_refunds_counted WHERE ctid IN (
                SELECT ctid FROM gateway.till_refunds_counted WHERE day < current_date - 31
                 LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1)
        SELECT (SELECT count(*) FROM payers) + (SELECT count(*) FROM tills) + (SELECT count(*) FROM refunds)
        """,
        limit,
    )
    return swept
