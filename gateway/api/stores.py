"""Stores, and terminals as places in them."""

from typing import Any

from gateway.api import showing
from gateway.door.operation import Answer, Call, operation
from gateway.wire import stores as wire
from gateway.wire.page import Page
from merchants.access import terminals as tills
from merchants.errors import (
    MerchantNotActive,
    MerchantNotFound,
    StoreClosed,
    StoreNotFound,
    TerminalNotFound,
    TerminalRetired,
)
from merchants.ids import BANK, new_id, partner_no_of
from merchants.shops import store, terminal
from merchants.shops.errors import AreaCodeUnknown

A_STORE = wire.NewStore(name="南山店", area_code="440305", address="深南大道9678号")


async def replay_store(call: Call[wire.NewStore], store_id: str) -> Answer:
    return await _store(call, store_id, status=201)


@operation(
    "POST",
    "/v1/merchants/{merchant_id}/stores",
    summary="Open a store",
    scope="merchants",
    idempotent=True,
    replay=replay_store,
    answers={201: wire.Store},
    problems=(MerchantNotFound, MerchantNotActive, AreaCodeUnknown),
    example=A_STORE,
)
async def open_store(call: Call[wire.NewStore]) -> Answer:
    """A place where you or a sub-merchant of yours is paid."""
    store_id = _new_id(call, "sto")
    async with call.claim.transaction(store_id) as conn:
        opened = await store.open_store(
            conn,
            store_id=store_id,
            partner_id=call.caller.tenant,
            merchant_id=call.path["merchant_id"],
            name=call.body.name,
            area_code=call.body.area_code,
            address=call.body.address,
            actor=call.caller.client_id,
        )
    return Answer(201, showing.store(opened))


@operation(
    "GET",
    "/v1/merchants/{merchant_id}/stores",
    summary="List a merchant's stores",
    scope="merchants",
    answers={200: Page[wire.Store]},
    problems=(MerchantNotFound,),
)
async def list_stores(call: Call[None, wire.StoreQuery]) -> Answer:
    """Newest first, closed ones too."""
    async with call.parts.pool.acquire() as conn:
        found = await store.of_merchant(
            conn,
            partner_id=call.caller.tenant,
            merchant_id=call.path["merchant_id"],
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.store, limit=call.query.limit))


@operation(
    "GET",
    "/v1/stores/{store_id}",
    summary="Read a store",
    scope="merchants",
    answers={200: wire.Store},
    problems=(StoreNotFound,),
)
async def get_store(call: Call[None]) -> Answer:
    """One store of yours or of a sub-merchant of yours."""
    return await _store(call, call.path["store_id"], status=200)


async def replay_closed_store(call: Call[None], store_id: str) -> Answer:
    return await _store(call, store_id, status=200)


@operation(
    "POST",
    "/v1/stores/{store_id}/close",
    summary="Close a store",
    scope="merchants",
    idempotent=True,
    replay=replay_closed_store,
    answers={200: wire.Store},
    problems=(StoreNotFound, StoreClosed),
)
async def close_store(call: Call[None]) -> Answer:
    """For good; from then on no terminal in it takes a payment."""
    store_id = call.path["store_id"]
    async with call.claim.transaction(store_id) as conn:
        closed = await store.close(
            conn, partner_id=call.caller.tenant, store_id=store_id, actor=call.caller.client_id
        )
    return Answer(200, showing.store(closed))


async def replay_terminal(call: Call[wire.NewTerminal], terminal_id: str) -> Answer:
    return await _terminal(call, terminal_id, status=201)


@operation(
    "POST",
    "/v1/stores/{store_id}/terminals",
    summary="Place a terminal",
    scope="merchants",
    idempotent=True,
    replay=replay_terminal,
    answers={201: wire.Terminal},
    problems=(StoreNotFound, StoreClosed),
    example=wire.NewTerminal(label="收银台 1"),
)
async def place_terminal(call: Call[wire.NewTerminal]) -> Answer:
    """A till's place in a store; have an activation code made for the till that will stand there."""
    terminal_id = _new_id(call, "trm")
    async with call.claim.transaction(terminal_id) as conn:
        placed = await terminal.place(
            conn,
            terminal_id=terminal_id,
            partner_id=call.caller.tenant,
            store_id=call.path["store_id"],
            label=call.body.label,
            actor=call.caller.client_id,
        )
    return Answer(201, showing.terminal(placed))


@operation(
    "GET",
    "/v1/stores/{store_id}/terminals",
    summary="List a store's terminals",
    scope="merchants",
    answers={200: Page[wire.Terminal]},
    problems=(StoreNotFound,),
)
async def list_terminals(call: Call[None, wire.TerminalListQuery]) -> Answer:
    """Newest first, retired ones too."""
    async with call.parts.pool.acquire() as conn:
        found = await terminal.of_store(
            conn,
            partner_id=call.caller.tenant,
            store_id=call.path["store_id"],
            before_id=call.query.cursor,
            limit=call.query.limit + 1,
        )
    return Answer(200, showing.page(found, showing.terminal, limit=call.query.limit))


@operation(
    "GET",
    "/v1/terminals/{terminal_id}",
    summary="Read a terminal",
    scope="merchants",
    answers={200: wire.Terminal},
    problems=(TerminalNotFound,),
)
async def get_terminal(call: Call[None]) -> Answer:
    """One terminal in a store of yours or of a sub-merchant of yours."""
    return await _terminal(call, call.path["terminal_id"], status=200)


async def replay_retired_terminal(call: Call[None], terminal_id: str) -> Answer:
    return await _terminal(call, terminal_id, status=200)


@operation(
    "POST",
    "/v1/terminals/{terminal_id}/retire",
    summary="Retire a terminal",
    scope="merchants",
    idempotent=True,
    replay=replay_retired_terminal,
    answers={200: wire.Terminal},
    problems=(TerminalNotFound, TerminalRetired),
)
async def retire_terminal(call: Call[None]) -> Answer:
    """For good: the place takes no more payments, and the till that stood there is no longer let in."""
    terminal_id = call.path["terminal_id"]
    async with call.claim.transaction(terminal_id) as conn:
        retired = await terminal.retire(
            conn, partner_id=call.caller.tenant, terminal_id=terminal_id, actor=call.caller.client_id
        )
        await tills.revoke(
            conn,
            partner_id=retired.partner_id,
            terminal_id=retired.id,
            actor=call.caller.client_id,
            reason="its terminal was retired",
        )
    return Answer(200, showing.terminal(retired))


async def _store(call: Call[Any], store_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await store.find(conn, partner_id=call.caller.tenant, store_id=store_id)
    return Answer(status, showing.store(found))


async def _terminal(call: Call[Any], terminal_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await terminal.find(conn, partner_id=call.caller.tenant, terminal_id=terminal_id)
    return Answer(status, showing.terminal(found))


def _new_id(call: Call[Any, Any], prefix: str) -> str:
    """An id that carries the caller's partner number."""
    return new_id(prefix, partner_no_of(call.caller.tenant) or BANK)
