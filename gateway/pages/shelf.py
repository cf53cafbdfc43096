"""Style sheets, scripts and pictures, at addresses that change with their content.

All files share one digest, so that a script finds those it imports beside it. A replica of another version is asked for
a digest it does not know while a new version is being rolled out: it answers with what it has, not to be kept.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from aiohttp import web

PATH: Final = "/assets/{digest}/{name}"
_MEDIA: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_YEAR_S: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class _Asset:
    media: str
    plain: bytes
    packed: bytes


class Shelf:
    """Everything in `static/`, read and compressed once."""

    def __init__(self) -> None:
        self._assets = {name: _asset(name, content) for name, content in sorted(_contents())}
        digest = hashlib.sha256()
        for name, asset in self._assets.items():
            digest.update(name.encode() + b"\0" + asset.plain + b"\0")
        self._digest = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Where `name` is; a name nobody has is a programmer's mistake."""
        assert name in self._assets, f"no static file {name}"
        return f"/assets/{self._digest}/{name}"

    def answer(self, request: web.BaseRequest, path: Mapping[str, str]) -> web.Response | None:
        """The file that `digest` and `name` of the path ask for, if there is one."""
        asset = self._assets.get(path["name"])
        if asset is None:
            return None
        packs = "gzip" in request.headers.get("Accept-Encoding", "")
        kept = f"public, max-age={_YEAR_S}, immutable" if path["digest"] == self._digest else "no-cache"
        headers = {
            "Content-Type": f"{asset.media}; charset=utf-8",
            "Cache-Control": kept,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if packs:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.packed if packs else asset.plain, headers=headers)


def _contents() -> list[tuple[str, bytes]]:
    return [
        (one.name, one.read_bytes())
        for one in (files("gateway.pages") / "static").iterdir()
        if one.name.rpartition(".")[2] in _MEDIA
    ]


def _asset(name: str, content: bytes) -> _Asset:
    return _Asset(_MEDIA[name.rpartition(".")[2]], content, gzip.compress(content, mtime=0))
