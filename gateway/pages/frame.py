"""What every page has in common: amounts and times as its reader writes them, and how a refusal is shown."""

from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment

from gateway.door import problems
from gateway.door.endpoint import DATABASE_LOST
from gateway.door.errors import InternalError, NothingHappened
from gateway.door.listeners import PageHandler
from gateway.pages import figures
from gateway.pages.assets import Assets
from gateway.pages.faults import of_fault
from gateway.pages.language import Language
from gateway.pages.sheet import HEADERS, language_of, templates
from gateway.wire.problem import Fault

__all__ = ["HEADERS", "Draw", "Frame", "Refusal", "language_of"]

log = structlog.get_logger()

Draw = Callable[[web.BaseRequest, Mapping[str, str]], Awaitable[web.StreamResponse]]


class Frame:
    """Draws pages.

    Args:
        assets: the static files that templates name with `asset('house.css')`.
        environment: shown on every page that is not production's.
    """

    def __init__(self, assets: Assets, *, environment: str) -> None:
        self.assets = assets
        self._templates = {
            language: _templates(assets, environment, language) for language in ("zh-CN", "en")
        }

    def draw(
        self,
        request: web.BaseRequest,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> web.Response:
        """The page in the language its reader prefers; `headers` go over those that every page has."""
        language = language_of(request)
        return web.Response(
            status=status,
            text=self.text(language, template, **values),
            content_type="text/html",
            charset="utf-8",
            headers={**HEADERS, "Content-Language": language, **(headers or {})},
        )

    def text(self, language: Language, template: str, **values: Any) -> str:
        """A template's text alone, as for a piece of a page that is sent later."""
        return self._templates[language].get_template(template).render(values)

    def page(self, draw: Draw) -> PageHandler:
        """`draw`, with its refusals shown as a page in place of a problem in JSON."""

        async def handle(request: web.BaseRequest, path: Mapping[str, str]) -> web.StreamResponse:
            try:
                return await draw(request, path)
            except Exception as error:  # noqa: BLE001 - people are told of every failure in the same way
                return self._refused(request, error)

        return handle

    def _refused(self, request: web.BaseRequest, error: Exception) -> web.Response:
        refusal = Refusal.of(error)
        if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("page_failed", code=refusal.code, exc_info=error)
        return self.draw(request, "refused.html", status=refusal.status, refusal=refusal)


class Refusal:
    """A failure as a page shows it: `code`, `detail` (English, a text to translate) and `faults` by pointer."""

    def __init__(self, kind: problems.ProblemKind, faults: Mapping[str, Fault]) -> None:
        self.status = kind.status
        self.code = kind.code
        self.title = kind.title
        self.detail = kind.detail
        self.faults = faults

    def pointing(self, place: Callable[[str], str]) -> "Refusal":
        """The same, with its faults where the page has the fields that they are about."""
        placed = copy(self)
        placed.faults = {place(pointer): fault for pointer, fault in self.faults.items()}
        return placed

    @classmethod
    def of(cls, error: Exception) -> "Refusal":
        """What no floor declared is a defect of ours, and is shown as one."""
        if isinstance(error, DATABASE_LOST) and problems.kind_of(type(error)) is None:
            error = NothingHappened()
        kind = problems.kind_of(type(error))
        if kind is None:
            log.error("defect", exc_info=error)
            error = InternalError()
            kind = problems.kind_of(InternalError)
            assert kind is not None, "the door's own errors are all listed"
        return cls(kind, {one.pointer: one for one in problems.faults_of(error, kind)})


def _templates(assets: Assets, environment: str, language: Language) -> Environment:
    made = templates(assets, environment, language)
    made.globals.update(
        amount=lambda one: figures.amount(one.amount_minor, one.currency, language),
        minor=lambda amount_minor, currency: figures.amount(amount_minor, currency, language),
        number=lambda one: figures.number(one, language),
        instant=lambda at: figures.instant(at, language),
        of_fault=of_fault,
    )
    return made
