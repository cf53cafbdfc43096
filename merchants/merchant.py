"""Who is paid: a partner, or a sub-merchant that trades under one.

Everything is asked for together with its owner; another partner's merchant is not found, as if
it did not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants import sql
from merchants.errors import (
    MerchantNotActive,
    MerchantNotFound,
    StoreClosed,
    StoreNotFound,
    TerminalNotFound,
    TerminalRetired,
)
from merchants.ids import partner_no_of
from merchants.lifecycle import Status


class Kind(StrEnum):
    """What somebody is to the bank; a mall has tenants, a platform has sellers, a supermarket has neither."""

    SUPERMARKET = "supermarket"
    MALL = "mall"
    TENANT = "tenant"
    PLATFORM = "platform"
    SELLER = "seller"

    @property
    def sub_merchants(self) -> "Kind | None":
        """The kind of merchant that trades under this one."""
        return {Kind.MALL: Kind.TENANT, Kind.PLATFORM: Kind.SELLER}.get(self)

    @property
    def is_sub_merchant(self) -> bool:
        return self in {Kind.TENANT, Kind.SELLER}

    @property
    def sells_online(self) -> bool:
        return self in {Kind.PLATFORM, Kind.SELLER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A partner (its id is its own partner_id) or one of its sub-merchants.

    Attributes:
        version: counts changes of state; the sequence of events about it.
        merchant_number: 15 digits, as printed on receipts and carried in EMV codes.
        payment_limit_minor: largest single payment at this level; None is no limit of its own.
    """

    id: str
    partner_id: str
    kind: Kind
    status: Status
    version: int
    reason: str
    merchant_number: str
    credit_code: str
    licence_name: str
    short_name: str
    city: str
    mcc: str
    currency: str
    fee_basis_points: int
    payment_limit_minor: int | None
    settlement_last_four: str
    created_at: datetime

    @property
    def partner_no(self) -> int:
        return _partner_no(self.partner_id)

    @property
    def parent_id(self) -> str | None:
        """The mall or platform it trades under."""
        return None if self.id == self.partner_id else self.partner_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PayingContext:
    """All that a payment has to know about who is paid and where, as of one statement; everything is active.

    Attributes:
        payment_limit_minor: the smallest of the limits of partner, merchant, store and terminal.
        offers_version: rises whenever what is live among the partner's offers changes.
    """

    partner_id: str
    partner_no: int
    merchant_id: str
    kind: Kind
    short_name: str
    city: str
    mcc: str
    merchant_number: str
    currency: str
    fee_basis_points: int
    payment_limit_minor: int | None
    offers_version: int
    store_id: str | None
    store_name: str | None
    terminal_id: str | None
    terminal_label: str | None


async def paying_context(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    merchant_id: str,
    terminal_id: str | None = None,
    store_id: str | None = None,
) -> PayingContext:
    """Read, in one round trip, that this merchant may be paid at this place.

    A terminal names its store too; `store_id` is for payments without a terminal.

    Raises:
        MerchantNotFound, StoreNotFound, TerminalNotFound: not there, or somebody else's.
        MerchantNotActive, StoreClosed, TerminalRetired: there, but not to be paid.
    """
    row = await sql.paying_context(
        conn, partner_id=partner_id, merchant_id=merchant_id, terminal_id=terminal_id, store_id=store_id
    )
    if row is None:
        raise MerchantNotFound
    return context_of(row, partner_id=partner_id, terminal_id=terminal_id, store_id=store_id)


def context_of(
    row: asyncpg.Record, *, partner_id: str, terminal_id: str | None, store_id: str | None
) -> PayingContext:
    """A row of `merchants.paying_context` as a value; raises like `paying_context`, for whoever read it."""
    _refuse_inactive(row, terminal_id=terminal_id, store_id=store_id)
    return PayingContext(
        partner_id=partner_id,
        partner_no=_partner_no(partner_id),
        merchant_id=row["merchant_id"],
        kind=Kind(row["kind"]),
        short_name=row["short_name"],
        city=row["city"],
        mcc=row["mcc"],
        merchant_number=row["merchant_number"],
        currency=row["currency"],
        fee_basis_points=row["fee_basis_points"],
        payment_limit_minor=row["payment_limit_minor"],
        offers_version=row["offers_version"],
        store_id=row["store_id"],
        store_name=row["store_name"],
        terminal_id=row["terminal_id"],
        terminal_label=row["terminal_label"],
    )


async def find(conn: PoolConnectionProxy, *, partner_id: str, merchant_id: str) -> Merchant:
    """One merchant of this partner, the partner itself included.

    Raises:
        MerchantNotFound: not there, or another partner's.
    """
    return _merchant(await sql.merchant(conn, partner_id=partner_id, merchant_id=merchant_id))


async def find_for_operator(conn: PoolConnectionProxy, *, merchant_id: str) -> Merchant:
    """Any merchant, for the bank's own people.

    Raises:
        MerchantNotFound
    """
    return _merchant(await sql.merchant_for_operator(conn, merchant_id=merchant_id))


async def sub_merchants(
    conn: PoolConnectionProxy, *, partner_id: str, before_id: str | None = None, limit: int
) -> list[Merchant]:
    """A page of the partner's sub-merchants newest first."""
    rows = await sql.sub_merchants(conn, partner_id=partner_id, before_id=before_id, limit=limit)
    return [_merchant(row) for row in rows]


async def search(
    conn: PoolConnectionProxy, *, text: str, before_id: str | None = None, limit: int
) -> list[Merchant]:
    """For the bank's people, newest first: of this id, number or credit code, or whose names begin like this.

    All of them where `text` is empty.
    """
    rows = await sql.search(conn, text=text.strip(), before_id=before_id, limit=limit)
    return [_merchant(row) for row in rows]


async def of_ids(
    conn: PoolConnectionProxy, *, partner_id: str, merchant_ids: Sequence[str]
) -> list[Merchant]:
    """Those of these merchants that are the partner's, in the order of their ids."""
    rows = await sql.merchants_of_ids(conn, partner_id=partner_id, merchant_ids=merchant_ids)
    return [_merchant(row) for row in rows]


async def raise_offers_version(conn: PoolConnectionProxy, *, partner_id: str) -> int:
    """Tell every replica's cache that the partner's live offers changed; call it in the change's transaction.

    Raises:
        MerchantNotFound: no such partner.
    """
    version = await sql.raise_offers_version(conn, partner_id=partner_id)
    if version is None:
        raise MerchantNotFound
    return version


def _refuse_inactive(row: asyncpg.Record, *, terminal_id: str | None, store_id: str | None) -> None:
    for status in (row["merchant_status"], row["partner_status"]):
        if status != Status.ACTIVE:
            raise MerchantNotActive(Status(status))
    if terminal_id is not None and row["terminal_id"] is None:
        raise TerminalNotFound
    if store_id is not None and row["store_id"] != store_id:
        raise StoreNotFound
    if row["terminal_status"] not in {None, "active"}:
        raise TerminalRetired
    if row["store_status"] not in {None, "active"}:
        raise StoreClosed


def _merchant(row: asyncpg.Record | None) -> Merchant:
    if row is None:
        raise MerchantNotFound
    return Merchant(**{**dict(row), "kind": Kind(row["kind"]), "status": Status(row["status"])})


def _partner_no(partner_id: str) -> int:
    number = partner_no_of(partner_id)
    assert number is not None, "a partner's id carries its number"
    return number
