"""What a page is drawn on: its headers, its language, its templates. Nothing of the gateway's but files and words.

A page's policy lets it load what stands below our own origin and nothing else: no inline script or style, no other
host, no frame around it. Whatever a merchant or a customer wrote is escaped by Jinja2 and shown as text.
"""

from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from gateway.pages.language import Language, preferred
from gateway.pages.shelf import Shelf
from gateway.pages.texts import translations

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}


def policy(**more: str) -> str:
    """A page's policy, with directives that one page has over the others: `policy(frame_src="'self'")`."""
    directives = _POLICY | {name.replace("_", "-"): sources for name, sources in more.items()}
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


HEADERS: Final = {
    "Content-Security-Policy": policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
    "Cache-Control": "no-store",
}


def leading_to(url: str) -> web.Response:
    """See there (303), by GET: reloading what follows a deed repeats nothing."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={**HEADERS, "Location": url})


def language_of(request: web.BaseRequest) -> Language:
    """Which of our two languages the reader of this page prefers."""
    return preferred(request.headers.get("Accept-Language", ""))


def templates(shelf: Shelf, environment: str, language: Language) -> Environment:
    """The templates in one language; whoever draws adds functions of their own to the globals."""
    made = Environment(
        loader=PackageLoader("gateway.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    texts = translations(language)
    # Jinja2 takes for markup what these answer, and a text may turn out to be somebody's data: so it is escaped here.
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: escape(texts.gettext(text)),
        lambda one, many, count: escape(texts.ngettext(one, many, count)),
        newstyle=True,
    )
    # `_()` is for texts that stand in a template; `wording()` for what a value holds, percent signs and all.
    shared: dict[str, Any] = {
        "asset": shelf.url,
        "language": language,
        "environment": environment,
        "wording": texts.gettext,
    }
    made.globals.update(shared)
    return made
