"""A store: a place with an address where a merchant is paid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import audit, merchant
from merchants.area_code import is_area_code
from merchants.errors import MerchantNotActive, StoreClosed, StoreNotFound
from merchants.lifecycle import Status
from merchants.shops import sql
from merchants.shops.errors import AreaCodeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where customers pay; `area_code` is the county's by GB/T 2260. Without a fee of its own it has the merchant's."""

    id: str
    partner_id: str
    merchant_id: str
    status: Literal["active", "closed"]
    name: str
    area_code: str
    address: str
    fee_basis_points: int | None
    payment_limit_minor: int | None
    created_at: datetime


async def open_store(
    conn: PoolConnectionProxy,
    *,
    store_id: str,
    partner_id: str,
    merchant_id: str,
    name: str,
    area_code: str,
    address: str,
    actor: str,
) -> Store:
    """Open a store of an active merchant of this partner.

    Raises:
        MerchantNotFound, MerchantNotActive
        AreaCodeUnknown
    """
    owner = await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    if owner.status is not Status.ACTIVE:
        raise MerchantNotActive(owner.status)
    if not is_area_code(area_code):
        raise AreaCodeUnknown
    row = await sql.insert_store(
        conn,
        partner_id=partner_id,
        store_id=store_id,
        merchant_id=merchant_id,
        name=name,
        area_code=area_code,
        address=address,
    )
    await audit.record(conn, actor=actor, deed="store.opened", object_id=store_id, partner_id=partner_id)
    return _store(row)


async def find(conn: PoolConnectionProxy, *, partner_id: str, store_id: str) -> Store:
    """One store of this partner.

    Raises:
        StoreNotFound
    """
    return _store(await sql.store(conn, partner_id=partner_id, store_id=store_id))


async def of_merchant(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str, before_id: str | None, limit: int
) -> list[Store]:
    """A page of a merchant's stores, newest first.

    Raises:
        MerchantNotFound: an empty list would say that it exists.
    """
    await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)
    rows = await sql.stores_of(
        conn, partner_id=partner_id, merchant_id=merchant_id, before_id=before_id, limit=limit
    )
    return [_store(row) for row in rows]


async def close(conn: PoolConnectionProxy, *, partner_id: str, store_id: str, actor: str) -> Store:
    """Close a store for good; its tills take no more payments from the commit on.

    Raises:
        StoreNotFound, StoreClosed
    """
    row = await sql.close_store(conn, partner_id=partner_id, store_id=store_id)
    if row is None:
        await find(conn, partner_id=partner_id, store_id=store_id)
        raise StoreClosed
    await audit.record(conn, actor=actor, deed="store.closed", object_id=store_id, partner_id=partner_id)
    return _store(row)


def _store(row: asyncpg.Record | None) -> Store:
    if row is None:
        raise StoreNotFound
    return Store(**row)
