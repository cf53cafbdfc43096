"""Around one mall with everything in it: its tenant, a rival, two wallets, the bank's people; and who asks for what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jwt
import msgspec

from gateway.door.operation import FORM, JSON, Listener, Operation
from merchants.merchant import Kind
from tests.bank import a_picture
from tests.inhabitants import inhabited
from tests.onboarded import a_till, an_active_merchant
from tests.signing_in import OwnKey
from tests.town import Answered, Person, Supermarket, Town, cny

# Somebody without a token may nothing.
_NO_TOKEN = jwt.encode({"scope": ""}, "k" * 32)
FILES = {"image/jpeg": a_picture("JPEG"), "text/csv": b"short_name,city\nx,y\n"}
_ROLES = ("reviewer", "approver", "risk", "auditor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Somebody, and the ids of what they ask for; `owns` says that it is theirs."""

    person: Person
    ids: Mapping[str, str]
    owns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """Everybody of `tests.access_matrix`.

    Attributes:
        told: what only the mall, its till, its payer's wallet and the bank may ever be told.
    """

    town: Town
    askers: Mapping[str, Asker]
    told: frozenset[str]

    def opens(self, name: str, operation: Operation) -> bool:
        """Whether this person's token opens the operation, for things of their own."""
        claims = jwt.decode(self.askers[name].person.token or _NO_TOKEN, options={"verify_signature": False})
        role = not operation.roles or not operation.roles.isdisjoint(claims.get("roles", ()))
        return operation.scope in claims["scope"].split() and role

    def same(self, one: str, other: str, operation: Operation) -> bool:
        """Whether these two ask for the very same things."""
        ids, others = self.askers[one].ids, self.askers[other].ids
        return _path(operation, ids) == _path(operation, others) and _body(operation, ids) == _body(
            operation, others
        )

    async def ask(self, name: str, operation: Operation) -> Answered:
        """Ask as this person, at the listener that serves it: a token is refused for what it is, not for where."""
        asker = self.askers[name]
        url = self.town.operators if Listener.PUBLIC not in operation.listener else self.town.public
        person = replace(asker.person, url=url)
        path = _path(operation, asker.ids)
        if operation.consumes == FORM:
            return await person.call(operation.method, path)
        if operation.consumes != JSON:
            media_type = operation.consumes.types[0]
            return await person.send(operation.method, path, FILES[media_type], media_type)
        return await person.call(operation.method, path, _body(operation, asker.ids))


async def a_neighbourhood(town: Town) -> Neighbourhood:
    people = await inhabited(town)
    mall = people.mall
    by_till = {**people.ids, "store_id": mall.place.store.id, "terminal_id": mall.place.terminal.id}
    by_till |= await _in_the_shop(town, mall)
    spare = {**by_till, "store_id": people.ids["store_id"], "terminal_id": people.ids["terminal_id"]}
    tenant, tenants = await _tenant(town, mall)
    rival = await _rival(town)
    applicant, draft = await _applicant(town)
    stranger, _ = await _applicant(town)
    office = Person(http=town.http, url=town.public, token=mall.office.token)
    askers = {
        "office": Asker(person=office, ids=spare, owns=True),
        "head office": Asker(person=office, ids={**spare, **tenants}, owns=True),
        "rival office": Asker(person=rival.office, ids=spare),
        "till": Asker(person=mall.till, ids=by_till, owns=True),
        "sibling till": Asker(person=await _sibling(town, mall), ids=by_till),
        "tenant's till": Asker(person=tenant, ids=by_till),
        "rival till": Asker(person=rival.till, ids=by_till),
        "wallet": Asker(person=town.wallet, ids=by_till, owns=True),
        "other issuer's wallet": Asker(person=await town.person(kind="wallet", issuer="other"), ids=by_till),
        "applicant": Asker(person=applicant, ids={**spare, "application_id": draft}, owns=True),
        "other applicant": Asker(person=stranger, ids={**spare, "application_id": draft}),
        "nobody": Asker(person=replace(office, token=""), ids=spare),
        **{one: Asker(person=await _operator(town, one), ids=spare, owns=True) for one in _ROLES},
    }
    # What an asker sent may come back to it: only other things of the mall are secrets.
    told = frozenset({mall.merchant.id, *by_till.values(), *spare.values()} - {"not_found"})
    return Neighbourhood(town=town, askers=askers, told=told)


async def _in_the_shop(town: Town, mall: Supermarket) -> dict[str, str]:
    """A sticker that a payer has scanned, and the order number of a payment that is shown to be scanned."""
    payer = await town.payer(10_000)
    made = await mall.office.post("/v1/qr-codes", {"terminal_id": mall.place.terminal.id})
    who = {"id": payer.id, "person_id": payer.person_id}
    wish = {"code": made.body["payload"], "payer": who, "amount": cny(500)}
    seen = await town.wallet.post("/wallet/v1/scans", wish)
    assert seen.status == 200, seen.body
    shown = await mall.ask(700)
    return {
        "scan_id": seen.body["id"],
        "merchant_order_no": shown.body["merchant_order_no"],
        "shown_payment_id": shown.body["id"],
    }


async def _tenant(town: Town, mall: Supermarket) -> tuple[Person, dict[str, str]]:
    """The till of a tenant of the mall, and what the mall has there."""
    async with town.pool.acquire() as conn, conn.transaction():
        place = await a_till(conn, await an_active_merchant(conn, kind=Kind.TENANT, partner=mall.merchant))
        spare = await a_till(conn, place.merchant)
    till = await town.person(
        kind="terminal",
        partner_id=mall.merchant.partner_id,
        merchant_id=place.merchant.id,
        store_id=place.store.id,
        terminal_id=place.terminal.id,
    )
    paid = await till.post("/v1/payments", {"amount": cny(300), "merchant_order_no": "T-1"})
    code = await mall.office.post("/v1/qr-codes", {"payment_id": paid.body["id"]})
    ids = {"merchant_id": place.merchant.id, "store_id": spare.store.id, "terminal_id": spare.terminal.id}
    return till, {
        **ids,
        "payment_id": paid.body["id"],
        "shown_payment_id": paid.body["id"],
        "qr_code_id": code.body["id"],
    }


async def _rival(town: Town) -> Supermarket:
    async with town.pool.acquire() as conn, conn.transaction():
        merchant = await an_active_merchant(conn, kind=Kind.MALL)
        place = await a_till(conn, merchant)
    owner: Any = {"partner_id": merchant.partner_id, "merchant_id": merchant.id}
    office = await town.person(kind="partner", **owner)
    till = await town.person(kind="terminal", **owner, store_id=place.store.id, terminal_id=place.terminal.id)
    return Supermarket(merchant=merchant, place=place, till=till, office=office)


async def _sibling(town: Town, mall: Supermarket) -> Person:
    """The till of another store of the same merchant."""
    async with town.pool.acquire() as conn, conn.transaction():
        place = await a_till(conn, mall.merchant)
    return await town.person(
        kind="terminal",
        partner_id=mall.merchant.partner_id,
        merchant_id=mall.merchant.id,
        store_id=place.store.id,
        terminal_id=place.terminal.id,
    )


async def _operator(town: Town, role: str) -> Person:
    return await town.person(kind="operator", operators=True, roles=frozenset({role}))


async def _applicant(town: Town) -> tuple[Person, str]:
    """A company that has begun to apply, signed in with the key that it sent."""
    key = OwnKey()
    stranger = Person(http=town.http, url=town.public, token="")
    wish = {"kind": "supermarket", "short_name": "Corner shop", "jwk": key.public_jwk}
    applied = await stranger.post("/v1/applications", wish)
    assert applied.status == 201, applied.body
    issuer = town.settings.public_url
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key.assertion(applied.body["client_id"], issuer),
    }
    async with town.http.post(f"{town.public}/oauth/token", data=form) as response:
        token = (await response.json())["access_token"]
    return replace(stranger, token=token), applied.body["application"]["id"]


# What the mall may do about an offer that is not its own, but names it among those who pay.
_AS_FUNDER = {
    "fund_offer",
    "get_funded_offer",
    "get_funded_offer_figures",
    "pause_funded_offer",
    "resume_funded_offer",
    "withdraw_funding",
}


def _path(operation: Operation, ids: Mapping[str, str]) -> str:
    """The operation's path to these things; what the mall may fund is not its own offer, but another's."""
    funded = {"offer_id": ids["funded_offer_id"]} if operation.name in _AS_FUNDER else {}
    return operation.path.format_map({**ids, **funded})


def _body(operation: Operation, ids: Mapping[str, str]) -> Any:
    """The operation's example, with every id in it one of these; what is said of a payer, the asker signs itself."""
    if operation.example is None:
        return None
    body = msgspec.to_builtins(operation.example)
    body.pop("payer", None)
    return {**body, **dict(_filled(operation.name, body, ids))}


def _filled(name: str, body: Mapping[str, Any], ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if name == "create_qr_code":
        # One of the three, of which the example shows the first; a payment that was scanned already has no code.
        yield "payment_id", ids["shown_payment_id"]
        return
    if name in {"confirm_payment", "decline_payment"}:
        return
    if name == "hint_outcome":
        yield "transfer_id", f"{ids['payment_id']}.1"
    yield from ((one, ids[one]) for one in body if one in ids)
