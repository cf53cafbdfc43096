from datetime import UTC, date, datetime

import msgspec
from msgspec.structs import replace

from gateway.wire.offer_events import DiscountEvent
from merchants.ids import new_id
from merchants.offers.campaign import Campaign
from merchants.offers.campaign import State as Standing
from merchants.offers.events import of_budget, of_discounts, of_offer
from merchants.offers.funding import FunderShare
from merchants.offers.giving import Form
from merchants.offers.offer import Offer
from merchants.offers.reservation import Reservation, State
from tests.builders import a_deal
from webhooks.event import body

NOW = datetime(2026, 11, 11, 7, tzinfo=UTC)
PARTNER, TENANT = new_id("mer", 7), new_id("mer", 7)


def a_redeemed_discount(*shares: FunderShare) -> Reservation:
    return Reservation(
        partner_id=PARTNER,
        payment_id="pay_1",
        offer_id="ofr_1",
        version=1,
        state=State.REDEEMED,
        merchant_id=TENANT,
        store_id="sto_1",
        person_id="person-1",
        form=Form.DISCOUNT,
        unit="CNY",
        currency="CNY",
        order_minor=12_800,
        discount_minor=sum(share.amount_minor for share in shares),
        returned_minor=0,
        shares=shares,
        shares_returned_minor=(0,) * len(shares),
        refund_returns=True,
        reserved_at=NOW,
        settled_at=NOW,
        left_minor=50_000,
    )


BANK = FunderShare(account="bank:offers", tenant="bank", amount_minor=1_200)
MALL = FunderShare(account=f"funder:{PARTNER}", tenant=PARTNER, amount_minor=800)


def test_a_funder_is_told_its_share_and_what_the_budget_has_left_as_of_a_time() -> None:
    (event,) = of_discounts(
        "discount.redeemed", [a_redeemed_discount(BANK, MALL)], sequence=3, occurred_at=NOW
    )
    assert (event.tenant, event.audience, event.object_id, event.sequence) == (PARTNER, "funder", "pay_1", 3)
    assert event.data["order"] == {"amount_minor": 12_800, "currency": "CNY"}
    assert event.data["discount"]["amount_minor"] == 2_000
    assert event.data["budget_left"]["amount_minor"] == 50_000
    assert event.data["budget_left_as_of"] == NOW
    assert [share["share"]["amount_minor"] for share in event.data["shares"]] == [1_200, 800]


def test_who_only_sells_is_told_the_discount_and_no_budget() -> None:
    (event,) = of_discounts("discount.redeemed", [a_redeemed_discount(BANK)], sequence=3, occurred_at=NOW)
    assert (event.tenant, event.audience) == (PARTNER, "merchant")
    assert event.data["discount"]["amount_minor"] == 1_200
    assert not {"shares", "budget_left"} & set(event.data)


def test_what_is_told_is_what_the_contract_says() -> None:
    for shares in ((BANK,), (BANK, MALL)):
        for event in of_discounts(
            "discount.redeemed", [a_redeemed_discount(*shares)], sequence=1, occurred_at=NOW
        ):
            told = msgspec.json.decode(body(event), type=DiscountEvent)
            assert set(msgspec.json.decode(body(event))["data"]) == set(msgspec.to_builtins(told.data))


def test_nobody_is_told_who_paid() -> None:
    for shares in ((BANK,), (BANK, MALL)):
        for event in of_discounts(
            "discount.redeemed", [a_redeemed_discount(*shares)], sequence=1, occurred_at=NOW
        ):
            assert "person-1" not in str(event.data)


def test_a_claw_back_names_its_refund_and_the_full_state() -> None:
    half = replace(a_redeemed_discount(BANK, MALL), returned_minor=1_000, shares_returned_minor=(600, 400))
    (event,) = of_discounts("discount.clawed_back", [half], sequence=5, occurred_at=NOW, refund_id="ref_1")
    assert event.data["refund_id"] == "ref_1"
    assert event.data["clawed_back"]["amount_minor"] == 1_000
    assert [share["clawed_back"]["amount_minor"] for share in event.data["shares"]] == [600, 400]


def a_campaign(state: Standing, *, ends_on: date) -> Campaign:
    deal = a_deal()
    target = msgspec.structs.replace(deal.target, ends_on=ends_on)
    return Campaign(
        offer=Offer(id="ofr_1", partner_id=PARTNER, version=1, deal=msgspec.structs.replace(deal, target=target)),
        state=state, sequence=4, hash="0" * 64, made_by="partner", reason="", funders=(), paused_by=frozenset(),
        partner_accepted_at=NOW, bank_accepted_at=NOW, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def test_what_matters_only_while_an_offer_lasts_is_not_sent_after_its_last_day_in_shanghai() -> None:
    live = a_campaign(Standing.LIVE, ends_on=date(2026, 11, 30))
    told = [
        *of_offer(live, [Standing.AGREED, Standing.LIVE], occurred_at=NOW),
        *of_budget(live, occurred_at=NOW),
    ]
    assert [(one.type, one.expires_at) for one in told] == [
        ("offer.agreed", None),
        ("offer.live", datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("offer.budget_80", datetime(2026, 11, 30, 16, tzinfo=UTC)),
    ]
    ended = a_campaign(Standing.ENDED, ends_on=date(2026, 11, 10))
    assert [one.expires_at for one in of_offer(ended, [Standing.ENDED], occurred_at=NOW)] == [None]
