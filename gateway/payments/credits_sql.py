"""Statements on what payments earned their payers. Lock order: payment, credit, points."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from gateway.payments.credit import Credit, CreditBack
from gateway.transfers.transfer import Connection
from merchants.offers.giving import Form

_decode_backs = msgspec.json.Decoder(list[CreditBack]).decode

_CREDIT = """c.partner_id, c.id, c.payment_id, c.offer_id, c.form, c.unit, c.issuer, c.payer_id, c.accounts, c.amounts,
    c.state, c.to_take, c.taken"""


async def insert_owed(conn: Connection, credits_: Sequence[dict[str, Any]]) -> None:
    """Store what is owed; a payment owes for an offer once."""
    await conn.execute(
        """
        INSERT INTO gateway.credits
               (partner_id, id, payment_id, offer_id, form, unit, issuer, payer_id, accounts, amounts, to_take, taken)
        SELECT partner_id, id, payment_id, offer_id, form, unit, issuer, payer_id, accounts, amounts,
               array_fill(0::bigint, ARRAY[cardinality(accounts)]), array_fill(0::bigint, ARRAY[cardinality(accounts)])
          FROM jsonb_to_recordset($1::jsonb) AS owed (
               partner_id text, id text, payment_id text, offer_id text, form text, unit text, issuer text,
               payer_id text, accounts text[], amounts bigint[])
        """,
        msgspec.json.encode(credits_).decode(),
    )


async def hold(conn: Connection, *, partner_id: str, credit_id: str) -> Credit:
    row = await conn.fetchrow(
        f"SELECT {_CREDIT} FROM gateway.credits c WHERE partner_id = $1 AND id = $2 FOR UPDATE",  # noqa: S608 - fixed list
        partner_id,
        credit_id,
    )
    assert row is not None, "a credit's transfer is stored with it"
    return _credit(row)


async def of_payment(
    conn: Connection, *, partner_id: str, payment_id: str, hold: bool = False
) -> list[Credit]:
    rows = await conn.fetch(
        f"""SELECT {_CREDIT} FROM gateway.credits c WHERE partner_id = $1 AND payment_id = $2
             ORDER BY id {"FOR UPDATE" if hold else ""}""",  # noqa: S608 - fixed texts
        partner_id,
        payment_id,
    )
    return [_credit(row) for row in rows]


async def of_payer(conn: Connection, *, issuer: str, payer_id: str, limit: int) -> list[Credit]:
    """The payer's latest, newest first."""
    rows = await conn.fetch(
        f"""SELECT {_CREDIT} FROM gateway.credits c WHERE issuer = $1 AND payer_id = $2
             ORDER BY id DESC LIMIT $3""",  # noqa: S608 - fixed list
        issuer,
        payer_id,
        limit,
    )
    return [_credit(row) for row in rows]


async def give(conn: Connection, credit: Credit) -> None:
    """The core credited it; what refunds have claimed of points meanwhile is not the payer's to spend."""
    await conn.execute(
        """
        WITH given AS (
            UPDATE gateway.credits SET state = 'given', updated_at = now()
             WHERE partner_id = $1 AND id = $2 AND state = 'owed' RETURNING *)
        INSERT INTO gateway.points_accounts AS account (issuer, payer_id, unit, points)
        SELECT issuer, payer_id, unit, $3::bigint - claimed FROM given WHERE form = 'points'
            ON CONFLICT (issuer, payer_id, unit) DO UPDATE SET points = account.points + excluded.points
        """,
        credit.partner_id,
        credit.id,
        credit.amount,
    )


async def claim(conn: Connection, credit: Credit, points: int) -> None:
    """A refund takes points from the wallet once it succeeds; a negative number gives a claim back."""
    await conn.execute(
        """
        WITH claimed AS (
            UPDATE gateway.credits SET claimed = claimed + $3, updated_at = now()
             WHERE partner_id = $1 AND id = $2 RETURNING *)
        UPDATE gateway.points_accounts a SET points = a.points - $3
          FROM claimed c
         WHERE c.state = 'given' AND a.issuer = c.issuer AND a.payer_id = c.payer_id AND a.unit = c.unit
        """,
        credit.partner_id,
        credit.id,
        points,
    )


async def order_back(conn: Connection, credit: Credit, parts: Sequence[int]) -> Credit:
    """So much more is to come back from the wallet, by account."""
    return await _change(
        conn, credit, to_take=[had + part for had, part in zip(credit.to_take, parts, strict=True)]
    )


async def note_taken(conn: Connection, credit: Credit, parts: Sequence[int]) -> Credit:
    """So much has come back."""
    return await _change(
        conn, credit, taken=[had + part for had, part in zip(credit.taken, parts, strict=True)]
    )


async def _change(
    conn: Connection,
    credit: Credit,
    *,
    to_take: Sequence[int] | None = None,
    taken: Sequence[int] | None = None,
) -> Credit:
    row = await conn.fetchrow(
        f"""UPDATE gateway.credits c
               SET to_take = COALESCE($3::bigint[], to_take), taken = COALESCE($4::bigint[], taken), updated_at = now()
             WHERE partner_id = $1 AND id = $2 RETURNING {_CREDIT}""",  # noqa: S608 - fixed list
        credit.partner_id,
        credit.id,
        to_take,
        taken,
    )
    assert row is not None, "its row is held"
    return _credit(row)


async def points_of(conn: Connection, *, issuer: str, payer_id: str, unit: str, hold: bool = False) -> int:
    """What the payer can spend of these points, as far as they came through us; below zero is owed."""
    points: int | None = await conn.fetchval(
        f"""SELECT points FROM gateway.points_accounts WHERE issuer = $1 AND payer_id = $2 AND unit = $3
             {"FOR UPDATE" if hold else ""}""",  # noqa: S608 - fixed texts
        issuer,
        payer_id,
        unit,
    )
    return points or 0


async def balances(conn: Connection, *, issuer: str, payer_id: str) -> list[asyncpg.Record]:
    return await conn.fetch(
        "SELECT unit, points FROM gateway.points_accounts WHERE issuer = $1 AND payer_id = $2 ORDER BY unit",
        issuer,
        payer_id,
    )


async def spend(conn: Connection, *, issuer: str, payer_id: str, unit: str, points: int) -> bool:
    """Set points aside that are about to be taken; false where there are not so many. Negative ones come back."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.points_accounts SET points = points - $4
         WHERE issuer = $1 AND payer_id = $2 AND unit = $3 AND ($4 < 0 OR points >= $4) RETURNING points
        """,
        issuer,
        payer_id,
        unit,
        points,
    )
    return row is not None


async def backs_of(conn: Connection, *, partner_id: str, payment_id: str) -> list[CreditBack]:
    """What refunds that have not failed take of what a payment earned."""
    rows = await conn.fetch(
        """
        SELECT credits_back FROM gateway.refunds
         WHERE partner_id = $1 AND payment_id = $2 AND state <> 'failed' AND credits_back <> '[]'
        """,
        partner_id,
        payment_id,
    )
    return [back for row in rows for back in _decode_backs(row["credits_back"])]


def _credit(row: asyncpg.Record) -> Credit:
    return Credit(
        partner_id=row["partner_id"],
        id=row["id"],
        payment_id=row["payment_id"],
        offer_id=row["offer_id"],
        form=Form(row["form"]),
        unit=row["unit"],
        issuer=row["issuer"],
        payer_id=row["payer_id"],
        accounts=tuple(row["accounts"]),
        amounts=tuple(row["amounts"]),
        given=row["state"] == "given",
        to_take=tuple(row["to_take"]),
        taken=tuple(row["taken"]),
    )
