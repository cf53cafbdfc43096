"""Merchants: found by number, name or an exact piece of personal data; suspended, resumed, closed for a reason."""

from aiohttp import web

from gateway.api import merchants, personal, terms
from gateway.door.listeners import Page
from gateway.pages.operator import forms
from gateway.pages.operator.cases import unmasking
from gateway.pages.operator.office import HOME, Deed, Here, Office
from gateway.wire.changes import SearchHits
from gateway.wire.merchants import Merchant

MERCHANTS = f"{HOME}/merchants"
_MERCHANT = f"{MERCHANTS}/{{merchant_id}}"


def merchant_pages(office: Office) -> tuple[Page, ...]:
    def deed(name: str, do: Deed) -> Page:
        return office.deed(f"{_MERCHANT}/{name}", do, back=show)

    return (
        office.page(MERCHANTS, show_all),
        office.show_once(f"{MERCHANTS}/search", search, back=show_all),
        office.page(_MERCHANT, show),
        deed("suspend", suspend),
        deed("resume", resume),
        deed("close", close),
        deed("terms", propose),
        office.page(f"{_MERCHANT}/clear", show_unmasking),
        office.show_once(f"{_MERCHANT}/clear", unmask, back=show_unmasking),
    )


async def show_all(here: Here) -> web.StreamResponse:
    text = here.asked("text")
    listed = await here.do(
        merchants.search_merchants, query={"text": text, "limit": 50, "cursor": here.asked("cursor")}
    )
    return here.draw("merchants.html", listed=listed, text=text)


async def search(here: Here) -> web.StreamResponse:
    """By POST: what is searched for is personal and stands in no address."""
    wish = {"field": here.form.get("field", ""), "text": here.form.get("text", "").strip()}
    hits: SearchHits = await here.do(personal.search_personal, body=wish)
    return here.draw("found.html", ids=hits.ids)


async def show(here: Here) -> web.StreamResponse:
    one: Merchant = await here.do(merchants.get_any_merchant, path=_at(here))
    return here.draw("merchant.html", one=one)


async def suspend(here: Here) -> str:
    await here.press(merchants.suspend_merchant, path=_at(here), body=_reason(here))
    return _merchant(here, "suspended")


async def resume(here: Here) -> str:
    await here.press(merchants.resume_merchant, path=_at(here), body=_reason(here))
    return _merchant(here, "trading")


async def close(here: Here) -> str:
    await here.press(merchants.close_merchant, path=_at(here), body=_reason(here))
    return _merchant(here, "closed")


async def propose(here: Here) -> str:
    asked = forms.terms(here.form.get("fee", ""), here.form.get("limit", ""))
    case = await here.press(terms.propose_merchant_terms, path=_at(here), body=asked)
    return f"{HOME}/changes/{case.change.id}?done=requested"


async def show_unmasking(here: Here) -> web.StreamResponse:
    here.need(personal.unmask_merchant)
    one: Merchant = await here.do(merchants.get_any_merchant, path=_at(here))
    return here.draw("unmask.html", back=_merchant(here), what=one.id)


async def unmask(here: Here) -> web.StreamResponse:
    shown = await here.do(personal.unmask_merchant, path=_at(here), body=unmasking(here))
    return here.draw("unmasked.html", shown=shown, back=_merchant(here), what=here.path["merchant_id"])


def _at(here: Here) -> dict[str, str]:
    return {"merchant_id": here.path["merchant_id"]}


def _reason(here: Here) -> dict[str, str]:
    return {"reason": here.form.get("reason", "").strip()}


def _merchant(here: Here, done: str = "") -> str:
    return f"{MERCHANTS}/{here.path['merchant_id']}" + (f"?done={done}" if done else "")
