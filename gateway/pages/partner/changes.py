"""What is on record of a merchant, and requests to change it: what is live stays live until the bank approves."""

from typing import Any, Final

from aiohttp import web

from gateway.api import change_documents, changes, merchants
from gateway.door.errors import NotFound
from gateway.door.listeners import Page
from gateway.pages.partner import sections
from gateway.pages.partner.console import HOME, Console, Here
from gateway.pages.texts import mark
from gateway.wire.changes import Change
from gateway.wire.merchants import Merchant

_PAGE: Final = 25
_URL: Final = f"{HOME}/changes"
_OPEN: Final = frozenset({"submitted", "under_review"})
STAGES: Final = (
    (mark("Requested"), frozenset({"submitted"})),
    (mark("Review by the bank"), frozenset({"under_review"})),
    (mark("In force"), frozenset({"approved"})),
)
# What a change may have to prove; the others are an application's.
PAPERS: Final = ("business_licence", "bank_account", "representative_id", "qualification", "other")


def change_pages(console: Console) -> tuple[Page, ...]:
    one = f"{_URL}/{{change_id}}"
    return (
        console.page(_URL, show_record),
        console.deed(_URL, ask, back=show_record),
        console.page(one, show_change),
        console.deed(f"{one}/withdraw", withdraw, back=show_change),
    )


async def show_record(here: Here) -> web.StreamResponse:
    """What is live of the partner, or of a sub-merchant that is asked for, and what was asked for so far."""
    merchant = await _merchant(here)
    query = {"limit": _PAGE, "cursor": here.request.query.get("cursor")}
    asked = await here.do(changes.list_own_changes, query=query)
    open_one = [one for one in asked.items if one.merchant_id == merchant.id and one.status in _OPEN]
    return here.draw(
        "changes.html",
        merchant=merchant,
        asked=asked,
        open_one=open_one[0] if open_one else None,
        sections=sections.RECORDED if merchant.status != "closed" else (),
        titles=sections.TITLES,
        live=_live(merchant),
    )


async def ask(here: Here) -> str:
    """One section, whole, as it shall be."""
    section = next((one for one in sections.RECORDED if one.name == here.form.get("section")), None)
    if section is None:
        raise NotFound
    merchant = await _merchant(here)
    wanted = sections.declared_by(section, here.form)
    if section.flat:
        wanted = {name: one for name, one in wanted.items() if one != getattr(merchant, name)}
    asked = await here.do(
        changes.ask_for_change, path={"merchant_id": merchant.id}, body=wanted, key=here.form.get("key")
    )
    return f"{_URL}/{asked.id}"


async def show_change(here: Here) -> web.StreamResponse:
    path = {"change_id": here.path["change_id"]}
    change: Change = await here.do(changes.get_change, path=path)
    merchant = await here.do(merchants.get_merchant, path={"merchant_id": change.merchant_id})
    papers = (await here.do(change_documents.list_change_documents, path=path)).items
    return here.draw(
        "change.html",
        change=change,
        merchant=merchant,
        stages=STAGES,
        titles=sections.TITLES,
        wanted=sections.wanted(change),
        papers={one.kind: one for one in papers},
        kinds=PAPERS,
        is_open=change.status in _OPEN,
    )


async def withdraw(here: Here) -> str:
    await here.do(changes.withdraw_change, path=here.path, key=here.form.get("key"))
    return f"{_URL}/{here.path['change_id']}"


async def _merchant(here: Here) -> Merchant:
    merchant_id = here.form.get("merchant") or here.request.query.get("merchant") or here.merchant_id
    found: Merchant = await here.do(merchants.get_merchant, path={"merchant_id": merchant_id})
    return found


def _live(merchant: Merchant) -> dict[str, Any]:
    """What a form begins with: only what is shown to the partner in clear."""
    flat = {f"/{name}": getattr(merchant, name) for name in ("short_name", "city", "mcc")}
    return {**flat, "/licence/name": merchant.licence_name, "/licence/credit_code": merchant.credit_code}
