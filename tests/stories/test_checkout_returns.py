"""The way back to the shop: where a page may lead, and what the browser carries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from gateway.checkout import result, sql
from gateway.checkout.session import Attempted
from gateway.client import Gateway, Partner, ResultReader
from gateway.client.checkout_result import ResultForged, ResultOfAnother, ResultOutOfTime, ResultRefused
from merchants.keyring import Purpose
from tests.shopping import SUCCESS, WebShop, a_web_shop, credentials, pay
from tests.town import Town, cny

HOSTILE = [
    "http://shop.example/thanks",
    "https://shop.example@evil.example/",
    "https://user:pw@shop.example/",
    "https://shop.example\\@evil.example/",
    "https://SHOP.example/",
    "https://shop.example/#fragment",
    "https://shop.example/a b",
    "https://shop.example/?q=<script>",
    'https://shop.example/"onclick',
    "https://shop.example/?checkout_result=made-up",
    "https://shop.example/?%63heckout_result=made-up",
    "https://商店.example/",
    "https://[::1]/",
    "https:///shop.example",
    "https://shop.example:0443/",
    "https://shop.example\n.evil.example/",
]


async def test_an_address_that_browsers_might_read_otherwise_is_refused(town: Town) -> None:
    shop = await a_web_shop(town)
    await _allow(shop, ["https://shop.example"])
    places: list[dict[str, Any]] = [
        {field: url} for url in HOSTILE for field in ("success_url", "cancel_url")
    ]
    for place in places:
        refused = await shop.open(**place)
        assert (refused.status, refused.body["code"]) == (422, "return_url_unfit"), (place, refused.body)
        assert refused.body["errors"][0]["pointer"] in {f"/{field}" for field in place}


async def test_a_page_leads_back_to_origins_that_the_merchant_named_and_nowhere_else(town: Town) -> None:
    shop, rival = await a_web_shop(town), await a_web_shop(town)
    place: dict[str, Any] = {"success_url": "https://shop.example/thanks/?order=W-7&n=a%20b"}
    early = await shop.open(**place)
    assert (early.status, early.body["code"]) == (422, "return_url_not_allowed")
    assert early.body["origin"] == "https://shop.example"
    assert await _allow(shop, ["https://shop.example", "https://b.example"]) == 200
    assert (await shop.open(**place)).status == 201
    for url in ("https://evil.example/", "https://shop.example.evil.example/", "https://shop.example:8443/"):
        assert (await shop.open(success_url=url)).body["code"] == "return_url_not_allowed"
    assert (await rival.open(**place)).body["code"] == "return_url_not_allowed"


async def test_a_rival_cannot_open_a_merchants_doors(town: Town) -> None:
    shop, rival = await a_web_shop(town), await a_web_shop(town)
    path = f"/v1/merchants/{shop.merchant_id}/return-origins"
    asked = await rival.server.call("PUT", path, {"origins": ["https://evil.example"]})
    assert (asked.status, asked.body["code"]) == (404, "merchant_not_found")


async def test_a_shop_verifies_what_its_customers_browser_brings(town: Town) -> None:
    shop = await a_web_shop(town)
    paid = await _paid(town, shop)
    async with _reader(town, shop.merchant_id) as reader:
        found = await reader.verify_checkout_result(_signed(town, paid), session_id=paid.session.id)
    assert (found.status, found.payment_id) == ("completed", paid.payment.id)
    assert (found.amount.amount_minor, found.paid.amount_minor) == (12_800, 12_800)


async def test_a_result_that_is_not_meant_for_this_order_is_refused(town: Town) -> None:
    shop, rival = await a_web_shop(town), await a_web_shop(town)
    paid, other = await _paid(town, shop), await _paid(town, shop)
    signed = _signed(town, paid)
    async with _reader(town, rival.merchant_id) as reader:
        with pytest.raises(ResultOfAnother):
            await reader.verify_checkout_result(signed, session_id=paid.session.id)
    async with _reader(town, shop.merchant_id) as reader:
        with pytest.raises(ResultOfAnother):  # a cheap order's result, brought to a dear one's address
            await reader.verify_checkout_result(signed, session_id=other.session.id)
    async with _reader(town, shop.merchant_id, environment="production") as reader:
        with pytest.raises(ResultOfAnother):
            await reader.verify_checkout_result(signed, session_id=paid.session.id)
    async with Gateway(town.public, issuer="https://other.example") as gateway:
        elsewhere = ResultReader(gateway, merchant_id=shop.merchant_id, environment="sandbox")
        with pytest.raises(ResultOfAnother):
            await elsewhere.verify_checkout_result(signed, session_id=paid.session.id)


async def test_a_result_of_another_time_is_refused(town: Town) -> None:
    shop = await a_web_shop(town)
    paid = await _paid(town, shop)
    async with _reader(town, shop.merchant_id) as reader:
        for ago_s in (result.LIFE_S + 31, -31):
            signed = _signed(town, paid, now=datetime.now(UTC) - timedelta(seconds=ago_s))
            with pytest.raises(ResultOutOfTime):
                await reader.verify_checkout_result(signed, session_id=paid.session.id)


async def test_whoever_writes_a_result_without_our_key_for_results_is_refused(town: Town) -> None:
    shop = await a_web_shop(town)
    paid = await _paid(town, shop)
    signed = _signed(town, paid)
    claims = jwt.decode(signed, options={"verify_signature": False})
    head, body, signature = signed.split(".")
    keyring = town.replica.parts.keyring
    ours, kid = keyring.signer(Purpose.CHECKOUT), jwt.get_unverified_header(signed)["kid"]
    token_key = keyring.signer(Purpose.TOKEN)
    typ = {"typ": "checkout-result+jwt"}
    public = ours.public_key.public_bytes_raw()
    dearer = jwt.encode({**claims, "amount": cny(1)}, "k" * 32, headers={**typ, "kid": kid}).split(".")[1]
    forged = [
        f"{head}.{dearer}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        jwt.encode(claims, "", algorithm="none", headers={**typ, "kid": kid}),
        jwt.encode(claims, public, algorithm="HS256", headers={**typ, "kid": kid}),
        jwt.encode(claims, token_key.private_key, algorithm="EdDSA", headers={**typ, "kid": token_key.kid}),
        jwt.encode(claims, token_key.private_key, algorithm="EdDSA", headers={**typ, "kid": kid}),
        jwt.encode(claims, ours.private_key, algorithm="EdDSA", headers={"typ": "JWT", "kid": kid}),
        jwt.encode(claims, ours.private_key, algorithm="EdDSA", headers=typ),
        jwt.encode(
            {**claims, "status": "expired"}, ours.private_key, algorithm="EdDSA", headers={**typ, "kid": kid}
        ),
        "", "...", "x" * 100_000,
    ]  # fmt: skip
    async with _reader(town, shop.merchant_id) as reader:
        await reader.verify_checkout_result(signed, session_id=paid.session.id)
        for one in forged:
            with pytest.raises(ResultForged):
                await reader.verify_checkout_result(one, session_id=paid.session.id)


async def test_nothing_is_signed_of_what_was_given_back_since(town: Town) -> None:
    shop = await a_web_shop(town)
    paid = await _paid(town, shop)
    await shop.server.post(f"/v1/payments/{paid.payment.id}/cancel", {"wait_s": 20})
    now = await sql.find(town.pool, session_id=paid.session.id, partner_id=None)
    assert now is not None
    assert (now.session.state, now.payment.state) == ("completed", "canceled")
    assert not result.is_success(now)


async def test_the_readmes_shop_is_paid_and_thanks_nobody_who_made_a_result_up(town: Town) -> None:
    shop = await a_web_shop(town)
    await _allow(shop, ["https://shop.example"])
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = text.partition("<!-- checkout-python:begin -->")[2].partition("```python")[2].partition("```")[0]
    readme: dict[str, Any] = {}
    exec(code, readme)
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        partner = Partner(gateway, await credentials(town, shop))
        session_id, url = await readme["checkout"](partner, "W-1", 12_800)
        assert session_id in url
        await pay(town, shop, {"id": session_id}, await town.payer(20_000))
        paid = await sql.find(town.pool, session_id=session_id, partner_id=None)
        assert paid is not None
        results = ResultReader(gateway, merchant_id=shop.merchant_id, environment="sandbox")
        assert await readme["thanks"](results, _signed(town, paid), session_id)
        assert not await readme["thanks"](results, "made-up", session_id)


def test_every_refusal_can_be_caught_as_one() -> None:
    assert all(issubclass(one, ResultRefused) for one in (ResultForged, ResultOfAnother, ResultOutOfTime))


async def _allow(shop: WebShop, origins: list[str]) -> int:
    path = f"/v1/merchants/{shop.merchant_id}/return-origins"
    return (await shop.server.call("PUT", path, {"origins": origins})).status


async def _paid(town: Town, shop: WebShop) -> Attempted:
    session = await shop.opened(success_url=SUCCESS)
    await pay(town, shop, session, await town.payer(20_000))
    found = await sql.find(town.pool, session_id=session["id"], partner_id=None)
    assert found is not None
    assert result.is_success(found)
    return found


def _signed(town: Town, paid: Attempted, *, now: datetime | None = None) -> str:
    parts = town.replica.parts
    return result.signed(
        parts.keyring, paid, issuer=parts.public_url, environment="sandbox", now=now or datetime.now(UTC)
    )


@asynccontextmanager
async def _reader(
    town: Town, merchant_id: str, *, environment: str = "sandbox"
) -> AsyncIterator[ResultReader]:
    async with Gateway(town.public, issuer=town.settings.public_url) as gateway:
        yield ResultReader(gateway, merchant_id=merchant_id, environment=environment)
