"""Who may come in: colleagues, wallets' backends and lost keys, each proposed by one operator and let in by another."""

from typing import Any

import msgspec
from aiohttp import web

from gateway.api import key_resets, operator_proposals, operators, wallet_proposals
from gateway.door.errors import RequestInvalid
from gateway.door.listeners import Page
from gateway.pages.operator.colleagues import named
from gateway.pages.operator.office import HOME, Deed, Here, Office
from gateway.pages.texts import mark
from gateway.wire.problem import Fault

PEOPLE = f"{HOME}/people"
_NO_KEY = mark("Paste the public key as JSON, such as the one the command line prints.")


def people_pages(office: Office) -> tuple[Page, ...]:
    def deed(path: str, do: Deed) -> Page:
        return office.deed(f"{PEOPLE}/{path}", do, back=show)

    return (
        office.page(PEOPLE, show),
        deed("operators", propose),
        deed("operators/{proposal_id}/confirm", confirm),
        deed("operators/{proposal_id}/reject", reject),
        deed("wallets", propose_wallet),
        deed("wallets/{wallet_proposal_id}/confirm", confirm_wallet),
        deed("wallets/{wallet_proposal_id}/reject", reject_wallet),
        office.show_once(f"{PEOPLE}/key-resets", reset, back=show),
        office.show_once(f"{PEOPLE}/key-resets/{{key_reset_id}}/confirm", confirm_reset, back=show),
        deed("key-resets/{key_reset_id}/reject", reject_reset),
        deed("revoke", revoke),
    )


async def show(here: Here) -> web.StreamResponse:
    """All who wait for a second operator; bounded, for nobody lets hundreds wait."""
    colleagues = (await here.do(operator_proposals.list_operator_proposals, query={"limit": 50})).items
    wallets = (await here.do(wallet_proposals.list_wallet_proposals, query={"limit": 50})).items
    resets = (await here.do(key_resets.list_key_resets, query={"limit": 50})).items
    people = await named(here, *(one.proposed_by for one in (*colleagues, *wallets, *resets)))
    issuers = [issuer for _, served in here.site.parts.cores.with_issuers() for issuer in served]
    return here.draw(
        "people.html",
        colleagues=colleagues,
        wallets=wallets,
        resets=resets,
        people=people,
        issuers=sorted(issuers),
    )


async def propose(here: Here) -> str:
    roles = [one for one in ("reviewer", "approver", "risk", "auditor") if f"role-{one}" in here.form]
    body = {"name": here.form.get("name", "").strip(), "roles": roles, "jwk": _public_key(here)}
    proposed = await here.press(operator_proposals.propose_operator, body=body)
    return _people("hired" if proposed.status == "proposed" else "confirmed")


async def confirm(here: Here) -> str:
    await here.press(operator_proposals.confirm_operator, path=here.path)
    return _people("confirmed")


async def reject(here: Here) -> str:
    await here.press(operator_proposals.reject_operator, path=here.path, body=_reason(here))
    return _people("declined")


async def propose_wallet(here: Here) -> str:
    body = {
        "issuer": here.form.get("issuer", ""),
        "name": here.form.get("name", "").strip(),
        "jwk": _public_key(here),
    }
    proposed = await here.press(wallet_proposals.propose_wallet, body=body)
    return _people("hired" if proposed.status == "proposed" else "confirmed")


async def confirm_wallet(here: Here) -> str:
    await here.press(wallet_proposals.confirm_wallet, path=here.path)
    return _people("confirmed")


async def reject_wallet(here: Here) -> str:
    await here.press(wallet_proposals.reject_wallet, path=here.path, body=_reason(here))
    return _people("declined")


async def reset(here: Here) -> web.StreamResponse:
    body = {"client_id": here.form.get("client_id", "").strip(), **_reason(here)}
    return here.draw("half.html", one=await here.press(key_resets.propose_key_reset, body=body), first=True)


async def confirm_reset(here: Here) -> web.StreamResponse:
    return here.draw(
        "half.html", one=await here.press(key_resets.confirm_key_reset, path=here.path), first=False
    )


async def reject_reset(here: Here) -> str:
    await here.press(key_resets.reject_key_reset, path=here.path, body=_reason(here))
    return _people("declined")


async def revoke(here: Here) -> str:
    path = {"client_id": here.form.get("client_id", "").strip()}
    await here.press(operators.revoke_any_client, path=path, body=_reason(here))
    return _people("revoked")


def _public_key(here: Here) -> Any:
    """What was pasted, as JSON; whether it is a key of ours is the operation's to say.

    Raises:
        RequestInvalid: it is no JSON.
    """
    try:
        return msgspec.json.decode(here.form.get("jwk", ""))
    except (msgspec.DecodeError, RecursionError):
        raise RequestInvalid([Fault(pointer="/jwk", code="invalid", detail=_NO_KEY)]) from None


def _reason(here: Here) -> dict[str, str]:
    return {"reason": here.form.get("reason", "").strip()}


def _people(done: str) -> str:
    return f"{PEOPLE}?done={done}"
