"""What a customer's phone is held to: a picture of a code, an order's page, or a code's content as it was read."""

import asyncio
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.cli.asking import NotReached, SaidNo, ask_gateway
from gateway.cli.identity import Identity, Unreadable
from gateway.client import AnswerLost, Gateway, UnexpectedAnswer
from gateway.client.transport import Request
from gateway.demo.showroom import scanner
from gateway.demo.showroom.refusals import Refused

_PAGE = "/checkout/"
_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
"""No code ends like this; a name that does is a picture's, mistyped when there is none."""


def text_of(content: str, identity: Identity) -> str:
    """The content of the one code that CONTENT is, or shows.

    Raises:
        ClickException: there is none to be read.
    """
    for url in {one.rstrip("/") for one in (identity.url, identity.issuer or identity.url)}:
        if content.startswith(url + _PAGE):
            return _on_page(content.removeprefix(url), identity)
    try:
        picture = Path(content).read_bytes()
    except (OSError, ValueError) as error:
        if content.lower().endswith(_PICTURES):
            raise Unreadable(f"{content}: {getattr(error, 'strerror', error)}") from None
        return content
    try:
        return asyncio.run(scanner.read(picture))
    except Refused as refused:
        raise Unreadable(f"{content}: {refused.__doc__}") from None


def _on_page(path: str, identity: Identity) -> str:
    """By the link that opens the wallet on a phone which shows the page."""

    async def page(gateway: Gateway) -> bytes:
        try:
            return await gateway.send(Request(method="GET", path=path, harmless=True))
        except UnexpectedAnswer:
            raise Unreadable(f"{gateway.url}{path} is no order's page") from None
        except AnswerLost:
            raise NotReached("the gateway did not show the page, and nothing was paid") from None

    link = _WalletLink()
    link.feed(ask_gateway(identity.url, page, issuer=identity.issuer).decode())
    if link.href is None:
        raise SaidNo("the page shows no code to pay by: its order is being paid, or over")
    return parse_qs(urlsplit(link.href).query).get("code", [link.href])[0]


class _WalletLink(HTMLParser):
    """Finds the link that opens the wallet."""

    href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every element, as it begins."""
        named = dict(attrs)
        if tag == "a" and "wallet" in (named.get("class") or "").split():
            self.href = named.get("href")
