"""Queries on the schema `qr`; the payer owns payment codes, the partner order codes.

Lives and windows are compared on PostgreSQL's clock, at the moment of the statement and not of the
transaction, which may have waited for a lock.
"""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.payer import PayerFacts
from qr.order_ref import OrderRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemedRow:
    """A payment code that was used up just now."""

    id: str
    payer: PayerFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """What stood in the way of a redemption; `retry_after_s` is set while terminal or merchant is slowed."""

    retry_after_s: int | None
    known: bool
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCodeRow:
    """A signed code that is or was shown for a payment."""

    partner_id: str
    id: str
    merchant_id: str
    payment_id: str
    form: str
    payee_name: str
    payload: str
    created_at: datetime
    expires_at: datetime
    expired: bool
    revoked: bool
    life_left_s: float


_ORDER_CODE = """
    SELECT partner_id, id, merchant_id, payment_id, form, payee_name, payload, created_at, expires_at,
           expires_at <= clock_timestamp() AS expired, revoked_at IS NOT NULL AS revoked,
           extract(epoch FROM expires_at - clock_timestamp())::float8 AS life_left_s
    FROM qr.order_codes
    """


async def insert_payment_code(
    conn: PoolConnectionProxy,
    *,
    code_hash: bytes,
    code_id: str,
    payer: PayerFacts,
    life_s: float,
) -> datetime | None:
    """When the new code expires; None if the same digits are out already."""
    expires_at: datetime | None = await conn.fetchval(
        """INSERT INTO qr.payment_codes
                  (code_hash, id, issuer, payer_id, person_id, segments, factors, certificate, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + make_interval(secs => $9))
           ON CONFLICT (code_hash) DO NOTHING
           RETURNING expires_at""",
        code_hash,
        code_id,
        payer.issuer,
        payer.id,
        payer.person_id,
        payer.segments,
        payer.factors,
        payer.certificate,
        life_s,
    )
    return expires_at


async def redeem_payment_code(
    conn: PoolConnectionProxy,
    *,
    code_hashes: list[bytes],
    payment_id: str,
    subjects: list[str],
    limits: list[int],
) -> RedeemedRow | None:
    """Use the code up, if it lives and neither of the one or two subjects has sent too many wrong ones.

    Written without arrays, for whose lengths PostgreSQL plans anew each time, which costs more than all the rest.
    A code's minute sees the newest two master keys at most.
    """
    newest, before = (code_hashes * 2)[:2]
    (merchant, terminal), (most_of_merchant, most_of_terminal) = (subjects * 2)[:2], (limits * 2)[:2]
    row = await conn.fetchrow(
        """UPDATE qr.payment_codes SET used_at = clock_timestamp(), payment_id = $3
           WHERE code_hash IN ($1, $2) AND used_at IS NULL AND expires_at > clock_timestamp()
             AND NOT EXISTS (SELECT FROM qr.wrong_codes AS wrong
                             WHERE (wrong.subject = $4 AND wrong.count >= $5
                                    OR wrong.subject = $6 AND wrong.count >= $7)
                               AND wrong.window_ends_at > clock_timestamp())
           RETURNING id, issuer, payer_id, person_id, segments, factors, certificate""",
        newest,
        before,
        payment_id,
        merchant,
        most_of_merchant,
        terminal,
        most_of_terminal,
    )
    return RedeemedRow(id=row["id"], payer=payer_of(row)) if row else None


async def why_not_redeemed(
    conn: PoolConnectionProxy,
    *,
    code_hashes: list[bytes],
    subjects: list[str],
    limits: list[int],
) -> WhyNot:
    row = await conn.fetchrow(
        """SELECT (SELECT ceil(extract(epoch FROM max(wrong.window_ends_at) - clock_timestamp()))::int
                   FROM unnest($2::text[], $3::int[]) AS bound (subject, most)
                   JOIN qr.wrong_codes AS wrong USING (subject)
                   WHERE wrong.count >= bound.most AND wrong.window_ends_at > clock_timestamp()
                  ) AS retry_after_s,
                  count(*) > 0 AS known,
                  coalesce(bool_or(used_at IS NOT NULL), false) AS used
           FROM qr.payment_codes WHERE code_hash = ANY($1)""",
        code_hashes,
        subjects,
        limits,
    )
    assert row is not None, "an aggregate always has a row"
    return WhyNot(**row)


async def count_wrong_code(conn: PoolConnectionProxy, *, subjects: list[str], window_s: float) -> None:
    """One more wrong code of each subject, in the order of their ids so that two cannot deadlock."""
    await conn.execute(
        """INSERT INTO qr.wrong_codes AS wrong (subject, count, window_ends_at)
           SELECT subject, 1, clock_timestamp() + make_interval(secs => $2)
           FROM unnest($1::text[]) AS subject ORDER BY subject
           ON CONFLICT (subject) DO UPDATE SET
             count = CASE WHEN wrong.window_ends_at > clock_timestamp() THEN wrong.count + 1 ELSE 1 END,
             window_ends_at = CASE WHEN wrong.window_ends_at > clock_timestamp()
                                   THEN wrong.window_ends_at ELSE excluded.window_ends_at END""",
        subjects,
        window_s,
    )


async def insert_order_code(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    code_id: str,
    order_ref: OrderRef,
    merchant_id: str,
    payment_id: str,
    form: str,
    payee_name: str,
    payload: str,
    expires_at: datetime,
) -> bool:
    """Whether it was stored; not when the partner has the same reference out already."""
    stored = await conn.fetchval(
        """INSERT INTO qr.order_codes
                  (partner_id, id, partner_no, serial, merchant_id, payment_id, payload, expires_at, form, payee_name)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (partner_no, serial) DO NOTHING
           RETURNING true""",
        partner_id,
        code_id,
        order_ref.partner_no,
        order_ref.serial,
        merchant_id,
        payment_id,
        payload,
        expires_at,
        form,
        payee_name,
    )
    return bool(stored)


async def find_order_code(conn: PoolConnectionProxy, order_ref: OrderRef) -> OrderCodeRow | None:
    row = await conn.fetchrow(
        _ORDER_CODE + "WHERE partner_no = $1 AND serial = $2", order_ref.partner_no, order_ref.serial
    )
    return OrderCodeRow(**row) if row else None


async def order_code_by_id(
    conn: PoolConnectionProxy, *, partner_id: str, code_id: str
) -> OrderCodeRow | None:
    row = await conn.fetchrow(_ORDER_CODE + "WHERE partner_id = $1 AND id = $2", partner_id, code_id)
    return OrderCodeRow(**row) if row else None


async def order_code_of_payment(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> OrderCodeRow | None:
    row = await conn.fetchrow(
        _ORDER_CODE + "WHERE partner_id = $1 AND payment_id = $2", partner_id, payment_id
    )
    return OrderCodeRow(**row) if row else None


async def revoke_order_code(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> bool:
    """Whether the partner has such a code; it is revoked now, if it was not before."""
    found = await conn.fetchval(
        """UPDATE qr.order_codes SET revoked_at = coalesce(revoked_at, clock_timestamp())
           WHERE partner_id = $1 AND id = $2 RETURNING true""",
        partner_id,
        code_id,
    )
    return bool(found)


async def delete_dead(
    conn: PoolConnectionProxy, *, payment_codes_s: float, order_codes_s: float, limit: int
) -> int:
    """Forget at most `limit` codes of each table that expired so many seconds ago, and ended windows."""
    deleted = await conn.fetchval(
        """WITH payment_codes AS (
             DELETE FROM qr.payment_codes WHERE code_hash IN (
               SELECT code_hash FROM qr.payment_codes
               WHERE expires_at < clock_timestamp() - make_interval(secs => $1)
               LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING 1),
           order_codes AS (
             DELETE FROM qr.order_codes WHERE (partner_id, id) IN (
               SELECT partner_id, id FROM qr.order_codes
               WHERE expires_at < clock_timestamp() - make_interval(secs => $2)
               LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING 1),
           windows AS (
             DELETE FROM qr.wrong_codes WHERE subject IN (
               SELECT subject FROM qr.wrong_codes WHERE window_ends_at < clock_timestamp()
               LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING 1)
           SELECT (SELECT count(*) FROM payment_codes) + (SELECT count(*) FROM order_codes)
                + (SELECT count(*) FROM windows)""",
        payment_codes_s,
        order_codes_s,
        limit,
    )
    return int(deleted)


def payer_of(row: asyncpg.Record) -> PayerFacts:
    """The payer in a row that has the columns of one."""
    return PayerFacts(
        id=row["payer_id"],
        person_id=row["person_id"],
        issuer=row["issuer"],
        segments=tuple(row["segments"]),
        factors=row["factors"],
        certificate=row["certificate"],
    )
