"""Coming in: at the bank's identity provider, or in a sandbox by a key that the browser reads and never sends.

What has to be remembered while the browser is at the provider is a cookie of its own, sealed and good for ten minutes;
without it the provider's answer is worth nothing, so nobody can be signed in as somebody else.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from gateway.api import sign_ins
from gateway.door.errors import NotSignedIn
from gateway.door.listeners import Page
from gateway.identity.errors import SignInExpired
from gateway.identity.sign_in import LIFE_S
from gateway.pages.operator.office import HOME, SIGN_IN, Here, Office
from gateway.pages.sent import sent
from gateway.pages.sheet import leading_to
from gateway.pages.visits import check_origin
from merchants.access import clients, grant
from merchants.access.errors import OperatorsSignInElsewhere
from merchants.access.principal import Registered

_INSIDE: Final = re.compile(r"/console(/[A-Za-z0-9_.:-]+)*(\?[A-Za-z0-9_.:%&=+-]*)?")
_BEGUN: Final = "__Host-sign-in"


def entrance(office: Office) -> tuple[Page, ...]:
    """Signing in and out."""
    entry = _Entry(office)
    return (
        office.open("GET", SIGN_IN, entry.show),
        office.open("POST", SIGN_IN, entry.by_key),
        office.open("GET", f"{SIGN_IN}/provider", entry.to_provider),
        office.open("GET", "/sign-in", entry.from_provider),
        office.open("POST", f"{HOME}/sign-out", entry.sign_out),
    )


class _Entry:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._site = office.site
        self._parts = office.site.parts

    async def show(self, request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        return self._site.frame.draw(
            request,
            "operator/sign-in.html",
            audience=self._office.audience,
            by_key=self._parts.tokens.operator_keys,
            by_provider=self._parts.sign_ins is not None,
            to=inside(request.query.get("to", "")),
        )

    async def by_key(self, request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        check_origin(request)
        self._count(request)
        form = await sent(request)
        proven = await _prove(self._office, form.get("assertion", ""))
        response = leading_to(inside(form.get("to", "")))
        self._office.visits.begin(response, client_id=proven.client_id, key_id=proven.key_id)
        return response

    async def to_provider(self, request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        self._count(request)
        begun = await sign_ins.begins(self._parts).begin()
        response = leading_to(begun.authorization_url)
        _remember(response, begun.kept, LIFE_S)
        return response

    async def from_provider(self, request: web.BaseRequest, _path: Mapping[str, str]) -> web.StreamResponse:
        if "code" not in request.query:  # the provider's own refusal, or somebody who came here by hand
            raise SignInExpired
        self._count(request)
        session = await sign_ins.completed(
            self._parts,
            kept=request.cookies.get(_BEGUN, ""),
            state=request.query.get("state", ""),
            code=request.query["code"],
        )
        # A page of ours leads on: a cookie that is SameSite would not be sent along on a way that began elsewhere.
        response = self._site.frame.draw(request, "operator/welcome.html", home=HOME)
        self._office.visits.begin(
            response,
            client_id=session.client.client_id,
            key_id=session.session_id,
            roles=session.client.roles,
        )
        _remember(response, "", 0)
        return response

    async def sign_out(self, request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        response = leading_to(SIGN_IN)
        visit = await self._office.visits.end(request, response)
        if visit is not None and visit.caller.key_id.startswith("ses_"):
            here = Here(site=self._site, request=request, path=path, visit=visit)
            await here.do(sign_ins.end_session)
        return response

    def _count(self, request: web.BaseRequest) -> None:
        """Like strangers at the API: by where they come from, before anybody works for them."""
        self._site.counter.desk.bearer.admit_stranger(request, "address", told={})


def inside(to: str) -> str:
    """Where to go on after signing in: a page of this console, whatever a link says."""
    return to if _INSIDE.fullmatch(to) and not to.startswith(SIGN_IN) else HOME


async def _prove(office: Office, assertion: str) -> Registered:
    """Whose key signed it.

    Raises:
        GrantRefused: nobody's who may.
        OperatorsSignInElsewhere: the bank's people have no keys here.
        NotSignedIn: somebody who is not one of the bank's people.
    """
    if not office.site.parts.tokens.operator_keys:
        raise OperatorsSignInElsewhere
    async with office.site.parts.pool.acquire() as conn, conn.transaction():
        proven = await grant.prove(conn, assertion, audience=office.audience, now=datetime.now(UTC))
        client = await clients.get(conn, proven.client_id)
        if client.kind != "operator":
            raise NotSignedIn
    return proven


def _remember(response: web.Response, kept: str, life_s: int) -> None:
    response.set_cookie(_BEGUN, kept, max_age=life_s, path="/", secure=True, httponly=True, samesite="Lax")
