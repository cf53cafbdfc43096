"""What the reference core does with money, asked as the gateway asks."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.wallet.contract import MAX_LISTED
from gateway.wallet.core import (
    BANK_EXTERNAL,
    BANK_OFFERS,
    Approved,
    Declined,
    Reversed,
    Tombstoned,
    Unknown,
    points_unit,
)
from tests.cores import Cast, SandboxCore, leg

ENDOWED = 1_000_000_000_000


async def test_a_debit_moves_all_its_legs(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)

    outcome = await sandbox.core.send(cast.debit())

    assert isinstance(outcome, Approved)
    assert await sandbox.balance(cast.payer) == 9_200
    assert await sandbox.balance(cast.merchant) == 10_800 + 1_200 + 800 - 77
    assert await sandbox.balance(cast.funder) == ENDOWED - 800
    await sandbox.assert_books_sum_to_zero()


async def test_a_debit_that_one_account_cannot_carry_moves_none_of_its_legs(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=10_799)

    assert await sandbox.core.send(cast.debit()) == Declined("insufficient_funds")

    assert await sandbox.balance(cast.payer) == 10_799
    assert await sandbox.balance(cast.merchant) == 0
    assert await sandbox.balance(cast.funder) == ENDOWED


async def test_each_account_that_cannot_carry_its_leg_has_a_reason_of_its_own(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id)
    stranger = cast.transfer("debit", leg("payer", f"{cast.payer}x", cast.merchant, 1))
    dollars = replace(cast.debit(), unit="USD")
    funder_short = cast.transfer("debit", leg("funder", cast.funder, cast.merchant, ENDOWED + 1))
    merchant_short = cast.transfer("debit", leg("fee", cast.merchant, BANK_OFFERS, 1))

    gift = cast.transfer("credit", leg("funder", BANK_OFFERS, cast.payer, 1), unit="USD")
    refused = (stranger, dollars, dollars, gift, funder_short, merchant_short)

    outcomes = [await sandbox.core.send(one) for one in refused]

    assert outcomes == [
        Declined("payer_unknown"),
        *[Declined("currency_not_supported")] * 3,
        Declined("funder_balance_insufficient"),
        Declined("merchant_balance_insufficient"),
    ]


async def test_a_hundred_copies_of_one_transfer_debit_once(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=100_000)
    debit = cast.debit()

    outcomes = await asyncio.gather(*(sandbox.core.send(debit) for _ in range(100)))

    assert len(set(outcomes)) == 1
    assert isinstance(outcomes[0], Approved)
    assert await sandbox.balance(cast.payer) == 89_200


async def test_a_hundred_payments_of_ten_from_five_hundred_are_fifty(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=50_000)
    payments = [cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 1_000)) for _ in range(100)]

    outcomes = await asyncio.gather(*map(sandbox.core.send, payments))

    assert Counter(type(one) for one in outcomes) == {Approved: 50, Declined: 50}
    assert await sandbox.balance(cast.payer) == 0
    await sandbox.assert_books_sum_to_zero()


async def test_parallel_refunds_never_give_back_more_than_was_paid(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=1_000)
    debit = cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 1_000))
    await sandbox.core.send(debit)
    refunds = [cast.refund(debit, 30) for _ in range(64)]

    outcomes = await asyncio.gather(*map(sandbox.core.send, refunds))

    assert sum(isinstance(one, Approved) for one in outcomes) == 33
    assert {one for one in outcomes if not isinstance(one, Approved)} == {Declined("exceeds_parent")}
    assert await sandbox.balance(cast.payer) == 990


async def test_a_refund_and_a_reversal_at_once_give_back_once(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=1_000)
    for _ in range(10):
        debit = cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 1_000))
        await sandbox.core.send(debit)

        refunded, reversed_ = await asyncio.gather(
            sandbox.core.send(cast.refund(debit, 1_000)), sandbox.core.reverse(debit.id)
        )

        assert isinstance(refunded, Approved) != isinstance(reversed_, Reversed)
        assert await sandbox.balance(cast.payer) == 1_000


async def test_a_funder_may_get_back_more_than_it_gave_but_the_payer_may_not(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id)
    debit = cast.debit()
    await sandbox.core.send(debit)
    spent_cashback = leg("funder", cast.merchant, cast.funder, 1_100)
    clawed_back = cast.transfer(
        "refund", leg("payer", cast.merchant, cast.payer, 10_500), spent_cashback, parent=debit.id
    )

    assert isinstance(await sandbox.core.send(clawed_back), Approved)
    assert await sandbox.core.send(cast.refund(debit, 301)) == Declined("exceeds_parent")
    assert isinstance(await sandbox.core.send(cast.refund(debit, 300)), Approved)


async def test_a_refund_that_the_merchant_cannot_carry_is_declined_and_may_come_again(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id)
    debit = cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 1_000))
    spent = cast.transfer("debit", leg("fee", cast.merchant, BANK_OFFERS, 600))
    more = cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 600))
    await sandbox.core.send(debit)
    await sandbox.core.send(spent)

    assert await sandbox.core.send(cast.refund(debit, 1_000)) == Declined("merchant_balance_insufficient")
    await sandbox.core.send(more)
    assert isinstance(await sandbox.core.send(cast.refund(debit, 1_000)), Approved)


async def test_a_hold_sets_aside_and_its_capture_gives_back_the_rest(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    hold = cast.transfer("hold", *cast.paying(10_800))
    capture = cast.transfer("capture", *cast.paying(4_000), parent=hold.id)

    await sandbox.core.send(hold)
    assert await sandbox.balance(cast.payer) == 9_200
    assert await sandbox.balance(cast.merchant) == 0

    assert isinstance(await sandbox.core.send(capture), Approved)
    assert await sandbox.balance(cast.payer) == 16_000
    assert await sandbox.balance(cast.merchant) == 4_000 + 2_000 - 77
    assert await sandbox.balance(f"held:{cast.payer}") == 0
    await sandbox.assert_books_sum_to_zero()


async def test_a_reversed_capture_goes_home_to_the_payer_and_lets_the_hold_be_reversed(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    hold = cast.transfer("hold", *cast.paying(10_800))
    capture = cast.transfer("capture", *cast.paying(10_800), parent=hold.id)
    await sandbox.core.send(hold)
    await sandbox.core.send(capture)

    assert isinstance(await sandbox.core.reverse(hold.id), Approved)
    assert isinstance(await sandbox.core.reverse(capture.id), Reversed)
    assert isinstance(await sandbox.core.reverse(hold.id), Reversed)

    assert await sandbox.balance(cast.payer) == 20_000
    assert await sandbox.balance(cast.merchant) == 0
    assert await sandbox.balance(cast.funder) == ENDOWED
    await sandbox.assert_books_sum_to_zero()


async def test_parallel_captures_of_one_hold_take_once(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    hold = cast.transfer("hold", leg("payer", cast.payer, cast.merchant, 1_000))
    await sandbox.core.send(hold)
    captures = [
        cast.transfer("capture", leg("payer", cast.payer, cast.merchant, 400), parent=hold.id)
        for _ in range(16)
    ]

    outcomes = await asyncio.gather(*map(sandbox.core.send, captures))

    assert Counter(type(one) for one in outcomes) == {Approved: 1, Declined: 15}
    assert await sandbox.balance(cast.payer) == 19_600


async def test_points_are_a_unit_of_their_own(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=500)
    points = points_unit("club")
    gift = cast.transfer("credit", leg("funder", cast.funder, cast.payer, 256), unit=points)
    spent = cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 200), unit=points)

    assert isinstance(await sandbox.core.send(gift), Approved)
    assert isinstance(await sandbox.core.send(spent), Approved)

    assert await sandbox.balance(cast.payer, points) == 56
    assert await sandbox.balance(cast.payer) == 500
    await sandbox.assert_books_sum_to_zero()


async def test_money_leaves_the_bank_through_its_external_account(sandbox: SandboxCore, cast: Cast) -> None:
    penny = cast.transfer("external_credit", leg("fee", BANK_OFFERS, BANK_EXTERNAL, 17))
    before = await sandbox.balance(BANK_EXTERNAL)

    assert isinstance(await sandbox.core.send(penny), Approved)

    assert await sandbox.balance(BANK_EXTERNAL) == before + 17


async def test_other_content_under_one_id_moves_nothing(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    debit = cast.debit()
    await sandbox.core.send(debit)

    assert await sandbox.core.send(replace(debit, confirmed=True)) == Unknown("answered 409")
    assert await sandbox.core.send(replace(debit, unit="USD")) == Unknown("answered 409")

    assert await sandbox.balance(cast.payer) == 9_200


async def test_a_copy_racing_a_reversal_never_leaves_the_payer_charged(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    for _ in range(20):
        debit = cast.debit()
        await asyncio.gather(
            sandbox.core.send(debit), sandbox.core.reverse(debit.id), sandbox.core.send(debit)
        )
        assert isinstance(await sandbox.core.query(debit.id), Reversed | Tombstoned)
    assert await sandbox.balance(cast.payer) == 20_000


async def test_a_listing_pages_through_everything_once_and_in_order(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=10**9)
    sent = [
        cast.transfer("debit", leg("payer", cast.payer, cast.merchant, 1)) for _ in range(MAX_LISTED + 10)
    ]
    since = datetime.now(UTC) - timedelta(seconds=5)
    for first in range(0, len(sent), 50):
        await asyncio.gather(*map(sandbox.core.send, sent[first : first + 50]))

    listed = []
    cursor = None
    while True:
        page = await sandbox.core.listing(since=since, until=since + timedelta(hours=1), cursor=cursor)
        listed += [one for one in page.transfers if cast.mark in one.id]
        cursor = page.next
        if cursor is None:
            break

    assert sorted(one.id for one in listed) == sorted(one.id for one in sent)
    assert [one.created_at for one in listed] == sorted(one.created_at for one in listed)
