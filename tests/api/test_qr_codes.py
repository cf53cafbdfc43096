import io
from typing import Any

import zxingcpp
from PIL import Image

from merchants.ids import BANK, new_id
from tests.town import Supermarket, Town


async def awaiting(shop: Supermarket) -> Any:
    """A payment that shows a code."""
    asked = await shop.ask(12_800)
    assert asked.status == 201, asked.body
    return asked.body


async def shown(shop: Supermarket) -> Any:
    payment = await awaiting(shop)
    made = await shop.office.post("/v1/qr-codes", {"payment_id": payment["id"]})
    assert made.status == 201, made.body
    return made.body


def read(picture: bytes) -> str:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    text: str = found.text
    return text


async def test_a_payment_that_awaits_its_payer_has_one_code(town: Town) -> None:
    shop = await town.supermarket()
    payment = await awaiting(shop)
    first = await shop.office.post("/v1/qr-codes", {"payment_id": payment["id"]}, key="one")
    again = await shop.office.post("/v1/qr-codes", {"payment_id": payment["id"]}, key="one")
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.body["payload"] == payment["next_action"]["qr_payload"]
    assert (first.body["state"], first.body["kind"]) == ("live", "order_code")
    assert (await shop.till.get(f"/v1/qr-codes/{first.body['id']}")).body == first.body


async def test_every_picture_of_a_code_is_read_back(town: Town) -> None:
    shop = await town.supermarket()
    code = await shown(shop)
    for use in ("screen", "till", "poster"):
        picture = await shop.till.get(f"/v1/qr-codes/{code['id']}/image?use={use}")
        assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
        assert read(picture.body) == code["payload"]
    drawing = await shop.till.get(f"/v1/qr-codes/{code['id']}/image?format=svg")
    assert drawing.headers["Content-Type"] == "image/svg+xml"
    assert drawing.body.startswith(b"<svg")


async def test_a_picture_one_has_is_not_sent_again(town: Town) -> None:
    shop = await town.supermarket()
    url = f"{shop.till.url}/v1/qr-codes/{(await shown(shop))['id']}/image"
    bearer = {"Authorization": f"Bearer {shop.till.token}"}
    async with town.http.get(url, headers=bearer) as first:
        etag = first.headers["ETag"]
        assert "private" in first.headers["Cache-Control"]
        assert 0 < int(first.headers["Cache-Control"].rpartition("=")[2]) <= 300
    for known in (etag, f'"other", W/{etag}'):
        async with town.http.get(url, headers={**bearer, "If-None-Match": known}) as again:
            assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
    async with town.http.get(url + "?format=svg", headers={**bearer, "If-None-Match": etag}) as other:
        assert other.status == 200


async def test_a_revoked_code_has_no_picture_and_cannot_be_scanned(town: Town) -> None:
    shop = await town.supermarket()
    code = await shown(shop)
    for _ in range(2):
        revoked = await shop.office.post(f"/v1/qr-codes/{code['id']}/revoke", None)
        assert (revoked.status, revoked.body["state"]) == (200, "revoked")
    picture = await shop.till.get(f"/v1/qr-codes/{code['id']}/image")
    assert (picture.status, picture.body["code"]) == (410, "qr_code_ended")
    scan = {"code": code["payload"], "payer": {"id": "wallet-1", "person_id": "person-1"}}
    scanned = await town.wallet.post("/wallet/v1/scans", scan)
    assert (scanned.status, scanned.body["code"]) == (409, "code_revoked")


async def test_another_partners_code_is_not_there(town: Town) -> None:
    code = await shown(await town.supermarket())
    stranger = await town.supermarket()
    for path in (f"/v1/qr-codes/{code['id']}", f"/v1/qr-codes/{code['id']}/image"):
        for caller in (stranger.office, stranger.till):
            found = await caller.get(path)
            assert (found.status, found.body["code"]) == (404, "qr_code_not_found")
    revoked = await stranger.office.post(f"/v1/qr-codes/{code['id']}/revoke", None)
    assert revoked.status == 404
    shown_elsewhere = await stranger.office.post("/v1/qr-codes", {"payment_id": code["payment_id"]})
    assert (shown_elsewhere.status, shown_elsewhere.body["code"]) == (404, "payment_has_no_code")


async def test_a_payment_that_does_not_exist_has_no_code(town: Town) -> None:
    shop = await town.supermarket()
    made = await shop.office.post("/v1/qr-codes", {"payment_id": new_id("pay", BANK)})
    assert (made.status, made.body["errors"][0]["pointer"]) == (404, "/payment_id")
