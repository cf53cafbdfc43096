"""A terminal: a till as a place in a store; the device there signs in as a client of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.errors import StoreClosed, TerminalNotFound, TerminalRetired
from merchants.shops import sql, store


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where a till stands; `label` is what the store's people call it. Without a fee of its own it has the store's."""

    id: str
    partner_id: str
    merchant_id: str
    store_id: str
    status: Literal["active", "retired"]
    label: str
    fee_basis_points: int | None
    payment_limit_minor: int | None
    created_at: datetime


async def place(
    conn: PoolConnectionProxy,
    *,
    terminal_id: str,
    partner_id: str,
    store_id: str,
    label: str,
    actor: str,
) -> Terminal:
    """Put a terminal into an open store of this partner.

    Raises:
        StoreNotFound, StoreClosed
    """
    row = await sql.insert_terminal(
        conn,
        partner_id=partner_id,
        terminal_id=terminal_id,
        store_id=store_id,
        label=label,
    )
    if row is None:
        await store.find(conn, partner_id=partner_id, store_id=store_id)
        raise StoreClosed
    await audit.record(
        conn, actor=actor, deed="terminal.placed", object_id=terminal_id, partner_id=partner_id
    )
    return _terminal(row)


async def find(conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str) -> Terminal:
    """One terminal of this partner.

    Raises:
        TerminalNotFound
    """
    return _terminal(await sql.terminal(conn, partner_id=partner_id, terminal_id=terminal_id))


async def of_store(
    conn: PoolConnectionProxy, *, partner_id: str, store_id: str, before_id: str | None, limit: int
) -> list[Terminal]:
    """A page of a store's terminals, newest first.

    Raises:
        StoreNotFound: an empty list would say that it exists.
    """
    await store.find(conn, partner_id=partner_id, store_id=store_id)
    rows = await sql.terminals_of(
        conn, partner_id=partner_id, store_id=store_id, before_id=before_id, limit=limit
    )
    return [_terminal(row) for row in rows]


async def retire(conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str, actor: str) -> Terminal:
    """Take a terminal away for good; it takes no more payments from the commit on.

    Its device's client is revoked by the caller (`merchants.access`), in the same transaction.

    Raises:
        TerminalNotFound, TerminalRetired
    """
    row = await sql.retire_terminal(conn, partner_id=partner_id, terminal_id=terminal_id)
    if row is None:
        await find(conn, partner_id=partner_id, terminal_id=terminal_id)
        raise TerminalRetired
    await audit.record(
        conn, actor=actor, deed="terminal.retired", object_id=terminal_id, partner_id=partner_id
    )
    return _terminal(row)


def _terminal(row: asyncpg.Record | None) -> Terminal:
    if row is None:
        raise TerminalNotFound
    return Terminal(**row)
