"""Somebody at a console without a browser: keeps one cookie, and sends forms as a page of ours would."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import aiohttp

from merchants.access import clients, jwk
from merchants.ids import BANK, new_id
from merchants.merchant import Merchant
from tests.signing_in import OwnKey
from tests.town import Town

_FIELD = re.compile(r'name="(csrf|key)" value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer that nobody followed anywhere."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def leads_to(self) -> str:
        return self.headers.get("Location", "")


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Who came in with `own_key` as `client_id`, once `sign_in` was done."""

    town: Town
    client_id: str
    own_key: OwnKey = field(default_factory=OwnKey)
    cookie: str = ""

    @property
    def origin(self) -> str:
        return self.town.public

    async def sign_in(self, *, to: str = "/console", audience: str | None = None) -> Seen:
        issuer = self.town.replica.parts.tokens.issuer
        assertion = self.own_key.assertion(self.client_id, audience or f"{issuer}/console")
        answer = await self.send("/console/sign-in", {"assertion": assertion, "to": to})
        if "Set-Cookie" in answer.headers:
            [(name, morsel)] = SimpleCookie(answer.headers["Set-Cookie"]).items()
            self.cookie = f"{name}={morsel.value}"
        return answer

    async def get(self, path: str, **headers: str) -> Seen:
        return await self._ask("GET", path, None, headers)

    async def send(self, path: str, form: Mapping[str, str] | aiohttp.FormData, **headers: str) -> Seen:
        return await self._ask("POST", path, form, {"Origin": self.origin, **headers})

    async def press(self, page: str, path: str, **form: str) -> Seen:
        """Open a page and send a form of it, with the fields that it hides."""
        hidden = dict(_FIELD.findall((await self.get(page)).text))
        return await self.send(path, {**hidden, **form})

    async def _ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | aiohttp.FormData | None,
        headers: Mapping[str, str],
    ) -> Seen:
        sent = {"Cookie": self.cookie, "Accept-Language": "en", **headers}
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, self.origin + path, data=form, headers=sent, allow_redirects=False
            ) as answer,
        ):
            return Seen(status=answer.status, text=await answer.text(), headers=answer.headers)


async def a_visitor(town: Town, merchant: Merchant, **client: object) -> Visitor:
    """Somebody of this partner's, not signed in yet."""
    visitor = Visitor(town=town, client_id=new_id("cli", BANK))
    owner = {"partner_id": merchant.partner_id, "merchant_id": merchant.id, **client}
    new = clients.client_of(visitor.client_id, "partner", "Office", **owner)
    async with town.pool.acquire() as conn, conn.transaction():
        await clients.register(conn, new, jwk.accept(visitor.own_key.public_jwk), actor="test")
    return visitor
