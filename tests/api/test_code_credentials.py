import base64
from typing import Any

from qr.offline_code import write_offline_code
from tests.town import Supermarket, Town


async def enrolled(town: Town, payer: dict[str, Any], **more: Any) -> Any:
    made = await town.wallet.post("/wallet/v1/code-credentials", {"payer": payer, **more})
    assert made.status == 201, made.body
    return made.body


async def shown(town: Town, phone: Any, minutes: int = 0) -> str:
    now = await town.pool.fetchval("SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::bigint")
    return write_offline_code(
        prefix=phone["prefix"],
        number=int(phone["number"]),
        secret=base64.urlsafe_b64decode(phone["secret"] + "="),
        step=now + minutes,
    )


async def a_payer(town: Town, **how: Any) -> dict[str, Any]:
    payer = await town.payer(**how)
    return {"id": payer.id, "person_id": payer.person_id, "factors": 2}


async def refused(shop: Supermarket, code: str, status: int, why: str) -> None:
    asked = await shop.ask(1_000, code=code)
    assert (asked.status, asked.body["code"]) == (status, why)
    assert code not in str(asked.body)


async def test_a_phone_pays_without_a_network_until_it_is_lost(town: Town) -> None:
    shop, payer = await town.supermarket(), await a_payer(town)
    phone = await enrolled(town, payer)
    code = await shown(town, phone)
    paid = await shop.ask(12_800, code=code)
    assert (paid.status, paid.body["state"]) == (201, "succeeded"), paid.body
    assert await town.balance(f"payer:{payer['id']}") == 100_000 - 12_800
    kind = await town.pool.fetchval("SELECT terms->>'code_kind' FROM gateway.payments")
    assert kind == "offline_payment_code"
    await refused(shop, code, 409, "code_used")
    gone = await town.wallet.call("DELETE", f"/wallet/v1/code-credentials/{phone['id']}")
    assert gone.status == 204
    await refused(shop, await shown(town, phone, 1), 409, "code_revoked")
    again = await town.wallet.post("/wallet/v1/code-credentials", {"payer": payer, "renews": phone["id"]})
    assert (again.status, again.body["code"]) == (409, "credential_revoked")


async def test_five_wrong_codes_send_a_phone_online_and_their_terminal_is_counted(town: Town) -> None:
    shop, payer = await town.supermarket(), await a_payer(town)
    phone = await enrolled(town, payer)
    guess = await shown(town, {**phone, "secret": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")})
    for _ in range(5):
        await refused(shop, guess, 422, "code_unknown")
    await refused(shop, await shown(town, phone), 409, "code_needs_network")
    assert await town.pool.fetchval("SELECT max(count) FROM qr.wrong_codes") == 5
    renewed = await enrolled(town, payer, renews=phone["id"])
    assert renewed["number"] != phone["number"]
    assert (await shop.ask(1_000, code=await shown(town, renewed))).body["state"] == "succeeded"


async def test_an_offline_payment_that_would_need_a_confirmation_is_declined(town: Town) -> None:
    """The phone has no network: there is nobody to ask."""
    shop = await town.supermarket()
    phone = await enrolled(town, await a_payer(town, behaviour="confirmation_required"))
    asked = await shop.ask(12_800, code=await shown(town, phone))
    assert (asked.body["state"], asked.body["reason"]["code"]) == ("declined", "confirmation_impossible")
    rich = await enrolled(town, await a_payer(town, balance_minor=1_000_000))
    asked = await shop.ask(250_000, code=await shown(town, rich))
    assert (asked.body["state"], asked.body["reason"]["code"]) == ("declined", "confirmation_impossible")


async def test_a_repeated_enrolment_gets_the_same_secret(town: Town) -> None:
    body = {"payer": await a_payer(town)}
    first = await town.wallet.post("/wallet/v1/code-credentials", body, key="once")
    again = await town.wallet.post("/wallet/v1/code-credentials", body, key="once")
    assert first.body == again.body
    assert await town.pool.fetchval("SELECT count(*) FROM qr.credential_numbers") == 1


async def test_a_code_shown_as_emvco_payload_pays_too(town: Town) -> None:
    shop, payer = await town.supermarket(), await a_payer(town)
    made = await town.wallet.post("/wallet/v1/payment-codes", {"payer": payer})
    asked = await shop.ask(1_000, code=made.body["emv_payload"])
    assert (asked.status, asked.body["state"]) == (201, "succeeded"), asked.body
    await refused(shop, made.body["code"], 409, "code_used")
