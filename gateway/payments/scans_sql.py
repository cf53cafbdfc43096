"""Statements on scans: what one payer was shown of one order; every one names the issuer whose payer it is."""

import asyncpg
import msgspec

from gateway.payments.payment import Payment, Scan
from gateway.transfers.transfer import Connection
from merchants.payer import PayerFacts

_decode_payer = msgspec.json.Decoder(PayerFacts).decode
# A day, for whoever asks what a payer saw of an order that ended.
_KEEP_S = 86_400.0
_encode = msgspec.json.Encoder().encode


async def insert_scan(
    conn: Connection, *, issuer: str, scan_id: str, payment: Payment, payer: PayerFacts,
    quote: str, payable_minor: int,
) -> None:  # fmt: skip
    await conn.execute(
        """
        INSERT INTO gateway.scans (issuer, id, payer_id, partner_id, payment_id, payer, quote, payable_minor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        issuer, scan_id, payer.id, payment.partner_id, payment.id, _encode(payer).decode(), quote, payable_minor,
    )  # fmt: skip


async def sweep(conn: Connection, *, limit: int) -> int:
    """Forget what was shown of orders that ended long ago; how many. A code lives two hours at most."""
    status = await conn.execute(
        """
        DELETE FROM gateway.scans WHERE (issuer, id) IN (
            SELECT issuer, id FROM gateway.scans WHERE created_at < now() - $1 * interval '1 s'
             LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        _KEEP_S, limit,
    )  # fmt: skip
    return int(status.rpartition(" ")[2])


_SCAN = "id, partner_id, payment_id, payer, quote, payable_minor"


def _scan(row: asyncpg.Record) -> Scan:
    return Scan(**{**dict(row), "payer": _decode_payer(row["payer"])})


async def hold_scan(conn: Connection, *, issuer: str, scan_id: str, payment_id: str) -> Scan | None:
    """A payer's open view of an order, held: who confirms and declines at once does one after the other.

    None when it is another issuer's, of another order, or was declined.
    """
    row = await conn.fetchrow(
        f"""
        SELECT {_SCAN} FROM gateway.scans
         WHERE issuer = $1 AND id = $2 AND payment_id = $3 AND NOT declined FOR UPDATE
        """,  # noqa: S608 - fixed list
        issuer, scan_id, payment_id,
    )  # fmt: skip
    return _scan(row) if row else None


async def close_scan(conn: Connection, *, issuer: str, scan_id: str, payment_id: str) -> Scan | None:
    """A payer's decline closes that payer's own view and nothing else; None when there is no such view."""
    row = await conn.fetchrow(
        f"""
        UPDATE gateway.scans SET declined = true
         WHERE issuer = $1 AND id = $2 AND payment_id = $3 RETURNING {_SCAN}
        """,  # noqa: S608 - fixed list
        issuer, scan_id, payment_id,
    )  # fmt: skip
    return _scan(row) if row else None
