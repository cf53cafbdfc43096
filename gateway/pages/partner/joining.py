"""What an approved applicant still does: name the sum of two credits, read the agreement and sign it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import joining as api
from gateway.door.listeners import Page
from gateway.pages.frame import HEADERS
from gateway.pages.partner.console import HOME, Console, Draw, Here
from gateway.pages.typed import minor_typed
from gateway.wire.applications import Application
from gateway.wire.joining import AccountVerification, Agreement
from merchants.onboarding.errors import VerificationNotReady

WAITING: Final = frozenset({"to_be_verified", "to_be_signed"})
_LOOK_AGAIN: Final = {**HEADERS, "Refresh": "3"}
_CURRENCY: Final = "CNY"


def joining_pages(console: Console, *, back: Draw) -> tuple[Page, ...]:
    """`back` draws the application they are steps of."""
    one = f"{HOME}/applications/{{application_id}}"
    return (
        console.deed(f"{one}/verify-account", name_sum, back=back),
        console.deed(f"{one}/new-credits", ask_for_new, back=back),
        console.deed(f"{one}/sign", sign, back=back),
    )


async def show(here: Here, application: Application, shown: Mapping[str, Any]) -> web.StreamResponse:
    """The step that waits; while the credits are under way, the page looks again by itself."""
    if application.status == "to_be_signed":
        agreement: Agreement = await here.do(api.get_agreement, path=_of(here))
        statement = msgspec.json.encode(agreement.statement).decode()
        return here.draw("agreement.html", agreement=agreement, statement=statement, **shown)
    verification = await _verification(here)
    response = here.draw("verification.html", verification=verification, **shown)
    if verification is None or verification.state == "sending":
        response.headers.update(_LOOK_AGAIN)
    return response


async def name_sum(here: Here) -> str:
    sum_minor = minor_typed(here.form.get("sum", ""), _CURRENCY, pointer="/sum_minor")
    await here.do(api.verify_sum, path=_of(here), body={"sum_minor": sum_minor}, key=here.form.get("key"))
    return _back(here)


async def ask_for_new(here: Here) -> str:
    await here.do(api.begin_verification, path=_of(here), key=here.form.get("key"))
    return _back(here)


async def sign(here: Here) -> str:
    """The script has signed with a key for agreements alone, whose public half comes along."""
    form = here.form
    try:
        jwk = msgspec.json.decode(form.get("jwk", "") or "null")
    except (msgspec.DecodeError, RecursionError):
        jwk = None
    body = {
        "signer_name": form.get("signer_name", "").strip(),
        "signer_title": form.get("signer_title", "").strip(),
        "jws": form.get("jws", ""),
        "jwk": jwk,
    }
    await here.do(api.sign_agreement, path=_of(here), body=body, key=form.get("key"))
    return HOME


async def _verification(here: Here) -> AccountVerification | None:
    try:
        found: AccountVerification = await here.do(api.get_verification, path=_of(here))
    except VerificationNotReady:
        return None
    return found


def _back(here: Here) -> str:
    return f"{HOME}/applications/{here.path['application_id']}"


def _of(here: Here) -> Mapping[str, str]:
    return {"application_id": here.path["application_id"]}
