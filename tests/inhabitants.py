"""A town in which there is one of everything, and one of everybody who may ask for it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.door.operation import Listener
from merchants.access import clients, key_resets, operators, wallets
from merchants.access.principal import SCOPES
from merchants.access.principal import Kind as PrincipalKind
from merchants.ids import BANK, new_id
from merchants.merchant import Kind
from merchants.offers.funding import Funding, Share
from merchants.onboarding import bulk, changes, documents
from merchants.onboarding.documents import DocumentKind, Upload
from merchants.onboarding.files import File
from tests.builders import a_deal
from tests.campaigns import agreed, proposed
from tests.hired import a_wallet_backend
from tests.onboarded import SEALING, TODAY, a_till, an_active_merchant, submitted
from tests.signing_in import OwnKey
from tests.town import ISSUER, Person, Supermarket, Town, cny


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitant:
    """Who calls at which door, and the scopes that open it; None for somebody who tries everything."""

    listener: Listener
    url: str
    token: str | None
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitants:
    """Each kind of principal, and by the names of paths' parameters an id that is there."""

    by_name: Mapping[str, Inhabitant]
    ids: Mapping[str, str]
    mall: Supermarket


async def inhabited(town: Town) -> Inhabitants:
    mall = await _mall(town)
    operator = await town.person(
        kind="operator", operators=True, roles=frozenset({"reviewer", "approver", "risk", "auditor"})
    )
    signed_in: dict[PrincipalKind, Person] = {
        "partner": mall.office,
        "terminal": mall.till,
        "wallet": town.wallet,
        "operator": operator,
    }
    return Inhabitants(
        by_name={
            **{kind: _signed_in(kind, person) for kind, person in signed_in.items()},
            "nobody": _nobody(Listener.PUBLIC, town.public),
            "nobody at the operators' door": _nobody(Listener.OPERATORS, town.operators),
        },
        ids={
            **await _access(town, mall),
            **await _with_the_bank(town, mall),
            **await _trade(town, mall),
            **await _webhooks(mall),
        },
        mall=mall,
    )


def _signed_in(kind: PrincipalKind, person: Person) -> Inhabitant:
    listener = Listener.OPERATORS if kind == "operator" else Listener.PUBLIC
    return Inhabitant(listener=listener, url=person.url, token=person.token, scopes=SCOPES[kind])


def _nobody(listener: Listener, url: str) -> Inhabitant:
    return Inhabitant(listener=listener, url=url, token=None, scopes=None)


async def _mall(town: Town) -> Supermarket:
    """May take sub-merchants, so nothing of the API is closed to it."""
    async with town.pool.acquire() as conn, conn.transaction():
        merchant = await an_active_merchant(conn, kind=Kind.MALL)
        place = await a_till(conn, merchant)
    office = await town.person(kind="partner", partner_id=merchant.partner_id, merchant_id=merchant.id)
    till = await town.person(
        kind="terminal",
        partner_id=merchant.partner_id,
        merchant_id=merchant.id,
        store_id=place.store.id,
        terminal_id=place.terminal.id,
    )
    return Supermarket(merchant=merchant, place=place, till=till, office=office)


async def _access(town: Town, mall: Supermarket) -> dict[str, str]:
    server = {"name": "spare", "scopes": ["query"], "jwk": OwnKey().public_jwk}
    made = await _done(mall.office, "/v1/clients", server)
    async with town.pool.acquire() as conn, conn.transaction():
        proposed = await operators.propose(
            conn,
            proposal_id=new_id("opr", BANK),
            name="newcomer",
            roles=frozenset({"auditor"}),
            public_jwk=OwnKey().public_jwk,
            actor="test",
        )
        other = await a_wallet_backend(conn, "another-bank", OwnKey().public_jwk)
        spare = await clients.add_key(
            conn, town.wallet.client_id, public_jwk=OwnKey().public_jwk, actor="test"
        )
        wallet = await wallets.propose(
            conn,
            proposal_id=new_id("wlp", BANK),
            issuer=ISSUER,
            name="another app",
            public_jwk=OwnKey().public_jwk,
            actor="test",
        )
        reset = await key_resets.propose(
            conn,
            SEALING,
            reset_id=new_id("krs", BANK),
            client_id=other.client_id,
            reason="lost",
            actor="test",
        )
    return {
        "client_id": made["client"]["id"],
        "key_id": made["keys"][0]["id"],
        "proposal_id": proposed.id,
        "wallet_proposal_id": wallet.id,
        "wallet_key_id": spare.key_id,
        "key_reset_id": reset.id,
        "code": "not_found",
    }


async def _with_the_bank(town: Town, mall: Supermarket) -> dict[str, str]:
    async with town.pool.acquire() as conn, conn.transaction():
        application = await submitted(conn, partner=mall.merchant)
        tenant = await a_till(conn, mall.merchant)
        made = await bulk.receive(
            conn,
            SEALING,
            bulk_id=new_id("blk", mall.merchant.partner_no),
            partner=mall.merchant,
            format_="csv",
            lines=[(2, {"short_name": "x"})],
            actor="test",
        )
        change = await changes.ask(
            conn,
            SEALING,
            change_id=new_id("chg", mall.merchant.partner_no),
            partner_id=mall.merchant.id,
            merchant_id=mall.merchant.id,
            sections={"city": "Guangzhou"},
            actor="test",
            today=TODAY,
        )
        paper, licence = [
            await documents.put(
                conn,
                SEALING,
                Upload.of(DocumentKind.OTHER, b"scan", File("image/png", b"scan")),
                subject_id=one,
                partner_id=mall.merchant.id,
                round_=0,
                actor="test",
            )
            for one in (application.id, change.id)
        ]
        campaign = await agreed(conn, mall.merchant.partner_id, a_deal())
        brand = await an_active_merchant(conn)
        paid_by_the_mall = Funding(
            shares=(
                Share(funder="partner", basis_points=5_000),
                Share(funder="other", basis_points=5_000, partner_id=mall.merchant.partner_id),
            ),
            rounding="partner",
        )
        funded = await proposed(conn, brand.partner_id, a_deal(funding=paid_by_the_mall))
    return {
        "store_id": tenant.store.id,
        "terminal_id": tenant.terminal.id,
        "application_id": application.id,
        "document_id": paper.id,
        "bulk_id": made.id,
        "change_id": change.id,
        "change_document_id": licence.id,
        "document_kind": paper.kind,
        "offer_id": campaign.offer.id,
        "funded_offer_id": funded.offer.id,
    }


async def _trade(town: Town, mall: Supermarket) -> dict[str, str]:
    payer = await town.payer(10**9)
    paid = await mall.ask(12_800, code=await town.code(payer))
    state = paid.body["state"]
    while state == "processing":  # a busy machine, or a town whose calls hardly wait
        state = (await mall.office.get(f"/v1/payments/{paid.body['id']}?wait_s=1")).body["state"]
    assert state == "succeeded", paid.body
    refund = {"merchant_refund_no": "R-1", "amount": cny(100)}
    refunded = await _done(mall.office, f"/v1/payments/{paid.body['id']}/refunds", refund)
    shown = await mall.ask(500)
    code = await _done(mall.office, "/v1/qr-codes", {"payment_id": shown.body["id"]})
    places = {f"{one}_url": f"http://127.0.0.1/{one}" for one in ("success", "cancel")}
    order = {"amount": cny(900), "merchant_order_no": "W-1", **places}
    session = await _done(mall.till, "/v1/checkout-sessions", order)
    who = {"payer": {"id": payer.id, "person_id": payer.person_id}}
    phone = await _done(town.wallet, "/wallet/v1/code-credentials", who)
    return {
        "merchant_id": mall.merchant.id,
        "payment_id": paid.body["id"],
        "refund_id": refunded["id"],
        "qr_code_id": code["id"],
        "session_id": session["id"],
        "credential_id": phone["id"],
    }


async def _webhooks(mall: Supermarket) -> dict[str, str]:
    # Nobody listens on the discard port, so that there is always something to deliver.
    endpoint = await _done(mall.office, "/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/"})
    await _done(mall.office, f"/v1/webhook-endpoints/{endpoint['id']}/test", None)
    listed = await mall.office.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries")
    assert listed.status == 200, listed.body
    return {"endpoint_id": endpoint["id"], "delivery_id": listed.body["items"][0]["id"]}


async def _done(person: Person, path: str, body: Any) -> Any:
    answered = await person.post(path, body, key=uuid.uuid4().hex)
    assert answered.status < 300, (path, answered.body)
    return answered.body
