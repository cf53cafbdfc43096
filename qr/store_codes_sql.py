"""Queries on qr.store_codes; the partner owns the row."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from qr.order_ref import OrderRef

_PICTURE_LIFE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCodeRow:
    """A sticker, good or revoked."""

    partner_id: str
    id: str
    merchant_id: str
    store_id: str
    terminal_id: str | None
    payee_name: str
    payload: str
    created_at: datetime
    revoked: bool

    @property
    def expired(self) -> bool:
        """Never: a sticker ends by being revoked."""
        return False

    @property
    def life_left_s(self) -> float:
        """How long its picture may be kept without asking again whether it was revoked."""
        return _PICTURE_LIFE_S


_COLUMNS = """partner_id, id, merchant_id, store_id, terminal_id, payee_name, payload, created_at,
    revoked_at IS NOT NULL AS revoked"""


async def insert(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    code_id: str,
    code_ref: OrderRef,
    merchant_id: str,
    store_id: str,
    terminal_id: str | None,
    payee_name: str,
    payload: str,
) -> StoreCodeRow | None:
    """None if the partner has the same reference out already."""
    row = await conn.fetchrow(
        f"""INSERT INTO qr.store_codes
                   (partner_id, id, partner_no, serial, merchant_id, store_id, terminal_id, payee_name, payload)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (partner_no, serial) DO NOTHING
            RETURNING {_COLUMNS}""",  # noqa: S608 - fixed list
        partner_id,
        code_id,
        code_ref.partner_no,
        code_ref.serial,
        merchant_id,
        store_id,
        terminal_id,
        payee_name,
        payload,
    )
    return StoreCodeRow(**row) if row else None


async def by_ref(conn: PoolConnectionProxy, code_ref: OrderRef) -> StoreCodeRow | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM qr.store_codes WHERE partner_no = $1 AND serial = $2",  # noqa: S608 - fixed list
        code_ref.partner_no,
        code_ref.serial,
    )
    return StoreCodeRow(**row) if row else None


async def by_id(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> StoreCodeRow | None:
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM qr.store_codes WHERE partner_id = $1 AND id = $2",  # noqa: S608 - fixed list
        partner_id,
        code_id,
    )
    return StoreCodeRow(**row) if row else None


async def revoke(conn: PoolConnectionProxy, *, partner_id: str, code_id: str) -> bool:
    """Whether the partner has such a sticker; it is revoked now, if it was not before."""
    found = await conn.fetchval(
        """UPDATE qr.store_codes SET revoked_at = coalesce(revoked_at, clock_timestamp())
           WHERE partner_id = $1 AND id = $2 RETURNING true""",
        partner_id,
        code_id,
    )
    return bool(found)


async def revoke_some(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str | None, limit: int
) -> int:
    revoked = await conn.fetch(
        """UPDATE qr.store_codes SET revoked_at = clock_timestamp()
            WHERE partner_id = $1 AND id IN (
                      SELECT id FROM qr.store_codes
                       WHERE partner_id = $1 AND ($2::text IS NULL OR merchant_id = $2) AND revoked_at IS NULL
                       ORDER BY id LIMIT $3 FOR UPDATE)
        RETURNING id""",
        partner_id,
        merchant_id,
        limit,
    )
    return len(revoked)
