"""Stores and terminals on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import Address, AreaCode, Name
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time


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
    created_at: Time


class TerminalListQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of a store's terminals."""

    cursor: Annotated[str, next_id("trm")] | None = None
