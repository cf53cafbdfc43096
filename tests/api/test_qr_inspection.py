from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qr.emv_mpm.build import with_crc
from tests.town import Person, Supermarket, Town


async def inspected(by: Person, code: str) -> Any:
    said = await by.post("/v1/qr-codes/inspect", {"code": code})
    assert said.status == 200, said.body
    return said.body


async def shown(shop: Supermarket, **more: Any) -> Any:
    asked = await shop.ask(12_800, **more)
    assert asked.status == 201, asked.body
    return asked.body


@pytest.mark.parametrize("form", ["emv", "link"])
async def test_a_till_learns_all_about_its_own_code(town: Town, form: str) -> None:
    shop = await town.supermarket()
    payment = await shown(shop, qr_form=form)
    said = await inspected(shop.till, payment["next_action"]["qr_payload"])
    assert (said["kind"], said["ours"], said["verdict"], said["reason"]) == (
        "order_code",
        True,
        "valid",
        None,
    )
    assert (said["payment_id"], said["merchant_id"]) == (payment["id"], shop.merchant.id)
    assert said["form"] == {"emv": "emv_mpm", "link": "link"}[form]
    code = await shop.office.get(f"/v1/qr-codes/{said['qr_code_id']}")
    assert (code.body["form"], code.body["payload"]) == (form, payment["next_action"]["qr_payload"])


async def test_of_anothers_code_nobody_learns_more_than_its_signature_and_end(town: Town) -> None:
    shop, stranger = await town.supermarket(), await town.supermarket()
    payment = await shown(shop)
    for person in (stranger.till, stranger.office):
        said = await inspected(person, payment["next_action"]["qr_payload"])
        told = {name: value for name, value in said.items() if value not in (None, [])}
        assert told.keys() == {"kind", "form", "ours", "verdict", "key_id", "expires_at"}
        assert payment["id"] not in str(said)
        assert "128" not in str(said)


async def test_a_revoked_code_is_invalid_to_its_owner(town: Town) -> None:
    shop = await town.supermarket()
    payment = await shown(shop)
    made = await shop.office.post("/v1/qr-codes", {"payment_id": payment["id"]})
    await shop.office.post(f"/v1/qr-codes/{made.body['id']}/revoke", None)
    said = await inspected(shop.till, made.body["payload"])
    assert (said["verdict"], said["reason"]) == ("invalid", "code_revoked")


async def test_a_sticker_is_told_apart_and_ends_with_its_revocation(town: Town) -> None:
    shop, stranger = await town.supermarket(), await town.supermarket()
    made = await shop.office.post("/v1/qr-codes", {"terminal_id": shop.place.terminal.id})
    assert made.status == 201, made.body
    said = await inspected(shop.till, made.body["payload"])
    assert (said["kind"], said["ours"], said["verdict"], said["expires_at"]) == (
        "store_code",
        True,
        "valid",
        None,
    )
    assert (said["qr_code_id"], said["merchant_id"]) == (made.body["id"], shop.merchant.id)
    assert (await inspected(stranger.till, made.body["payload"]))["qr_code_id"] is None
    await shop.office.post(f"/v1/qr-codes/{made.body['id']}/revoke", None)
    said = await inspected(shop.till, made.body["payload"])
    assert (said["verdict"], said["reason"]) == ("invalid", "code_revoked")


async def test_an_expired_code_is_invalid_to_its_owner_by_postgresqls_clock(town: Town) -> None:
    shop, stranger = await town.supermarket(), await town.supermarket()
    payment = await shown(shop, expires_in_s=30)
    past = datetime.now(UTC) - timedelta(seconds=1)
    await town.pool.execute("UPDATE qr.order_codes SET expires_at = $1", past)
    said = await inspected(shop.till, payment["next_action"]["qr_payload"])
    assert (said["verdict"], said["reason"]) == ("invalid", "code_expired")
    assert (await inspected(stranger.till, payment["next_action"]["qr_payload"]))["verdict"] == "valid"


async def test_an_altered_code_is_a_forgery_and_a_damaged_one_malformed(town: Town) -> None:
    shop = await town.supermarket()
    payload = (await shown(shop))["next_action"]["qr_payload"]
    forged = with_crc(payload.replace("5406128.00", "5406001.00")[:-8])
    said = await inspected(shop.till, forged)
    assert (said["ours"], said["verdict"], said["reason"]) == (False, "invalid", "code_forged")
    said = await inspected(shop.till, payload.replace("5406128.00", "5406001.00"))
    assert said["reason"] == "code_malformed"
    assert [(one["kind"], one["tag"]) for one in said["faults"]] == [("crc_wrong", "63")]


async def test_whether_a_payment_code_lives_is_not_told(town: Town) -> None:
    shop = await town.supermarket()
    live, dead = await town.code(await town.payer()), town.replica.parts.payment_codes.draw()
    answers = [await inspected(shop.till, code) for code in (live, dead)]
    assert answers[0] == answers[1]
    assert (answers[0]["kind"], answers[0]["verdict"]) == ("payment_code", "not_told")


@pytest.mark.parametrize(
    ("code", "kind", "form", "owner"),
    [
        ("134567890123456789", "customer_code", "digits", "wechat"),
        ("281234567890123456", "customer_code", "digits", "alipay"),
        ("6212345678901234567", "customer_code", "digits", "unionpay"),
        ("hQVDUFYwMWETTwegAAAAVVVVWggSNFZ4kBI0WA==", "customer_code", "emv_cpm", "wechat"),
        ("000201", "merchant_code", "emv_mpm", None),
        ("https://example.com", "unknown", "other", None),
        ("最佳", "unknown", "other", None),
    ],
)
async def test_a_strangers_code_is_named(
    town: Town, code: str, kind: str, form: str, owner: str | None
) -> None:
    shop = await town.supermarket()
    said = await inspected(shop.till, code)
    assert (said["kind"], said["form"], said["owner"], said["ours"]) == (kind, form, owner, False)
    assert (said["verdict"], said["reason"]) == ("invalid", "code_foreign")


async def test_a_scanned_link_is_paid_like_any_other_code(town: Town) -> None:
    shop, payer = await town.supermarket(), await town.payer()
    payload = (await shown(shop, qr_form="link"))["next_action"]["qr_payload"]
    scan = {"code": payload.lower(), "payer": {"id": payer.id, "person_id": payer.person_id}}
    seen = await town.wallet.post("/wallet/v1/scans", scan)
    assert (seen.status, seen.body["order"]["amount_minor"]) == (200, 12_800), seen.body
