"""Who is at a console: a cookie that only we can read, and forms that only our own pages can send.

The cookie is sealed and names a client and the key or session it came in by; both are asked about whenever something is
done, so revoking either ends the visit. Only that somebody signed out is stored: it ends the visit wherever its cookie
was copied to. A form proves where it comes from twice: by what the browser says of its origin (`Sec-Fetch-Site`, else
`Origin`) and by a token that stands in the page alone.
"""

import base64
import hmac
import secrets
import time
from dataclasses import dataclass, replace

import asyncpg
import msgspec
from aiohttp import web

from gateway.door.caller import Caller
from gateway.door.errors import FormForged, NotSignedIn
from gateway.pages import sql
from gateway.pages.sent import sent
from merchants.access import clients
from merchants.access.errors import AccessError
from merchants.access.principal import Client
from merchants.sealing import SealBroken, Sealing

_OWNER = "visit"


class _Kept(msgspec.Struct, frozen=True):
    place: str
    visit_id: str
    client_id: str
    key_id: str
    roles: frozenset[str]
    csrf: str
    ends_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody at a console; `csrf` goes into every form as the field `csrf`."""

    caller: Caller
    client: Client
    csrf: str


class Visits:
    """Visits of one console.

    Args:
        place: `partner` or `operator`: the cookie's name, and part of what is sealed in it.
        life_s: when the cookie has to be made anew by signing in.
    """

    def __init__(self, pool: asyncpg.Pool, sealing: Sealing, *, place: str, life_s: float) -> None:
        self._pool = pool
        self._sealing = sealing
        self._place = place
        self._life_s = life_s
        self._cookie = f"__Host-{place}"

    def begin(
        self, response: web.Response, *, client_id: str, key_id: str, roles: frozenset[str] = frozenset()
    ) -> None:
        """Let the browser that gets this response in; `roles` are an operator's for this session."""
        kept = _Kept(
            place=self._place,
            visit_id=secrets.token_urlsafe(12),
            client_id=client_id,
            key_id=key_id,
            roles=roles,
            csrf=secrets.token_urlsafe(24),
            ends_at_s=time.time() + self._life_s,
        )
        sealed = self._sealing.seal(msgspec.json.encode(kept), owner=_OWNER)
        self._set(response, base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), int(self._life_s))

    async def end(self, request: web.BaseRequest, response: web.Response) -> Visit | None:
        """Sign out, for every copy of the cookie; who it was, or None for who is out already.

        Raises:
            FormForged, DoorError: as `form` does.
        """
        self._set(response, "", 0)
        try:
            visit, _ = await self.form(request)
        except NotSignedIn:
            return None
        kept = self._kept(request)
        async with self._pool.acquire() as conn:
            await sql.end_visit(
                conn, client_id=kept.client_id, visit_id=kept.visit_id, expires_at_s=kept.ends_at_s
            )
        return visit

    async def of(self, request: web.BaseRequest) -> Visit:
        """Who is here.

        Raises:
            NotSignedIn: nobody, or no more.
        """
        kept = self._kept(request)
        try:
            async with self._pool.acquire() as conn:
                client = await clients.get(conn, kept.client_id)
                if not await sql.is_open(
                    conn, client_id=kept.client_id, key_id=kept.key_id, visit_id=kept.visit_id
                ):
                    raise NotSignedIn
        except AccessError:
            raise NotSignedIn from None
        if client.kind == "operator" and kept.roles:
            client = replace(client, roles=kept.roles)
        return Visit(caller=_caller(client, kept.key_id), client=client, csrf=kept.csrf)

    async def form(self, request: web.BaseRequest) -> tuple[Visit, dict[str, str]]:
        """Who sent a form of ours, and what is in it.

        Raises:
            NotSignedIn: nobody whom we know.
            FormForged: another site did, or the page is of an earlier visit.
            DoorError: what `sent` refuses.
        """
        visit = await self.of(request)
        check_origin(request)
        form = await sent(request)
        check_token(request, visit, form.get("csrf", ""))
        return visit, form

    def _kept(self, request: web.BaseRequest) -> _Kept:
        cookie = request.cookies.get(self._cookie, "")
        try:
            sealed = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            kept = msgspec.json.decode(self._sealing.reveal(sealed, owner=_OWNER), type=_Kept)
        except (ValueError, SealBroken, msgspec.DecodeError):  # made up, or of a release before
            raise NotSignedIn from None
        if kept.place != self._place or kept.ends_at_s < time.time():
            raise NotSignedIn
        return kept

    def _set(self, response: web.Response, value: str, max_age: int) -> None:
        response.set_cookie(
            self._cookie, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="Lax"
        )


def check_origin(request: web.BaseRequest) -> None:
    """Raises FormForged unless the browser says that a page of ours sent this."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        ours = site == "same-origin"
    else:
        ours = request.headers.get("Origin", "").partition("://")[2] == request.host
    if not ours:
        raise FormForged


def check_token(request: web.BaseRequest, visit: Visit, token: str) -> None:
    """Raises FormForged unless a page of this visit sent this; for forms that are read piece by piece."""
    check_origin(request)
    if not hmac.compare_digest(token.encode(), visit.csrf.encode()):
        raise FormForged


def _caller(client: Client, key_id: str) -> Caller:
    return Caller(
        client_id=client.client_id,
        kind=client.kind,
        key_id=key_id,
        partner_id=client.partner_id,
        merchant_id=client.merchant_id,
        store_id=client.store_id,
        terminal_id=client.terminal_id,
        issuer=client.issuer,
        scopes=client.scopes,
        roles=client.roles,
    )
