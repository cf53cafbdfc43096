"""Stickers in a shop: scanned, paid by, heard of at the till, revoked."""

import asyncio
import io
from typing import Any

import zxingcpp
from PIL import Image

from gateway.payments.store_code_sql import of_terminal
from merchants.payer import PayerFacts
from qr.emv_mpm import Initiation, parse
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.town import Answered, Supermarket, Town, cny


async def sticker(shop: Supermarket) -> Any:
    made = await shop.office.post("/v1/qr-codes", {"terminal_id": shop.place.terminal.id})
    assert made.status == 201, made.body
    return made.body


async def scanned(town: Town, code: Any, payer: PayerFacts, amount_minor: int | None = None) -> Answered:
    who = {"id": payer.id, "person_id": payer.person_id}
    amount = {} if amount_minor is None else {"amount": cny(amount_minor)}
    return await town.wallet.post("/wallet/v1/scans", {"code": code["payload"], "payer": who, **amount})


async def paid(town: Town, code: Any, payer: PayerFacts, amount_minor: int, **more: Any) -> Answered:
    seen = (await scanned(town, code, payer, amount_minor)).body
    wish = {
        "scan_id": seen["id"],
        "amount": cny(amount_minor),
        "payable": seen["payable"],
        "quote": seen["quote"],
    }
    return await town.wallet.post("/wallet/v1/payments", {**wish, **more})


async def test_a_sticker_names_the_payee_and_no_amount_and_can_be_printed(town: Town) -> None:
    shop = await town.supermarket()
    code = await sticker(shop)
    assert (code["kind"], code["state"], code["expires_at"]) == ("store_code", "live", None)
    said = parse(code["payload"]).code
    assert (said.initiation, said.amount, said.currency) == (Initiation.STATIC, None, "156")
    picture = await shop.till.get(f"/v1/qr-codes/{code['id']}/image?use=poster")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.body)).convert("L"))
    assert found.text == code["payload"]
    assert (await shop.till.get(f"/v1/qr-codes/{code['id']}")).body == code


async def test_a_payer_types_an_amount_sees_the_discount_and_pays(town: Town) -> None:
    shop = await town.supermarket()
    async with town.pool.acquire() as conn, conn.transaction():
        await agreed(conn, shop.merchant.partner_id, a_deal())
    code, payer = await sticker(shop), await town.payer(20_000)
    first = (await scanned(town, code, payer)).body
    assert (first["kind"], first["merchant_name"], first["order"]) == (
        "store_code",
        shop.merchant.short_name,
        None,
    )
    seen = (await scanned(town, code, payer, 12_800)).body
    assert (seen["discount"], seen["payable"]) == (cny(2_000), cny(10_800))
    wrong = {"scan_id": seen["id"], "amount": cny(12_800), "payable": cny(12_800)}
    refused = await town.wallet.post("/wallet/v1/payments", wrong)
    assert (refused.status, refused.body["code"], refused.body["payable_minor"]) == (
        409,
        "amount_changed",
        10_800,
    )
    done = await paid(town, code, payer, 12_800)
    assert (done.status, done.body["state"]) == (201, "succeeded"), done.body
    assert await town.balance(f"payer:{payer.id}") == 20_000 - 10_800
    told = (await shop.till.get(f"/v1/payments/{done.body['id']}")).body
    assert (told["direction"], told["terminal_id"]) == ("store_code", shop.place.terminal.id)
    assert told["merchant_order_no"].startswith("S-")


async def test_one_key_pays_once(town: Town) -> None:
    shop = await town.supermarket()
    code, payer = await sticker(shop), await town.payer(20_000)
    seen = (await scanned(town, code, payer, 1_000)).body
    wish = {"scan_id": seen["id"], "amount": cny(1_000), "payable": cny(1_000)}
    answers = await asyncio.gather(
        *(town.wallet.post("/wallet/v1/payments", wish, key="one") for _ in range(10))
    )
    assert {one.status for one in answers} == {201}
    assert len({one.body["id"] for one in answers}) == 1
    assert await town.balance(f"payer:{payer.id}") == 19_000


async def test_one_scan_pays_once_whatever_the_keys(town: Town) -> None:
    """A thumb that taps twice, or a backend that draws a new key for each try."""
    shop = await town.supermarket()
    code, payer = await sticker(shop), await town.payer(20_000)
    seen = (await scanned(town, code, payer, 1_000)).body
    wish = {"scan_id": seen["id"], "amount": cny(1_000), "payable": cny(1_000)}
    answers = await asyncio.gather(*(town.wallet.post("/wallet/v1/payments", wish) for _ in range(5)))
    assert sorted(one.body.get("code") or one.body["state"] for one in answers) == [
        *["scan_not_found"] * 4,
        "succeeded",
    ]
    assert await town.balance(f"payer:{payer.id}") == 19_000


async def test_a_waiting_till_hears_of_each_payment_once_and_of_all(town: Town) -> None:
    shop = await town.supermarket()
    code = await sticker(shop)
    payers = [await town.payer(20_000) for _ in range(12)]
    path = f"/v1/terminals/{shop.place.terminal.id}/payments"
    start = (await shop.till.get(path)).body
    assert start == {"items": [], "next": 0}

    async def listen() -> list[str]:
        heard: list[str] = []
        after = start["next"]
        while len(heard) < len(payers):
            told = (await shop.till.get(f"{path}?wait_s=20&after={after}")).body
            heard += [one["id"] for one in told["items"]]
            after = told["next"]
        return heard

    listening = asyncio.create_task(listen())
    done = await asyncio.gather(*(paid(town, code, payer, 500) for payer in payers))
    async with asyncio.timeout(60):
        heard = await listening
    assert sorted(heard) == sorted(one.body["id"] for one in done)
    numbers = await of_terminal(
        town.pool, partner_id=shop.merchant.partner_id, terminal_id=shop.place.terminal.id, after=0, limit=50
    )
    assert [number for number, _ in numbers] == list(range(1, 13))


async def test_another_shops_terminal_tells_nothing(town: Town) -> None:
    ours, theirs = await town.supermarket(), await town.supermarket()
    path = f"/v1/terminals/{ours.place.terminal.id}/payments"
    for person in (theirs.till, theirs.office):
        asked = await person.get(path)
        assert (asked.status, asked.body["code"]) == (404, "terminal_not_found")
    assert (await ours.office.get(path)).status == 200


async def test_nobody_pays_by_a_sticker_that_was_taken_back(town: Town) -> None:
    shop = await town.supermarket()
    code, payer = await sticker(shop), await town.payer(20_000)
    seen = (await scanned(town, code, payer, 1_000)).body
    for _ in range(2):
        revoked = await shop.office.post(f"/v1/qr-codes/{code['id']}/revoke", None)
        assert (revoked.status, revoked.body["state"]) == (200, "revoked")
    wish = {"scan_id": seen["id"], "amount": cny(1_000), "payable": cny(1_000)}
    late = await town.wallet.post("/wallet/v1/payments", wish)
    assert (late.status, late.body["code"]) == (409, "code_revoked")
    again = await scanned(town, code, payer)
    assert (again.status, again.body["code"]) == (409, "code_revoked")
    assert await town.balance(f"payer:{payer.id}") == 20_000


async def test_a_forged_sticker_is_not_taken_for_ours(town: Town) -> None:
    shop = await town.supermarket()
    code, payer = await sticker(shop), await town.payer(20_000)
    order = (await shop.ask(1_000)).body["next_action"]["qr_payload"]
    altered = {"payload": code["payload"][:-4] + "0000"}
    assert (await scanned(town, altered, payer)).body["code"] == "code_malformed"
    assert order[:12] != code["payload"][:12]


async def test_stickers_keep_to_the_limit_of_static_codes(town: Town) -> None:
    shop = await town.supermarket()
    code, payer = await sticker(shop), await town.payer(200_000)
    answers = [await paid(town, code, payer, 20_000) for _ in range(3)]
    assert [one.status for one in answers] == [201, 201, 409]
    assert answers[2].body["code"] == "payer_limit_exceeded"
    assert await town.balance(f"payer:{payer.id}") == 160_000


async def test_what_the_code_is_for_has_to_be_said(town: Town) -> None:
    shop = await town.supermarket()
    for wish in ({}, {"store_id": shop.place.store.id, "terminal_id": shop.place.terminal.id}):
        asked = await shop.office.post("/v1/qr-codes", wish)
        assert (asked.status, asked.body["code"]) == (422, "code_subject_unclear")
    whole_store = await shop.office.post("/v1/qr-codes", {"store_id": shop.place.store.id})
    assert (whole_store.status, whole_store.body["terminal_id"]) == (201, None)
