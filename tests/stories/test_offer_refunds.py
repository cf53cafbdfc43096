"""Refunds of what was given beside a discount: to the last fen and point, whatever the parts, as previewed."""

from merchants.offers.terms import AmountOff, Cashback, Coupon, Points, PointsPrice
from tests.prove.shoppers import until_final
from tests.rewards import CLUB, TWO_A_YUAN, benefits, claim, club_of, holdings, left, pay, refund, shop_with
from tests.town import Town, cny

ONE_A_YUAN = Points(programme=CLUB, points=1, per_minor=100, worth_minor=100)
SIXTY_PERCENT = Cashback(back_basis_points=6_000)


async def test_two_offers_of_one_programme_draw_on_one_account_in_the_preview_as_well(town: Town) -> None:
    price = PointsPrice(programme=CLUB, points=150)
    shop, [twos, ones, bought] = await shop_with(
        town,
        TWO_A_YUAN,
        ONE_A_YUAN,
        Coupon(gives=AmountOff(off_minor=500), handed_out="claimed", price=price),
    )
    unit, payer = club_of(shop), await town.payer(50_000)
    paid = await pay(town, shop, payer, 10_000)
    assert (await claim(town, payer, bought)).status in {201, 202}
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", unit] == 300 - 150
    # `refund` compares what the preview said with what the refund did.
    half = await refund(shop, paid, 5_000)
    assert sum(one["amount_minor"] for one in half["taken"]) == 150
    assert half["deducted"] == cny(0)
    await until_final(town.pool, within_s=20)
    rest = await refund(shop, paid, 5_000, "R-2")
    assert (rest["deducted"], rest["to_payer"]) == (cny(150), cny(4_850))
    await until_final(town.pool, within_s=20)
    assert (await benefits(town, payer))["points"] == [{"programme": unit, "points": 0}]
    for offer in (twos, ones):
        assert (await left(town, shop, offer))["budget_left"]["amount_minor"] == 100_000_000


async def test_13_refunds_of_a_fen_take_back_every_fen_of_cashback(town: Town) -> None:
    """13 fen, 6 of them off, 4 of the 7 paid ones back: some refunds have no fen of the payer's to take it from."""
    shop, offers = await shop_with(town, AmountOff(off_minor=6), SIXTY_PERCENT)
    payer = await town.payer(1_000)
    paid = await pay(town, shop, payer, 13)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 1_000 - 7 + 4
    for number in range(13):
        await refund(shop, paid, 1, f"R-{number}")
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 1_000
    for offer in offers:
        assert (await left(town, shop, offer))["budget_left"]["amount_minor"] == 100_000_000


async def test_what_the_payers_part_cannot_carry_in_the_end_comes_out_of_the_wallet(town: Town) -> None:
    shop, offers = await shop_with(town, SIXTY_PERCENT, SIXTY_PERCENT)
    payer = await town.payer(1_000)
    paid = await pay(town, shop, payer, 1_000)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 1_200
    shares = await refund(shop, paid, 1_000)
    assert (shares["to_payer"], shares["deducted"], shares["taken"]) == (cny(0), cny(1_000), [cny(200)])
    await until_final(town.pool, within_s=20)
    assert (await holdings(town))[f"payer:{payer.id}", "CNY"] == 1_000
    for offer in offers:
        assert (await left(town, shop, offer))["budget_left"]["amount_minor"] == 100_000_000
