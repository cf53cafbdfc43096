"""Statements on sessions. Every one names the partner whose row it is, but for a page, which proves its own session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from gateway.checkout.session import Attempted, Ending, Session, State, Terms
from gateway.payments.payment import Payment
from gateway.payments.sql import payment_of
from gateway.transfers.transfer import Connection

Reader = Connection | asyncpg.Pool

_decode_terms = msgspec.json.Decoder(Terms).decode
_INSERTED = (
    "partner_id", "id", "merchant_id", "store_id", "terminal_id", "client_id", "merchant_order_no", "currency",
    "order_minor", "payment_id",
)  # fmt: skip


# Not as two composites: a connection would remember their columns over a migration that adds one.
_COLUMNS = [field.name for field in msgspec.structs.fields(Session)]
_PREFIXED = ", ".join(f"s.{name} AS session_{name}" for name in _COLUMNS)


def session_of(row: asyncpg.Record | dict[str, Any]) -> Session:
    values = dict(row)
    values["state"] = State(values["state"])
    values["terms"] = _decode_terms(values["terms"])
    return Session(**values)


def _attempted(row: asyncpg.Record) -> Attempted:
    session = session_of({name: row[f"session_{name}"] for name in _COLUMNS})
    payment = {name: value for name, value in row.items() if not name.startswith("session_")}
    return Attempted(session, payment_of(payment))


async def insert(conn: Connection, session: dict[str, Any], *, expires_at: datetime) -> Session:
    row = await conn.fetchrow(
        """
        INSERT INTO gateway.checkout_sessions
               (partner_id, id, merchant_id, store_id, terminal_id, client_id, merchant_order_no, currency,
                order_minor, payment_id, terms, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12) RETURNING *
        """,
        *(session[name] for name in _INSERTED),
        msgspec.json.encode(session["terms"]).decode(),
        expires_at,
    )
    assert row is not None
    return session_of(row)


async def find(reader: Reader, *, session_id: str, partner_id: str | None) -> Attempted | None:
    """A session with its latest attempt in one reading; without a partner for a page that has proven its session."""
    row = await reader.fetchrow(
        f"""
        SELECT p.*, {_PREFIXED}
          FROM gateway.checkout_sessions s
          JOIN gateway.payments p ON p.partner_id = s.partner_id AND p.id = s.payment_id
         WHERE s.id = $1 AND ($2::text IS NULL OR s.partner_id = $2)
        """,  # noqa: S608 - fixed text
        session_id,
        partner_id,
    )
    return _attempted(row) if row else None


async def lock(conn: Connection, *, session_id: str, partner_id: str) -> Session | None:
    row = await conn.fetchrow(
        "SELECT * FROM gateway.checkout_sessions WHERE partner_id = $1 AND id = $2 FOR UPDATE",
        partner_id, session_id,
    )  # fmt: skip
    return session_of(row) if row else None


async def next_attempt(conn: Connection, session: Session, *, payment_id: str) -> Session:
    """Another payment takes the declined one's place; the caller holds the row."""
    row = await conn.fetchrow(
        """
        UPDATE gateway.checkout_sessions
           SET payment_id = $3, attempts = attempts + 1, sequence = sequence + 1, updated_at = now()
         WHERE partner_id = $1 AND id = $2 RETURNING *
        """,
        session.partner_id, session.id, payment_id,
    )  # fmt: skip
    assert row is not None, "the caller holds the row"
    return session_of(row)


async def end(conn: Connection, endings: Sequence[tuple[Payment, Ending]]) -> list[Session]:
    """End the open sessions whose latest attempts these are; what is `late_only` ends by PostgreSQL's clock."""
    rows = await conn.fetch(
        """
        UPDATE gateway.checkout_sessions s
           SET state = e.state, reason = e.reason, sequence = s.sequence + 1, updated_at = now(), ended_at = now()
          FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
               AS e (partner_id, id, payment_id, state, reason, late_only)
         WHERE s.partner_id = e.partner_id AND s.id = e.id AND s.payment_id = e.payment_id AND s.state = 'open'
           AND (NOT e.late_only OR s.expires_at <= now())
        RETURNING s.*
        """,
        [payment.partner_id for payment, _ in endings],
        [payment.terms.checkout_id for payment, _ in endings],
        [payment.id for payment, _ in endings],
        [ending.to for _, ending in endings],
        [ending.reason for _, ending in endings],
        [ending.late_only for _, ending in endings],
    )
    return [session_of(row) for row in rows]


class Due(NamedTuple):
    """A session whose time is over."""

    expires_at: datetime
    id: str
    partner_id: str


async def due_to_expire(conn: Connection, *, after: tuple[datetime, str], limit: int) -> list[Due]:
    """What nobody tried again in time, the longest due first, behind a time and session.

    A session whose attempt is still under way ends with that, and not here.
    """
    rows = await conn.fetch(
        """
        SELECT s.expires_at, s.id, s.partner_id
          FROM gateway.checkout_sessions s
          JOIN gateway.payments p ON p.partner_id = s.partner_id AND p.id = s.payment_id
         WHERE s.state = 'open' AND s.expires_at <= now() AND p.failed
           AND (s.expires_at, s.id) > ($1::timestamptz, $2)
         ORDER BY s.expires_at, s.id LIMIT $3
        """,
        *after, limit,
    )  # fmt: skip
    return [Due(*row) for row in rows]


async def forget(conn: Connection, *, limit: int) -> int:
    """Delete sessions that ended 90 days ago, longer than any dispute about a basket; payments stay for the books."""
    rows = await conn.fetch(
        """
        DELETE FROM gateway.checkout_sessions
         WHERE (partner_id, id) IN (
               SELECT partner_id, id FROM gateway.checkout_sessions
                WHERE state <> 'open' AND ended_at < now() - interval '90 days' LIMIT $1)
        RETURNING id
        """,
        limit,
    )
    return len(rows)


async def return_origins(reader: Reader, *, partner_id: str, merchant_ids: Sequence[str]) -> set[str]:
    """All that these merchants of the partner may send a browser back to."""
    rows = await reader.fetch(
        """
        SELECT unnest(origins) AS origin FROM gateway.return_origins
         WHERE partner_id = $1 AND merchant_id = ANY($2::text[])
        """,
        partner_id, list(merchant_ids),
    )  # fmt: skip
    return {row["origin"] for row in rows}


async def put_return_origins(
    conn: Connection, *, partner_id: str, merchant_id: str, origins: Sequence[str]
) -> None:
    await conn.execute(
        """
        INSERT INTO gateway.return_origins (partner_id, merchant_id, origins) VALUES ($1, $2, $3)
        ON CONFLICT (partner_id, merchant_id) DO UPDATE SET origins = EXCLUDED.origins, updated_at = now()
        """,
        partner_id, merchant_id, list(origins),
    )  # fmt: skip
