"""What all pages of the console share: who is here, where they may go, how a deed ends and how it is refused.

A page is drawn from what operations answer. A deed is a form of such a page: done, it leads on (303) so that reloading
repeats nothing; refused, its page is drawn again with the reason, and with what was typed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from aiohttp import web

from gateway.door.errors import InsufficientScope, NotSignedIn
from gateway.door.listeners import Page, PageHandler
from gateway.door.operation import Listener, Method, Operation
from gateway.pages.frame import Refusal
from gateway.pages.live import State
from gateway.pages.partner import names
from gateway.pages.sheet import leading_to
from gateway.pages.site import Site
from gateway.pages.texts import mark
from gateway.pages.visits import Visit, Visits
from merchants.access.errors import ClientRevoked

PLACE = "partner"
HOME = "/console"
SIGN_IN = f"{HOME}/sign-in"
# A working day; a key's end ends it at once.
_VISIT_LIFE_S = 12 * 3600.0
_NOBODY = (NotSignedIn, ClientRevoked)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go, shown to those who have the scope; `also` is where else its pages stand."""

    url: str
    text: str
    scope: str
    also: str = ""
    current: bool = False


_PLACES = (
    Place(HOME, mark("At a glance"), "query"),
    Place(f"{HOME}/payments", mark("Payments"), "query"),
    Place(f"{HOME}/offers", mark("Offers"), "offers", also=f"{HOME}/new-offer"),
    Place(f"{HOME}/webhooks", mark("Webhooks"), "webhooks", also=f"{HOME}/deliveries"),
    Place(f"{HOME}/stores", mark("Stores and tills"), "merchants", also=f"{HOME}/terminals"),
    Place(f"{HOME}/applications", mark("Applications"), "apply", also=f"{HOME}/bulks"),
    Place(f"{HOME}/changes", mark("On record"), "merchants"),
    Place(f"{HOME}/keys", mark("Keys"), "merchants"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """One request of somebody who is signed in.

    Attributes:
        form: what was sent, empty for a page; `path` are the parameters of its address.
        refusal: why the deed that was tried on this page was not done.
    """

    site: Site
    request: web.BaseRequest
    path: Mapping[str, str]
    visit: Visit
    form: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None

    async def do(self, operation: Operation, /, **asked: Any) -> Any:
        """What the operation answers, done with this visitor's rights; arguments as for `Counter.do`."""
        return (await self.site.counter.do(operation, self.visit.caller, **asked)).body

    def may(self, scope: str) -> bool:
        return scope in self.visit.caller.scopes

    @property
    def merchant_id(self) -> str:
        """Whose console it is: a partner is the merchant of its own id.

        Raises:
            InsufficientScope: an applicant's, who is no merchant yet.
        """
        if self.visit.caller.partner_id is None:
            raise InsufficientScope("merchants")
        return self.visit.caller.partner_id

    def refused(self, refusal: Refusal) -> "Here":
        """The same page, saying so."""
        return replace(self, refusal=refusal)

    def draw(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """The page, with a fresh idempotency key for each of its forms."""
        return self.site.frame.draw(
            self.request,
            f"partner/{template}",
            status=self.refusal.status if self.refusal else status,
            visit=self.visit,
            places=self._places(),
            refusal=self.refusal,
            faults=self.refusal.faults if self.refusal else {},
            form=self.form,
            csrf=self.visit.csrf,
            fresh_key=lambda: (self.refusal and self.form.get("key")) or uuid4().hex,
            names=names,
            may=self.may,
            **values,
        )

    def _places(self) -> list[Place]:
        at = self.request.rel_url.path
        shown = [one for one in _PLACES if self.may(one.scope)]
        return [replace(one, current=_stands_in(at, one)) for one in shown]


Draw = Callable[[Here], Awaitable[web.StreamResponse]]
Deed = Callable[[Here], Awaitable[str | web.StreamResponse]]
"""Where it leads to, or an answer of its own, such as a secret that is shown once."""


class Console:
    """Makes pages and deeds of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.visits = Visits(site.parts.pool, site.parts.sealing, place=PLACE, life_s=_VISIT_LIFE_S)

    @property
    def audience(self) -> str:
        """What an assertion names that lets somebody in here; one for `/oauth/token` does not."""
        return self.site.parts.tokens.issuer + HOME

    def page(self, path: str, draw: Draw) -> Page:
        """GET `path`, for those who are signed in; others sign in first and come back."""

        async def show(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            try:
                visit = await self.visits.of(request)
                return await draw(Here(site=self.site, request=request, path=parameters, visit=visit))
            except _NOBODY:
                return leading_to(f"{SIGN_IN}?to={quote(request.rel_url.path_qs, safe='')}")

        return self.open("GET", path, show)

    def deed(self, path: str, do: Deed, *, back: Draw) -> Page:
        """POST `path`; `back` draws the page it is pressed on, should it be refused."""

        async def act(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            try:
                visit, form = await self.visits.form(request)
                here = Here(site=self.site, request=request, path=parameters, visit=visit, form=form)
                return await _done(here, do, back)
            except _NOBODY:
                return leading_to(SIGN_IN)

        return self.open("POST", path, act)

    async def tell(
        self, here: Here, *, topic: str, read: Callable[[], Awaitable[State]], pace_s: float = 0.0
    ) -> web.StreamResponse:
        """Stream what `read()` says, for as long as they are signed in: who is not any more is told to ask anew."""

        async def read_for_visitor() -> State:
            try:
                await self.visits.of(here.request)
            except NotSignedIn:
                return State(version="over", data='{"shape":"over"}', last=True)
            return await read()

        return await self.site.streams.send(
            here.request,
            topic=topic,
            reader=here.visit.client.client_id,
            read=read_for_visitor,
            pace_s=pace_s,
        )

    def open(self, method: Method, path: str, handler: PageHandler) -> Page:
        """For anybody."""
        return Page(
            name=f"console {path.removeprefix(HOME).strip('/') or 'front'}".replace("/", " "),
            method=method,
            path=path,
            listener=Listener.PUBLIC,
            handler=self.site.frame.page(handler),
        )


async def _done(here: Here, do: Deed, back: Draw) -> web.StreamResponse:
    try:
        outcome = await do(here)
    except _NOBODY:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says so
        return await back(here.refused(Refusal.of(error)))
    return leading_to(outcome) if isinstance(outcome, str) else outcome


def _stands_in(at: str, place: Place) -> bool:
    below = (f"{one}/" for one in (place.url, place.also) if one not in {"", HOME})
    return at in {place.url, place.also} or at.startswith(tuple(below))
