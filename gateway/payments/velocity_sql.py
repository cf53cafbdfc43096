"""Statements on the pace of payers, terminals and merchants. Rows are only added, so that nobody waits for another."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from gateway.payments.velocity_rules import Hit
from gateway.transfers.transfer import Connection

# Above any rule that makes sense; bounds what one payment makes the database read.
_MOST_COUNTED: Final = 100_000
# The longest window a rule may have, in seconds; what is older is swept.
KEPT_S: Final = 9_999_999


async def count(
    conn: Connection, *, payment_id: str, currency: str, order_minor: int, subjects: Sequence[str],
    windows_s: Sequence[int],
) -> list[tuple[int, int]]:  # fmt: skip
    """Note this payment, and how many and how much there were before it, for each subject and window."""
    rows = await conn.fetch(
        f"""
        WITH noted AS (
            INSERT INTO gateway.velocity (subject, currency, payment_id, order_minor)
            SELECT DISTINCT subject, $2, $1, $3::bigint FROM unnest($4::text[]) AS subject)
        SELECT count(seen.order_minor) AS number, COALESCE(sum(seen.order_minor), 0)::bigint AS amount_minor
          FROM unnest($4::text[], $5::int[]) WITH ORDINALITY AS asked (subject, window_s, place)
          LEFT JOIN LATERAL (
               SELECT v.order_minor FROM gateway.velocity v
                WHERE v.subject = asked.subject AND v.currency = $2
                  AND v.at > now() - asked.window_s * interval '1 s' LIMIT {_MOST_COUNTED}) seen ON true
         GROUP BY asked.place ORDER BY asked.place
        """,  # noqa: S608 - a number of ours
        payment_id, currency, order_minor, subjects, windows_s,
    )  # fmt: skip
    return [(row["number"], row["amount_minor"]) for row in rows]


async def forget(conn: Connection, *, payment_id: str) -> None:
    await conn.execute("DELETE FROM gateway.velocity WHERE payment_id = $1", payment_id)


async def insert_hit(conn: Connection | asyncpg.Pool, *, partner_id: str, payment_id: str, hit: Hit) -> None:
    await conn.execute(
        """
        INSERT INTO gateway.velocity_hits
               (partner_id, payment_id, rule, action, subject, measured, rule_limit, window_s)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        partner_id, payment_id, hit.rule.name, hit.rule.action, hit.subject, hit.measured, hit.rule.limit,
        hit.rule.window_s,
    )  # fmt: skip


async def hits(
    reader: Connection | asyncpg.Pool,
    *,
    rule: str | None,
    action: str | None,
    subject: str | None,
    before_no: int | None,
    limit: int,
) -> list[asyncpg.Record]:
    """What fired, newest first, for operators."""
    return await reader.fetch(
        """
        SELECT * FROM gateway.velocity_hits
         WHERE ($1::bigint IS NULL OR no < $1) AND ($2::text IS NULL OR rule = $2)
           AND ($3::text IS NULL OR action = $3) AND ($4::text IS NULL OR subject = $4)
         ORDER BY no DESC LIMIT $5
        """,
        before_no, rule, action, subject, limit,
    )  # fmt: skip


async def sweep(conn: Connection, *, limit: int) -> int:
    """Forget a pace that no window reaches back to."""
    status = await conn.execute(
        """
        DELETE FROM gateway.velocity WHERE ctid IN (
            SELECT ctid FROM gateway.velocity WHERE at < now() - $1 * interval '1 s' LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        KEPT_S, limit,
    )  # fmt: skip
    return int(status.rpartition(" ")[2])
