"""Shops whose offers give something beside a discount, and what came of it in wallet, figures and books."""

from typing import Any

from merchants.offers.funding import Funding, Share
from merchants.offers.terms import Cashback, FeeWaiver, Points, Programme
from merchants.payer import PayerFacts
from tests.builders import a_deal
from tests.campaigns import agreed
from tests.prove.shoppers import until_final
from tests.town import Answered, Supermarket, Town, cny

CLUB = Programme(name="club")
TWO_A_YUAN = Points(programme=CLUB, points=2, per_minor=100, worth_minor=100)
THREE_PERCENT = Cashback(back_basis_points=300)
BY_THE_BANK = Funding(shares=(Share(funder="bank", basis_points=10_000),), rounding="bank")
SHARED = Funding(
    shares=(Share(funder="bank", basis_points=6_000), Share(funder="partner", basis_points=4_000)),
    rounding="bank",
)


async def shop_with(town: Town, *terms: Any, **changes: Any) -> tuple[Supermarket, list[str]]:
    shop = await town.supermarket()
    offers = []
    async with town.pool.acquire() as conn, conn.transaction():
        for one in terms:
            facts = {"terms": one, "funding": SHARED, **changes}
            deal = a_deal(**facts | ({"funding": BY_THE_BANK} if isinstance(one, FeeWaiver) else {}))
            offers.append((await agreed(conn, shop.merchant.partner_id, deal)).id)
    return shop, offers


async def pay(town: Town, shop: Supermarket, payer: PayerFacts, amount_minor: int, **more: Any) -> Answered:
    paid = await shop.ask(amount_minor, code=await town.code(payer), **more)
    assert paid.body["state"] == "succeeded", paid.body
    await until_final(town.pool, within_s=20)
    return paid


async def refund(shop: Supermarket, paid: Answered, amount_minor: int, no: str = "R-1") -> dict[str, Any]:
    path = f"/v1/payments/{paid.body['id']}/refunds"
    preview = await shop.office.post(f"{path}/preview", {"amount": cny(amount_minor)})
    given = await shop.office.post(path, {"merchant_refund_no": no, "amount": cny(amount_minor)})
    assert given.body["state"] == "succeeded", given.body
    assert given.body["shares"] == preview.body
    shares: dict[str, Any] = preview.body
    return shares


async def holdings(town: Town) -> dict[tuple[str, str], int]:
    books = await town.ledger()
    return {(one["account"], one["unit"]): one["balance_minor"] for one in books["accounts"]}


async def left(town: Town, shop: Supermarket, offer_id: str) -> dict[str, Any]:
    figures: dict[str, Any] = (await shop.office.get(f"/v1/offers/{offer_id}/figures")).body
    return figures


async def benefits(town: Town, payer: PayerFacts) -> dict[str, Any]:
    found = await town.wallet.get(f"/wallet/v1/benefits?payer_id={payer.id}&person_id={payer.person_id}")
    assert found.status == 200, found.body
    body: dict[str, Any] = found.body
    return body


def club_of(shop: Supermarket) -> str:
    return f"points:{shop.merchant.partner_id}.club"


async def claim(town: Town, payer: PayerFacts, offer_id: str) -> Answered:
    asked = {"offer_id": offer_id, "payer": {"id": payer.id, "person_id": payer.person_id}}
    return await town.wallet.post("/wallet/v1/coupons", asked)


async def behave(town: Town, payer: PayerFacts, behaviour: str, *, seconds: float = 0.0) -> None:
    """From now on this wallet behaves otherwise; its money stays as it is."""
    wallet = {
        "balance_minor": await town.balance(f"payer:{payer.id}"),
        "behaviour": behaviour,
        "seconds": seconds,
    }
    async with town.http.put(f"{town.core}/sandbox/wallets/{payer.id}", json=wallet) as response:
        assert response.status < 300, await response.text()
