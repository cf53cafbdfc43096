"""How the showroom opens: who plays which exhibit, with whose credentials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from gateway.client import Partner, ResultReader, WalletBackend
from gateway.client.webhook import Verifier
from gateway.demo.paying import LAN
from gateway.demo.sandbox import Stage
from gateway.demo.showroom.board import Board
from gateway.demo.showroom.errands import Errands, errands
from gateway.demo.showroom.faults import Faults
from gateway.demo.showroom.ledger import Ledger
from gateway.demo.showroom.log import Log
from gateway.demo.showroom.phone import Phone
from gateway.demo.showroom.server import WALLET_WEBHOOKS, Showroom, serving
from gateway.demo.showroom.shop import Shop
from gateway.demo.showroom.till import Place, Till
from gateway.demo.story import Cast
from gateway.wire.payments import WalletPayment
from gateway.wire.webhooks import NewWebhookEndpoint, WebhookEndpointChange

_BALANCE_MINOR: Final = 128_800
# Whoever breaks the book-keeper's server and mends it again wants to see the events come in the same visit.
_RETRY_WAITS_S: Final = [2, 3, 5, 10, 20, 30, 60, 60, 60, 60]
_EVENTS: Final = ("payment.*", "refund.*")


@asynccontextmanager
async def open_showroom(stage: Stage, cast: Cast) -> AsyncIterator[str]:
    """Yields the page's address; leaving closes it."""
    url, board = f"http://127.0.0.1:{stage.page_port}", Board()
    async with errands() as running:
        wallet, office = cast.bank.wallet, cast.shop.office
        phone = await _phone(stage, board, running, wallet)
        till = Till(board, running, cast.till, office, place=await _place(cast), customer=phone)
        results = ResultReader(stage.gateway, merchant_id=cast.shop.merchant_id, environment="sandbox")
        shop = Shop(board, running, office, results, url=url)
        endpoint = await _endpoint_of(office)
        await office.change_endpoint(endpoint, WebhookEndpointChange(retry_waits_s=_RETRY_WAITS_S))
        log = Log(board, cast.inbox, office, endpoint, stage.http)
        consumer = f"http://127.0.0.1:{stage.consumer_port}/out-of-order"
        core = stage.processes.named("reference-core")
        faults = Faults(
            board, stage.core, phone.owner.id, core_process=core, consumer_url=consumer, http=stage.http
        )
        showroom = Showroom(
            board,
            {"phone": phone, "till": till, "shop": shop, "log": log, "faults": faults},
            {"phone": phone, "till": till},
            phone=phone,
            shop=shop,
            wallet_webhooks=await _wallet_webhooks(wallet, url),
        )
        async with serving(showroom, port=stage.page_port) as page:
            ledger = Ledger(board, stage.core, phone)
            for one in (log.keep(), ledger.keep()):
                running.send(one)
            await till.open()
            shop.show()
            faults.show()
            yield page


async def _phone(stage: Stage, board: Board, running: Errands, wallet: WalletBackend) -> Phone:
    """Her phone, with what she paid in the story; a certificate on it spares visitors the day's limit."""
    owner = msgspec.structs.replace(LAN, certificate=True)
    await stage.core.set_wallet(owner.id, balance_minor=_BALANCE_MINOR)
    phone = Phone(board, running, wallet, stage.core, owner)
    events = [one async for one in wallet.all_events(_EVENTS)]
    phone.recall([msgspec.convert(one.data["payment"], WalletPayment) for one in events])
    return phone


async def _wallet_webhooks(wallet: WalletBackend, url: str) -> Verifier:
    """The wallet's backend wants to be told, too."""
    wish = NewWebhookEndpoint(url=url + WALLET_WEBHOOKS, event_types=list(_EVENTS))
    endpoint = await wallet.subscribe(wish)
    assert endpoint.secret is not None, "it was made just now"
    return Verifier(endpoint.secret)


async def _endpoint_of(office: Partner) -> str:
    """Where the book-keeping has its events sent."""
    return await anext(one.id async for one in office.endpoints())


async def _place(cast: Cast) -> Place:
    """The till's store and terminal, and a sticker beside it."""
    office = cast.shop.office
    merchant = await office.merchant(cast.shop.merchant_id)
    [store] = [one async for one in office.stores(merchant.id)]
    [terminal] = [one async for one in office.terminals(store.id)]
    code = await office.sticker(terminal_id=terminal.id)
    return Place(
        merchant=merchant.short_name,
        store=store.name,
        label=terminal.label,
        terminal_id=terminal.id,
        sticker=await office.picture(code.id),
    )
