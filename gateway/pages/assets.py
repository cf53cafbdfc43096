"""The static files, as the door serves them."""

from collections.abc import Mapping

from aiohttp import web

from gateway.door.errors import NotFound
from gateway.door.listeners import Page
from gateway.door.operation import Listener
from gateway.pages.shelf import PATH, Shelf


class Assets(Shelf):
    """The shelf, at a door."""

    def page(self) -> Page:
        return Page(name="show_asset", method="GET", path=PATH, listener=Listener.EITHER, handler=self._show)

    async def _show(self, request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
        found = self.answer(request, path)
        if found is None:
            raise NotFound
        return found
