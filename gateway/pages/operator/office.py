"""What all pages of this console share: who is here, where they may go, how a deed ends and how it is refused.

A page is drawn from what operations answer. A deed is a form of such a page: done, it leads on (303), so that reloading
repeats nothing; refused, its page is drawn again with the reason and with what was typed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from gateway.door.errors import InsufficientRole, NotSignedIn
from gateway.door.listeners import Page, PageHandler
from gateway.door.operation import Listener, Method, Operation
from gateway.pages.frame import Refusal
from gateway.pages.operator import names
from gateway.pages.operator.pressed import Forms
from gateway.pages.sheet import leading_to
from gateway.pages.site import Site
from gateway.pages.texts import mark
from gateway.pages.visits import Visit, Visits
from merchants.access import sessions
from merchants.access.errors import ClientRevoked

HOME: Final = "/console"
SIGN_IN: Final = f"{HOME}/sign-in"
_NOBODY: Final = (NotSignedIn, ClientRevoked)
_ANYBODY: Final = frozenset({"reviewer", "approver", "risk", "auditor"})


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to go; shown to those whose roles may read it."""

    url: str
    text: str
    roles: frozenset[str] = _ANYBODY
    current: bool = False


_PLACES: Final = (
    Place(HOME, mark("At a glance")),
    Place(f"{HOME}/cases", mark("Review queue")),
    Place(f"{HOME}/bulks", mark("Bulk files")),
    Place(f"{HOME}/changes", mark("Change requests")),
    Place(f"{HOME}/offers", mark("Offers")),
    Place(f"{HOME}/merchants", mark("Merchants")),
    Place(f"{HOME}/in-doubt", mark("In doubt"), frozenset({"risk", "auditor"})),
    Place(f"{HOME}/velocity", mark("Velocity"), frozenset({"risk", "auditor"})),
    Place(f"{HOME}/monitoring", mark("Monitoring")),
    Place(f"{HOME}/people", mark("People")),
    Place(f"{HOME}/trail", mark("Audit trail"), frozenset({"auditor"})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """One request of somebody who is signed in.

    Attributes:
        path: the parameters of its address.
        form: what was sent, empty for a page.
        refusal: why the deed that was tried on this page was not done.
    """

    site: Site
    request: web.BaseRequest
    path: Mapping[str, str]
    visit: Visit
    form: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None

    async def do(self, operation: Operation, /, **asked: Any) -> Any:
        """What the operation answers, done with this visitor's roles; arguments as for `Counter.do`."""
        return (await self.site.counter.do(operation, self.visit.caller, **asked)).body

    async def press(self, operation: Operation, /, **asked: Any) -> Any:
        """The same for a deed that needs an idempotency key: the one that its form was drawn with."""
        return await self.do(operation, key=self.form.get("key", ""), **asked)

    def may(self, *roles: str) -> bool:
        """Whether the visitor has one of the roles; for what to show, never for what to allow."""
        return not self.visit.caller.roles.isdisjoint(roles)

    def need(self, operation: Operation) -> None:
        """For a page that only asks what a deed needs: refuse now whom the operation would refuse afterwards.

        Raises:
            InsufficientRole
        """
        if operation.roles and not self.may(*operation.roles):
            raise InsufficientRole(sorted(operation.roles))

    @property
    def me(self) -> str:
        """The visitor's own id, as reviewers and approvers are named by."""
        return self.visit.caller.client_id

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the address."""
        return self.request.query.get(name, default)

    def draw(self, template: str, *, headers: Mapping[str, str] | None = None, **values: Any) -> web.Response:
        """The page; each of its forms gets an idempotency key of its own, and keeps it when it was refused."""
        return self.site.frame.draw(
            self.request,
            f"operator/{template}",
            status=self.refusal.status if self.refusal else 200,
            headers=headers,
            visit=self.visit,
            me=self.me,
            places=self._places(),
            refusal=self.refusal,
            form=Forms(self.request.rel_url.path if self.refusal else None, self.form),
            done=names.DONE.get(self.asked("done")),
            csrf=self.visit.csrf,
            names=names,
            may=self.may,
            **values,
        )

    def _places(self) -> list[Place]:
        at = self.request.rel_url.path
        shown = [one for one in _PLACES if self.may(*one.roles)]
        return [replace(one, current=_stands_in(at, one.url)) for one in shown]


Draw = Callable[[Here], Awaitable[web.StreamResponse]]
Deed = Callable[[Here], Awaitable[str]]
"""Does it, and says where it leads to."""


class Office:
    """Makes pages and deeds of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.visits = Visits(site.parts.pool, site.parts.sealing, place="operator", life_s=sessions.LIFE_S)

    @property
    def audience(self) -> str:
        """What an assertion names that lets somebody in here; one for `/oauth/token` does not."""
        return f"{self.site.parts.tokens.issuer}{HOME}/operators"

    def page(self, path: str, draw: Draw) -> Page:
        """GET `path`, for those who are signed in; others sign in first and come back."""

        async def show(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            try:
                here = Here(
                    site=self.site, request=request, path=parameters, visit=await self.visits.of(request)
                )
                return await _drawn(here, draw)
            except _NOBODY:
                return leading_to(f"{SIGN_IN}?to={quote(request.rel_url.path_qs, safe='')}")

        return self.open("GET", path, show)

    def deed(self, path: str, do: Deed, *, back: Draw) -> Page:
        """POST `path`; `back` draws the page it is pressed on, should it be refused."""

        async def led(here: Here) -> web.StreamResponse:
            return leading_to(await do(here))

        return self.show_once(path, led, back=back)

    def show_once(self, path: str, do: Draw, *, back: Draw) -> Page:
        """POST `path` for what is shown in the answer itself and on no page afterwards."""

        async def act(request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            try:
                here = await self._pressed(request, parameters)
                return await _shown(here, do, back)
            except _NOBODY:
                return leading_to(SIGN_IN)

        return self.open("POST", path, act)

    async def _pressed(self, request: web.BaseRequest, parameters: Mapping[str, str]) -> Here:
        visit, form = await self.visits.form(request)
        return Here(site=self.site, request=request, path=parameters, visit=visit, form=form)

    def open(self, method: Method, path: str, handler: PageHandler) -> Page:
        """For anybody."""
        return Page(
            name=f"operators {path.removeprefix(HOME).strip('/') or 'front'}".replace("/", " "),
            method=method,
            path=path,
            listener=Listener.OPERATORS,
            handler=self.site.frame.page(handler),
        )


async def _drawn(here: Here, draw: Draw) -> web.StreamResponse:
    """The page, or why not, in the console all the same."""
    try:
        return await draw(here)
    except _NOBODY:
        raise
    except Exception as error:
        refusal = Refusal.of(error)
        if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        roles = error.needed_roles if isinstance(error, InsufficientRole) else ()
        return replace(here, refusal=refusal).draw("refused.html", roles=roles)


async def _shown(here: Here, do: Draw, back: Draw) -> web.StreamResponse:
    try:
        return await do(here)
    except _NOBODY:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its page says so
        refused = replace(here, refusal=Refusal.of(error))
    return await _drawn(refused, back)


def _stands_in(at: str, url: str) -> bool:
    return at == url or (url != HOME and at.startswith(url + "/"))
