"""The statements on stores and terminals; every one names the partner whose they are."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

_STORE = """id, partner_id, merchant_id, status, name, area_code, address, fee_basis_points, payment_limit_minor,
    created_at"""
_TERMINAL = """id, partner_id, merchant_id, store_id, status, label, fee_basis_points, payment_limit_minor,
    created_at"""


async def insert_store(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    store_id: str,
    merchant_id: str,
    name: str,
    area_code: str,
    address: str,
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""INSERT INTO merchants.stores
                (partner_id, id, merchant_id, name, area_code, address)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_STORE}""",  # noqa: S608 - fixed list
        partner_id,
        store_id,
        merchant_id,
        name,
        area_code,
        address,
    )


async def store(conn: PoolConnectionProxy, *, partner_id: str, store_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"SELECT {_STORE} FROM merchants.stores WHERE partner_id = $1 AND id = $2",  # noqa: S608 - fixed list
        partner_id,
        store_id,
    )


async def stores_of(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_STORE} FROM merchants.stores
             WHERE partner_id = $1 AND merchant_id = $2 AND ($3::text IS NULL OR id < $3)
             ORDER BY id DESC LIMIT $4""",  # noqa: S608 - fixed list
        partner_id,
        merchant_id,
        before_id,
        limit,
    )


async def insert_terminal(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    terminal_id: str,
    store_id: str,
    label: str,
) -> asyncpg.Record | None:
    """Put a terminal into an open store; None where there is no such store, or it is closed."""
    return await conn.fetchrow(
        f"""INSERT INTO merchants.terminals
                (partner_id, id, merchant_id, store_id, label)
            SELECT s.partner_id, $2, s.merchant_id, s.id, $4 FROM merchants.stores s
             WHERE s.partner_id = $1 AND s.id = $3 AND s.status = 'active'
         RETURNING {_TERMINAL}""",  # noqa: S608 - fixed list
        partner_id,
        terminal_id,
        store_id,
        label,
    )


async def terminal(conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""SELECT {_TERMINAL} FROM merchants.terminals
             WHERE partner_id = $1 AND id = $2""",  # noqa: S608 - fixed list
        partner_id,
        terminal_id,
    )


async def terminals_of(
    conn: PoolConnectionProxy, *, partner_id: str, store_id: str, before_id: str | None, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(
        f"""SELECT {_TERMINAL} FROM merchants.terminals
             WHERE partner_id = $1 AND store_id = $2 AND ($3::text IS NULL OR id < $3)
             ORDER BY id DESC LIMIT $4""",  # noqa: S608 - fixed list
        partner_id,
        store_id,
        before_id,
        limit,
    )


async def close_store(conn: PoolConnectionProxy, *, partner_id: str, store_id: str) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""UPDATE merchants.stores SET status = 'closed'
             WHERE partner_id = $1 AND id = $2 AND status = 'active'
         RETURNING {_STORE}""",  # noqa: S608 - fixed list
        partner_id,
        store_id,
    )


async def retire_terminal(
    conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str
) -> asyncpg.Record | None:
    return await conn.fetchrow(
        f"""UPDATE merchants.terminals SET status = 'retired'
             WHERE partner_id = $1 AND id = $2 AND status = 'active'
         RETURNING {_TERMINAL}""",  # noqa: S608 - fixed list
        partner_id,
        terminal_id,
    )
