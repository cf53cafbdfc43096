"""Stores and terminals on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import Address, AreaCode, Name
from gateway.wire.money import Amount
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time

Fee = Annotated[
    int | None, Meta(description="In 0.01 %, as the bank settled it here; null: as the level above")
]
Limit = Annotated[
    Amount | None, Meta(description="The largest single payment here; a level above may allow less")
]


class NewStore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where a merchant is to be paid."""

    name: Name
    area_code: AreaCode
    address: Address


class Store(Struct, frozen=True, kw_only=True):
    """A place where a merchant is paid."""

    id: str
    merchant_id: str
    status: Literal["active", "closed"]
    name: str
    area_code: str
    address: str
    fee_basis_points: Fee
    payment_limit: Limit
    created_at: Time


class StoreQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a merchant's stores."""

    cursor: Annotated[str, next_id("sto")] | None = None


class NewTerminal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till's place in a store; `label` is what the store's people call it."""

    label: Annotated[str, Meta(min_length=1, max_length=60, examples=["收银台 1"])]


class Terminal(Struct, frozen=True, kw_only=True):
    """A till's place in a store; the device there enrols with an activation code."""

    id: str
    merchant_id: str
    store_id: str
    status: Literal["active", "retired"]
    label: str
    fee_basis_points: Fee
    payment_limit: Limit
    created_at: Time


class TerminalListQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a store's terminals."""

    cursor: Annotated[str, next_id("trm")] | None = None
