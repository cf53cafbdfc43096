"""Statements on scans of stickers, and on what a till is told it was paid by them."""

from dataclasses import dataclass

import msgspec

from gateway.payments.payment import Payment
from gateway.payments.sql import Reader, encoded, payment_of
from gateway.transfers.transfer import Connection
from merchants.payer import PayerFacts

_decode_payer = msgspec.json.Decoder(PayerFacts).decode

# Long enough to type an amount and to think it over. It pays once: a second tap is no second purchase.
_SCAN_LIFE_S = 600.0
# Whoever asks what became of a scan asks by its payment.
_KEEP_SCANS_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreScan:
    """Whom a payer is about to pay, by which sticker."""

    id: str
    payer: PayerFacts
    partner_id: str
    merchant_id: str
    store_id: str
    terminal_id: str | None
    store_code_id: str


async def insert_scan(conn: Connection, scan: StoreScan) -> None:
    await conn.execute(
        """
        INSERT INTO gateway.store_scans
               (issuer, id, payer, partner_id, merchant_id, store_id, terminal_id, store_code_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        scan.payer.issuer, scan.id, encoded(scan.payer), scan.partner_id, scan.merchant_id, scan.store_id,
        scan.terminal_id, scan.store_code_id,
    )  # fmt: skip


async def use_scan(conn: Connection, *, issuer: str, scan_id: str) -> StoreScan | None:
    """Use it up: who pays by it twice at once waits here. None when it was, is another issuer's, or too old."""
    row = await conn.fetchrow(
        """
        DELETE FROM gateway.store_scans
         WHERE issuer = $1 AND id = $2 AND created_at > now() - $3 * interval '1 s'
        RETURNING id, payer, partner_id, merchant_id, store_id, terminal_id, store_code_id
        """,
        issuer, scan_id, _SCAN_LIFE_S,
    )  # fmt: skip
    return StoreScan(**{**dict(row), "payer": _decode_payer(row["payer"])}) if row else None


async def sweep_scans(conn: Connection, *, limit: int) -> int:
    """Forget scans that nobody can pay by any more; how many."""
    status = await conn.execute(
        """
        DELETE FROM gateway.store_scans WHERE (issuer, id) IN (
            SELECT issuer, id FROM gateway.store_scans WHERE created_at < now() - $1 * interval '1 s'
             LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        _KEEP_SCANS_S, limit,
    )  # fmt: skip
    return int(status.rpartition(" ")[2])


async def number_for_terminal(conn: Connection, payment: Payment) -> None:
    """Give the payment the terminal's next number, which nobody else gets before this commits."""
    await conn.execute(
        """
        WITH counted AS (
            INSERT INTO gateway.terminal_counters AS counter (partner_id, terminal_id, latest) VALUES ($1, $2, 1)
            ON CONFLICT (partner_id, terminal_id) DO UPDATE SET latest = counter.latest + 1
            RETURNING latest)
        INSERT INTO gateway.terminal_payments (partner_id, terminal_id, number, payment_id)
        SELECT $1, $2, counted.latest, $3 FROM counted
        """,
        payment.partner_id, payment.terminal_id, payment.id,
    )  # fmt: skip


async def of_terminal(
    reader: Reader, *, partner_id: str, terminal_id: str, after: int | None, limit: int
) -> list[tuple[int, Payment]]:
    """Number and payment, oldest first: those after a number, or the latest."""
    rows = await reader.fetch(
        """
        SELECT told.number, p.* FROM (
            (SELECT number, payment_id FROM gateway.terminal_payments
              WHERE partner_id = $1 AND terminal_id = $2 AND number > $3 ORDER BY number LIMIT $4)
            UNION ALL
            (SELECT number, payment_id FROM gateway.terminal_payments
              WHERE partner_id = $1 AND terminal_id = $2 AND $3::bigint IS NULL ORDER BY number DESC LIMIT $4)
        ) AS told JOIN gateway.payments p ON p.partner_id = $1 AND p.id = told.payment_id
         ORDER BY told.number
        """,
        partner_id, terminal_id, after, limit,
    )  # fmt: skip
    told = [dict(row) for row in rows]
    return [(one.pop("number"), payment_of(one)) for one in told]
