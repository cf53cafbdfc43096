"""The bank's people at their console without a browser: a cookie, pages as text, and forms as they stand in them."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import aiohttp

from tests.hired import an_operator
from tests.signing_in import OwnKey
from tests.town import Town


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came back: its status, its text, where it leads to."""

    status: int
    text: str
    headers: Any

    @property
    def leads_to(self) -> str:
        return str(self.headers.get("Location", ""))


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody with a browser's habits: says where a form came from, and follows nothing by itself."""

    http: aiohttp.ClientSession
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Seen:
        return await self._send("GET", path, {"Sec-Fetch-Site": "same-origin", **headers}, None)

    async def post(self, path: str, form: dict[str, str], *, site: str = "same-origin") -> Seen:
        return await self._send("POST", path, {"Sec-Fetch-Site": site}, form)

    async def press(self, page: str, deed: str, **typed: str) -> Seen:
        """The form of this page that goes to `deed`, with what it was drawn with and what is typed."""
        shown = await self.get(page)
        assert shown.status == 200, shown.text
        return await self.post(deed, {**hidden(shown.text, deed), **typed})

    async def _send(
        self, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None
    ) -> Seen:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self.http.request(
            method, self.url + path, data=form, headers={**headers, "Cookie": cookie}, allow_redirects=False
        ) as answer:
            for one in answer.headers.getall("Set-Cookie", []):
                name, _, value = one.partition(";")[0].partition("=")
                self.cookies[name] = value.strip('"')
            return Seen(status=answer.status, text=await answer.text(), headers=answer.headers)


async def an_operator_at_the_console(town: Town, *roles: str) -> Visitor:
    """Hired and signed in with their own key."""
    key = OwnKey()
    async with town.pool.acquire() as conn, conn.transaction():
        hired = await an_operator(conn, frozenset(roles), key.public_jwk)
    visitor = Visitor(http=town.http, url=town.operators)
    audience = town.replica.parts.tokens.issuer + "/console/operators"
    entered = await visitor.post(
        "/console/sign-in", {"assertion": key.assertion(hired.client_id, audience), "to": "/console"}
    )
    assert (entered.status, entered.leads_to) == (303, "/console"), entered.text
    return visitor


def hidden(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes there."""
    found = re.search(rf'<form [^>]*method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found is not None, f"no form to {action}"
    pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
    return {name: unescape(value) for name, value in pairs}
