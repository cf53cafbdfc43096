"""Coming in: by a key that the visitor's browser made and keeps, as a server comes in by its own.

There is no password to steal, and what the browser signs (RFC 7523) works here alone, once, for less than a minute. It
takes JavaScript; without it the page says so.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import applying, key_resets
from gateway.door.listeners import Page
from gateway.pages.faults import of_fault
from gateway.pages.frame import HEADERS, Refusal, language_of
from gateway.pages.partner import forms, names
from gateway.pages.partner.console import HOME, PLACE, SIGN_IN, Console
from gateway.pages.sent import sent
from gateway.pages.sheet import leading_to
from gateway.pages.texts import translations
from gateway.pages.visits import check_origin
from merchants.access import clients, grant
from merchants.access.errors import AccessError, AssertionNotVerified, DpopProofRequired
from merchants.access.principal import Registered

_INSIDE: Final = re.compile(r"/console(/[A-Za-z0-9_-]+)*(\?[A-Za-z0-9_.:%&=+-]*)?")
_KINDS: Final = frozenset({"partner", "applicant"})


def entrance(console: Console) -> tuple[Page, ...]:
    """Signing in and out, and applying."""

    async def show(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        return _card(console, request, "sign-in.html", to=inside(request.query.get("to", "")), refusal=None)

    async def sign_in(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        check_origin(request)
        console.site.counter.desk.bearer.admit_stranger(request, "address", told={})
        form = await sent(request)
        to = inside(form.get("to", ""))
        try:
            proven = await _prove(console, form.get("assertion", ""))
        except AccessError as error:
            refusal = Refusal.of(error)
            return _card(console, request, "sign-in.html", status=refusal.status, to=to, refusal=refusal)
        response = leading_to(to)
        console.visits.begin(response, client_id=proven.client_id, key_id=proven.key_id)
        return response

    async def show_apply(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        return _card(console, request, "apply.html")

    async def apply(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        return await _told(request, lambda form: _applied(console, request, form))

    async def enrol(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        return await _told(request, lambda form: _enrolled(console, request, form))

    async def sign_out(request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        response = leading_to(SIGN_IN)
        await console.visits.end(request, response)
        return response

    return (
        console.open("GET", SIGN_IN, show),
        console.open("POST", SIGN_IN, sign_in),
        console.open("GET", f"{HOME}/apply", show_apply),
        console.open("POST", f"{HOME}/apply", apply),
        console.open("POST", f"{HOME}/enrol", enrol),
        console.open("POST", f"{HOME}/sign-out", sign_out),
    )


def inside(to: str) -> str:
    """Where to go on after signing in: a page of this console, whatever a link says."""
    return to if _INSIDE.fullmatch(to) and not to.startswith(SIGN_IN) else HOME


async def _prove(console: Console, assertion: str) -> Registered:
    """Who signed it.

    Raises:
        GrantRefused: nobody who may, or not just now; nor do a till and a wallet come in here.
        DpopProofRequired: a server that must prove its possession at every request, which a cookie does not.
    """
    async with console.site.parts.pool.acquire() as conn, conn.transaction():
        proven = await grant.prove(conn, assertion, audience=console.audience, now=datetime.now(UTC))
        client = await clients.get(conn, proven.client_id)
    if client.kind not in _KINDS:
        raise AssertionNotVerified
    if client.dpop_bound_access_tokens:
        raise DpopProofRequired
    return proven


async def _told(
    request: web.BaseRequest, do: Callable[[dict[str, str]], Awaitable[dict[str, str]]]
) -> web.Response:
    """For the script that holds the key: who it is from now on, or what is wrong."""
    check_origin(request)
    try:
        return told(HTTPStatus.CREATED, await do(await sent(request)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the script's page says so
        refusal, say = Refusal.of(error), translations(language_of(request)).gettext
        faults = {pointer: say(of_fault(fault)) for pointer, fault in refusal.faults.items()}
        return told(refusal.status, {"detail": say(refusal.detail), "faults": faults})


async def _applied(console: Console, request: web.BaseRequest, form: Mapping[str, str]) -> dict[str, str]:
    body = forms.nested({name: form[name] for name in ("/kind", "/short_name") if form.get(name)})
    body["jwk"] = forms.json_of(form.get("jwk", ""), pointer="/jwk")
    answer = await console.site.counter.do(
        applying.apply, None, body=body, key=form.get("key"), stranger=request
    )
    return {"client_id": answer.body.client_id, "application_id": answer.body.application.id}


async def _enrolled(console: Console, request: web.BaseRequest, form: Mapping[str, str]) -> dict[str, str]:
    """After a reset by the bank, whose two people gave half a code each."""
    upload = forms.json_of(form.get("upload", ""), pointer="/upload")
    body = {**upload, "reset_code": form.get("reset_code", "")}
    answer = await console.site.counter.do(
        key_resets.enrol_client_key,
        None,
        path={"client_id": form.get("client_id", "")},
        body=body,
        stranger=request,
    )
    return {"client_id": answer.body.client_id}


def told(status: int, said: object) -> web.Response:
    """JSON for a script of ours."""
    return web.Response(
        status=status, body=msgspec.json.encode(said), headers={**HEADERS, "Content-Type": "application/json"}
    )


def _card(console: Console, request: web.BaseRequest, template: str, **values: Any) -> web.Response:
    return console.site.frame.draw(
        request,
        f"partner/{template}",
        audience=console.audience,
        place=PLACE,
        names=names,
        key=forms.fresh_key(),
        **values,
    )
