"""The page behind a compact link: for who scans with the phone's camera instead of the wallet.

It says which shop the code is of and what to do, and nothing else: no amount, no order, nobody's data. The link is
judged before the database is asked, so whoever makes links up costs one signature check. There is nothing on it to
press, load or run, and its policy says so.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.door.endpoint import DATABASE_LOST
from gateway.door.listeners import Page
from gateway.door.operation import Listener
from gateway.pages.language import Language, preferred
from gateway.parts import Parts
from merchants.keyring import Purpose
from qr import codes
from qr.errors import CodeExpired, CodeRefused, CodeRevoked
from qr.link import DIGITS
from qr.signed_code import learn_key, read_signed
from qr.sql import OrderCodeRow

_FRESH_S = 60.0
"""So long a browser may show the page again without asking; a code taken back meanwhile is refused when it is paid."""

_PAGES = Environment(
    loader=PackageLoader("gateway.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_CSS = (files("gateway.pages") / "templates" / "scanned.css").read_text(encoding="utf-8")
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}

State = Literal["payable", "genuine", "ended", "invalid"]
_STATUS: Final[Mapping[State, int]] = {"payable": 200, "genuine": 503, "ended": 410, "invalid": 404}
"""`genuine`: our signature holds, and the database cannot be asked for more."""
_WALLET: Final[Mapping[Language, str]] = {"zh-CN": "银行钱包", "en": "your bank's wallet"}
_WORDS: Final[Mapping[tuple[Language, State], tuple[str, str]]] = {
    ("zh-CN", "payable"): ("付款给{shop}", "这是一个收款码。请打开{wallet}，用“扫一扫”重新扫描它来付款。"),
    ("zh-CN", "genuine"): ("收款码", "请打开{wallet}，用“扫一扫”重新扫描它来付款。"),
    ("zh-CN", "ended"): ("收款码已失效", "这个收款码已过期或已被收回。请向商家要一个新的。"),
    ("zh-CN", "invalid"): ("不是有效的收款码", "这个链接不是本行签发的。请不要付款，并告知商家。"),
    ("en", "payable"): ("Pay {shop}", "This is a payment code. Open {wallet} and scan it there to pay."),
    ("en", "genuine"): ("Payment code", "Open {wallet} and scan it there to pay."),
    ("en", "ended"): (
        "This code is over",
        "It has expired or was taken back. Ask the shop for a new one.",
    ),
    ("en", "invalid"): (
        "This is no payment code",
        "The bank did not issue this link. Do not pay, and tell the shop.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Seen:
    state: State
    shop: str = ""
    fresh_s: float = 0.0


def scanned_page(parts: Parts) -> Page:
    """`/Q/{digits}`, in the capitals a QR symbol writes densest."""

    async def show(request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        seen = await _look(parts, parts.order_codes.link_base + path["digits"])
        language = preferred(request.headers.get("Accept-Language", ""))
        return _answer(seen, language, wallet=parts.wallet_name or _WALLET[language])

    return Page(
        name="show_scanned_link",
        method="GET",
        path="/Q/{digits}",
        listener=Listener.PUBLIC,
        handler=show,
        longest_parameter=DIGITS,
    )


async def _look(parts: Parts, link: str) -> _Seen:
    try:
        await learn_key(parts.keyring, parts.order_codes, link)
        read_signed(parts.order_codes, link, lambda key_id: parts.keyring.verify_key(Purpose.QR, key_id))
        row = await _found(parts, link)
    except (CodeExpired, CodeRevoked):
        return _Seen("ended")
    except CodeRefused:
        return _Seen("invalid")
    except DATABASE_LOST:
        return _Seen("genuine")
    return _Seen("payable", row.payee_name, min(row.life_left_s, _FRESH_S))


async def _found(parts: Parts, link: str) -> OrderCodeRow:
    async with parts.pool.acquire() as conn:
        return await codes.find_order(
            conn,
            scheme=parts.order_codes,
            scanned=link,
            verify_key=lambda key_id: parts.keyring.verify_key(Purpose.QR, key_id),
        )


def _answer(seen: _Seen, language: Language, *, wallet: str) -> web.Response:
    title, advice = (words.format(shop=seen.shop, wallet=wallet) for words in _WORDS[language, seen.state])
    body = _PAGES.get_template("scanned.html").render(
        language=language,
        title=title,
        advice=advice,
        css=Markup(_CSS),  # noqa: S704 - a file of ours
    )
    kept = f"private, max-age={int(seen.fresh_s)}" if seen.state == "payable" else "no-store"
    return web.Response(
        status=_STATUS[seen.state],
        text=body,
        content_type="text/html",
        charset="utf-8",
        headers={**_HEADERS, "Content-Language": language, "Cache-Control": kept},
    )
