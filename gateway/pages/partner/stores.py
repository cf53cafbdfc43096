"""Stores, the tills in them, and the code that lets a till in."""

from typing import Any, Final

from aiohttp import web

from gateway.api import merchants, stores, terminal_enrolment
from gateway.door.listeners import Page
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.partner.pictures import symbol

_MOST: Final = 100


def store_pages(console: Console) -> tuple[Page, ...]:
    one, till = f"{HOME}/stores/{{store_id}}", f"{HOME}/terminals/{{terminal_id}}"
    return (
        console.page(f"{HOME}/stores", show_stores),
        console.deed(f"{HOME}/stores", open_store, back=show_stores),
        console.page(one, show_store),
        console.deed(f"{one}/close", close_store, back=show_store),
        console.deed(f"{one}/terminals", place_terminal, back=show_store),
        console.page(till, show_terminal),
        console.deed(f"{till}/activate", activate, back=show_terminal),
        console.deed(f"{till}/revoke", revoke, back=show_terminal),
        console.deed(f"{till}/retire", retire, back=show_terminal),
    )


async def show_stores(here: Here) -> web.StreamResponse:
    """Those of the partner, or of a sub-merchant that is asked for."""
    merchant_id = here.form.get("merchant") or here.request.query.get("merchant") or here.merchant_id
    merchant = await here.do(merchants.get_merchant, path={"merchant_id": merchant_id})
    query = {"limit": _MOST, "cursor": here.request.query.get("cursor")}
    found = await here.do(stores.list_stores, path={"merchant_id": merchant_id}, query=query)
    return here.draw("stores.html", merchant=merchant, stores=found)


async def open_store(here: Here) -> str:
    opened = await here.do(
        stores.open_store,
        path={"merchant_id": here.form.get("merchant", "")},
        body=forms.nested(here.form),
        key=here.form.get("key"),
    )
    return f"{HOME}/stores/{opened.id}"


async def show_store(here: Here) -> web.StreamResponse:
    path = {"store_id": here.path["store_id"]}
    store = await here.do(stores.get_store, path=path)
    query = {"limit": _MOST, "cursor": here.request.query.get("cursor")}
    return here.draw(
        "store.html", store=store, terminals=await here.do(stores.list_terminals, path=path, query=query)
    )


async def close_store(here: Here) -> str:
    await here.do(stores.close_store, path=here.path, key=here.form.get("key"))
    return f"{HOME}/stores/{here.path['store_id']}"


async def place_terminal(here: Here) -> str:
    placed = await here.do(
        stores.place_terminal, path=here.path, body=forms.nested(here.form), key=here.form.get("key")
    )
    return f"{HOME}/terminals/{placed.id}"


async def show_terminal(here: Here) -> web.StreamResponse:
    return await _terminal(here, activation=None)


async def activate(here: Here) -> web.StreamResponse:
    """The code is shown in the answer to the form alone; sent again within ten minutes, it is the same one."""
    made = await here.do(terminal_enrolment.create_activation_code, path=here.path, key=here.form.get("key"))
    return await _terminal(here, activation=made, picture=symbol(made.activation_code))


async def revoke(here: Here) -> str:
    body = {"reason": here.form.get("reason", "").strip()}
    await here.do(terminal_enrolment.revoke_terminal, path=here.path, body=body, key=here.form.get("key"))
    return f"{HOME}/terminals/{here.path['terminal_id']}"


async def retire(here: Here) -> str:
    await here.do(stores.retire_terminal, path=here.path, key=here.form.get("key"))
    return f"{HOME}/terminals/{here.path['terminal_id']}"


async def _terminal(here: Here, **shown: Any) -> web.StreamResponse:
    terminal = await here.do(stores.get_terminal, path={"terminal_id": here.path["terminal_id"]})
    store = await here.do(stores.get_store, path={"store_id": terminal.store_id})
    return here.draw("terminal.html", terminal=terminal, store=store, **shown)
