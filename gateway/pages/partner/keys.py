"""Who may come in for the partner, and with which keys: browsers and servers alike."""

from typing import Final, get_args

from aiohttp import web

from gateway.api import clients
from gateway.door.listeners import Page
from gateway.pages.partner import forms
from gateway.pages.partner.console import HOME, Console, Here
from gateway.wire.clients import PartnerScope

_MOST: Final = 50
_URL: Final = f"{HOME}/keys"
_LIVE_KEYS: Final = 2


def key_pages(console: Console) -> tuple[Page, ...]:
    one = f"{_URL}/{{client_id}}"

    async def show_client(here: Here) -> web.StreamResponse:
        return await _client(here, console)

    return (
        console.page(_URL, show_clients),
        console.deed(_URL, register, back=show_clients),
        console.page(one, show_client),
        console.deed(f"{one}/add", add, back=show_client),
        console.deed(f"{one}/revoke", revoke, back=show_client),
        console.deed(f"{one}/{{key_id}}/revoke", revoke_key, back=show_client),
    )


async def show_clients(here: Here) -> web.StreamResponse:
    query = {"limit": _MOST, "cursor": here.request.query.get("cursor")}
    return here.draw(
        "keys.html",
        clients=await here.do(clients.list_clients, query=query),
        scopes=[one for one in get_args(PartnerScope) if here.may(one)],
    )


async def register(here: Here) -> str:
    """One more server, with a public key of its own."""
    body = {
        "name": here.form.get("name", "").strip(),
        "scopes": [one for one in get_args(PartnerScope) if f"scope:{one}" in here.form],
        "jwk": forms.json_of(here.form.get("jwk", ""), pointer="jwk"),
    }
    made = await here.do(clients.create_client, body=body, key=here.form.get("key"))
    return f"{_URL}/{made.client.id}"


async def _client(here: Here, console: Console) -> web.StreamResponse:
    found = await here.do(clients.read_client, path=_of(here))
    live = [one for one in found.keys if one.revoked_at is None and one.purpose == "assertion"]
    return here.draw(
        "client.html",
        client=found.client,
        keys=sorted(found.keys, key=lambda one: one.created_at, reverse=True),
        is_here=found.client.id == here.visit.client.client_id,
        here_key=here.visit.caller.key_id,
        may_add=len(live) < _LIVE_KEYS and found.client.revoked_at is None,
        audience=console.audience,
    )


async def add(here: Here) -> str:
    """What another browser, or a server, shows: its public key, and the proof that it has the private one."""
    upload = forms.json_of(here.form.get("upload", ""), pointer="upload")
    await here.do(clients.add_client_key, path=_of(here), body=upload, key=here.form.get("key"))
    return f"{_URL}/{here.path['client_id']}"


async def revoke_key(here: Here) -> str:
    """Its own too: then this visit is over as well."""
    path = {**_of(here), "key_id": here.path["key_id"]}
    await here.do(clients.revoke_client_key, path=path)
    return f"{_URL}/{here.path['client_id']}"


async def revoke(here: Here) -> str:
    body = {"reason": here.form.get("reason", "").strip()}
    await here.do(clients.revoke_client, path=_of(here), body=body, key=here.form.get("key"))
    return f"{_URL}/{here.path['client_id']}"


def _of(here: Here) -> dict[str, str]:
    return {"client_id": here.path["client_id"]}
