"""Statements on payments and refunds. Every one names the partner, or the issuer and payer, whose row it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from gateway.payments import limits_sql
from gateway.payments.credit import CreditBack
from gateway.payments.payment import Allowance, Payment, Refund, State, Terms, leading_to
from gateway.transfers import sql as transfers_sql
from gateway.transfers.transfer import Connection
from gateway.wallet.core import Transfer

_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_backs = msgspec.json.Decoder(list[CreditBack]).decode
_encode = msgspec.json.Encoder().encode

Reader = Connection | asyncpg.Pool


def payment_of(row: asyncpg.Record | Mapping[str, Any]) -> Payment:
    values = dict(row)
    values["state"] = State(values["state"])
    values["terms"] = _decode_terms(values["terms"])
    values["refunded_legs"] = tuple(values["refunded_legs"])
    # What indexes are made of; the state says it too.
    del values["failed"], values["lapses"]
    return Payment(**values)


def refund_of(row: asyncpg.Record | dict[str, Any]) -> Refund:
    values = dict(row)
    values["legs"] = tuple(values["legs"])
    values["credits_back"] = tuple(_decode_backs(values["credits_back"]))
    return Refund(**values)


def encoded(value: object) -> str:
    return _encode(value).decode()


# $19 to $22 are what the payment takes of its payer's day; no limit, nothing to take. What does not fit is stored too,
# declined: one statement, so that nobody waits for the payer's row a round trip longer. $23 to $25 are the transfer of
# a payment that goes to the core at once.
_INSERT = f"""
    WITH taken AS ({
    limits_sql.TAKE.format(
        issuer="$15::text",
        payer_id="$16::text",
        currency="$11::text",
        day="$19",
        tier="$20::text",
        amount="$21",
        limit="$22",
    )
}),
    room AS (SELECT $22::bigint IS NULL OR EXISTS (SELECT FROM taken) AS enough),
    stored AS (
    INSERT INTO gateway.payments
           (partner_id, id, merchant_id, store_id, terminal_id, client_id, merchant_order_no, direction, state,
            reason, currency, order_minor, discount_minor, fee_minor, issuer, payer_id, terms, expires_at)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8,
           CASE WHEN room.enough THEN $9 ELSE 'declined' END,
           CASE WHEN room.enough THEN $10 ELSE 'payer_limit_exceeded' END,
           $11, $12::bigint, $13::bigint, $14::bigint, $15, $16, $17::jsonb, $18::timestamptz
      FROM room
        ON CONFLICT (partner_id, merchant_id, merchant_order_no)
           WHERE NOT failed DO NOTHING
    RETURNING *),
    instructed AS ({
    transfers_sql.INSERT_FIRST.format(
        owner="stored", instruction="$23", look_after_s="$24", give_up_after_s="$25"
    )
})
    SELECT * FROM stored
"""  # noqa: S608 - fixed text


async def insert(
    conn: Connection,
    payment: dict[str, Any],
    *,
    expires_at: datetime | None,
    allowance: Allowance | None = None,
    first: Transfer | None = None,
    look_after_s: float | None = None,
) -> Payment | None:
    """Store a payment; None if the order has a live attempt, this moment's concurrent ones included.

    One that does not fit into what `allowance` takes of its payer's day is stored as declined. With one that is
    stored as processing goes its `first` transfer, which the resolver looks after in `look_after_s`.
    """
    row = await conn.fetchrow(
        _INSERT,
        *(payment[name] for name in _INSERTED),
        encoded(payment["terms"]),
        expires_at,
        *(
            (allowance.day, allowance.tier, allowance.amount_minor, allowance.limit_minor)
            if allowance
            else (None, None, None, None)
        ),
        transfers_sql.encoded(first) if first else None,
        look_after_s,
        payment["terms"].give_up_after_s,
    )
    return payment_of(row) if row else None


_INSERTED = (
    "partner_id", "id", "merchant_id", "store_id", "terminal_id", "client_id", "merchant_order_no", "direction",
    "state", "reason", "currency", "order_minor", "discount_minor", "fee_minor", "issuer", "payer_id",
)  # fmt: skip


async def find(reader: Reader, *, partner_id: str, payment_id: str) -> Payment | None:
    row = await reader.fetchrow(
        "SELECT * FROM gateway.payments WHERE partner_id = $1 AND id = $2", partner_id, payment_id
    )
    return payment_of(row) if row else None


async def lock(conn: Connection, *, partner_id: str, payment_id: str) -> Payment | None:
    row = await conn.fetchrow(
        "SELECT * FROM gateway.payments WHERE partner_id = $1 AND id = $2 FOR UPDATE", partner_id, payment_id
    )
    return payment_of(row) if row else None


async def lock_of_payer(conn: Connection, *, payment_id: str, issuer: str) -> Payment | None:
    """A payment of this issuer's payer, for the wallet's backend."""
    row = await conn.fetchrow(
        "SELECT * FROM gateway.payments WHERE id = $1 AND issuer = $2 FOR UPDATE", payment_id, issuer
    )
    return payment_of(row) if row else None


async def find_of_payer(reader: Reader, *, payment_id: str, issuer: str) -> Payment | None:
    row = await reader.fetchrow(
        "SELECT * FROM gateway.payments WHERE id = $1 AND issuer = $2", payment_id, issuer
    )
    return payment_of(row) if row else None


async def live_attempt(
    conn: Connection, *, partner_id: str, merchant_id: str, merchant_order_no: str
) -> Payment | None:
    """The order's one attempt that has not failed."""
    row = await conn.fetchrow(
        """
        SELECT * FROM gateway.payments
         WHERE partner_id = $1 AND merchant_id = $2 AND merchant_order_no = $3
           AND NOT failed
        """,
        partner_id, merchant_id, merchant_order_no,
    )  # fmt: skip
    return payment_of(row) if row else None


async def move(conn: Connection, payment: Payment, to: State, *, reason: str | None = None,
               cancel_accepted: bool = False) -> Payment | None:  # fmt: skip
    """Take a payment on from the state it was read in; None when it is elsewhere by now."""
    return await move_by_id(
        conn, partner_id=payment.partner_id, payment_id=payment.id, to=to, reason=reason,
        cancel_accepted=cancel_accepted, found=payment.state,
    )  # fmt: skip


async def move_by_id(
    conn: Connection, *, partner_id: str, payment_id: str, to: State, reason: str | None,
    cancel_accepted: bool = False, expires_in_s: float | None = None, at_latest: datetime | None = None,
    found: State | None = None,
) -> Payment | None:  # fmt: skip
    """Take a payment to another state, from `found` or from wherever the table allows; None when it is elsewhere."""
    sources = leading_to(to)
    assert found is None or found in sources, "the table of transitions does not allow this"
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = $3, reason = $4, sequence = sequence + 1, updated_at = now(),
               cancel_accepted = cancel_accepted OR $5,
               expires_at = CASE WHEN $7::float8 IS NOT NULL THEN LEAST(now() + $7 * interval '1 s', $8) END
         WHERE partner_id = $1 AND id = $2 AND state = ANY($6::text[])
        RETURNING *
        """,
        partner_id, payment_id, to, reason, cancel_accepted, sources if found is None else [found],
        expires_in_s, at_latest,
    )  # fmt: skip
    return payment_of(row) if row else None


async def bind_payer(
    conn: Connection,
    payment: Payment,
    *,
    issuer: str,
    payer_id: str,
    discount_minor: int,
    fee_minor: int,
    terms: Terms,
) -> Payment | None:
    """The first confirm binds its payer; None for everybody after, and after the order's code expired."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'processing', reason = NULL, sequence = sequence + 1, updated_at = now(), expires_at = NULL,
               issuer = $3, payer_id = $4, discount_minor = $5, terms = $6, fee_minor = $7
         WHERE partner_id = $1 AND id = $2 AND state = 'requires_payer' AND expires_at > now()
        RETURNING *
        """,
        payment.partner_id, payment.id, issuer, payer_id, discount_minor, encoded(terms), fee_minor,
    )  # fmt: skip
    return payment_of(row) if row else None


async def confirm_in_time(conn: Connection, payment: Payment, terms: Terms) -> Payment | None:
    """On to the core again with the payer's word; None when nobody waits for it, or too late."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET state = 'processing', reason = NULL, sequence = sequence + 1, updated_at = now(), expires_at = NULL,
               terms = $3
         WHERE partner_id = $1 AND id = $2 AND state = 'requires_confirmation' AND expires_at > now()
        RETURNING *
        """,
        payment.partner_id, payment.id, encoded(terms),
    )  # fmt: skip
    return payment_of(row) if row else None


async def accept_cancel(conn: Connection, payment: Payment) -> Payment | None:
    """Promise, of a payment that is being undone already, that its payer ends uncharged."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments SET cancel_accepted = true
         WHERE partner_id = $1 AND id = $2 AND state = 'reversing' RETURNING *
        """,
        payment.partner_id, payment.id,
    )  # fmt: skip
    return payment_of(row) if row else None


async def claim_refund(
    conn: Connection, payment: Payment, *, order_minor: int, paid_minor: int, legs: Sequence[int]
) -> Payment:
    """Count a refund against its payment; the caller holds the payment's row. Negative amounts give a claim back."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments
           SET refunded_order_minor = refunded_order_minor + $3, refunded_paid_minor = refunded_paid_minor + $4,
               refunded_legs = $5, sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2
        RETURNING *
        """,
        payment.partner_id, payment.id, order_minor, paid_minor, list(legs),
    )  # fmt: skip
    assert row is not None, "the caller holds the row"
    return payment_of(row)


async def count_change(conn: Connection, payment: Payment) -> Payment:
    """Something about a payment changed that its columns do not show: its events need a sequence of their own."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.payments SET sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 RETURNING *
        """,
        payment.partner_id, payment.id,
    )  # fmt: skip
    assert row is not None, "payments are never deleted"
    return payment_of(row)


async def insert_refund(conn: Connection, refund: dict[str, Any]) -> Refund:
    row = await conn.fetchrow(
        """
        INSERT INTO gateway.refunds
               (partner_id, id, payment_id, merchant_refund_no, state, note, automatic,
                order_minor, paid_minor, funded_minor, fee_minor, legs, deducted_minor, credits_back)
        VALUES ($1, $2, $3, $4, 'processing', $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb)
        RETURNING *
        """,
        *(refund[name] for name in _REFUND_INSERTED),
        encoded(refund["credits_back"]),
    )
    assert row is not None
    return refund_of(row)


_REFUND_INSERTED = (
    "partner_id", "id", "payment_id", "merchant_refund_no", "note", "automatic",
    "order_minor", "paid_minor", "funded_minor", "fee_minor", "legs", "deducted_minor",
)  # fmt: skip


async def move_refund(
    conn: Connection, *, partner_id: str, refund_id: str, source: str, to: str, reason: str | None,
    amounts: dict[str, Any] | None = None,
) -> Refund | None:  # fmt: skip
    """Take a refund to another state; `amounts` are new shares where a failed refund is tried again."""
    new = amounts or {}
    row = await conn.fetchrow(
        """
        UPDATE gateway.refunds
           SET state = $4, reason = $5, updated_at = now(), paid_minor = COALESCE($6, paid_minor),
               funded_minor = COALESCE($7, funded_minor), fee_minor = COALESCE($8, fee_minor),
               legs = COALESCE($9::bigint[], legs), deducted_minor = COALESCE($10, deducted_minor),
               credits_back = COALESCE($11::jsonb, credits_back)
         WHERE partner_id = $1 AND id = $2 AND state = $3
        RETURNING *
        """,
        partner_id, refund_id, source, to, reason,
        new.get("paid_minor"), new.get("funded_minor"), new.get("fee_minor"), new.get("legs"),
        new.get("deducted_minor"), encoded(new["credits_back"]) if new else None,
    )  # fmt: skip
    return refund_of(row) if row else None


async def find_refund(reader: Reader, *, partner_id: str, refund_id: str) -> Refund | None:
    row = await reader.fetchrow(
        "SELECT * FROM gateway.refunds WHERE partner_id = $1 AND id = $2", partner_id, refund_id
    )
    return refund_of(row) if row else None


async def find_refund_by_no(
    reader: Reader, *, partner_id: str, payment_id: str, merchant_refund_no: str
) -> Refund | None:
    row = await reader.fetchrow(
        """
        SELECT * FROM gateway.refunds
         WHERE partner_id = $1 AND payment_id = $2 AND merchant_refund_no = $3
        """,
        partner_id, payment_id, merchant_refund_no,
    )  # fmt: skip
    return refund_of(row) if row else None


async def refunds_of(reader: Reader, *, partner_id: str, payment_id: str) -> list[Refund]:
    rows = await reader.fetch(
        "SELECT * FROM gateway.refunds WHERE partner_id = $1 AND payment_id = $2 ORDER BY id LIMIT 1000",
        partner_id, payment_id,
    )  # fmt: skip
    return [refund_of(row) for row in rows]
