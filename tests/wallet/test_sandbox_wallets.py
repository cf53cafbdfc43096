"""Each behaviour of a sandbox wallet, as the gateway sees it."""

import asyncio
from typing import get_args

import pytest
import tenacity

from gateway.wallet.core import (
    Approved,
    ConfirmationRequired,
    Declined,
    NotFound,
    Pending,
    QueryOutcome,
    Reversed,
    Tombstoned,
    Unknown,
)
from gateway.wallet.reference.sandbox import BEHAVIOURS, Behaviour
from tests.cores import Cast, SandboxCore

HOURS_S = 600.0


def test_every_behaviour_is_explained() -> None:
    assert set(BEHAVIOURS) == set(get_args(Behaviour))


async def test_insufficient_funds_declines_whatever_the_balance(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, behaviour="insufficient_funds")

    assert await sandbox.core.send(cast.debit()) == Declined("insufficient_funds")


async def test_confirmation_required_approves_what_is_confirmed_under_the_next_id(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, behaviour="confirmation_required")
    asked = cast.debit()

    assert await sandbox.core.send(asked) == ConfirmationRequired("payer_must_confirm")
    assert await sandbox.core.send(asked) == ConfirmationRequired("payer_must_confirm")
    assert isinstance(await sandbox.core.send(cast.debit(confirmed=True)), Approved)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("reply_lost", "no answer: the connection was closed"),
        ("error_500", "answered 500"),
        ("error_404", "answered 404"),
        ("html", "answered no transfer"),
    ],
)
async def test_a_reply_spoilt_after_the_debit_is_unknown_and_the_money_has_moved(
    sandbox: SandboxCore, cast: Cast, behaviour: str, why: str
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000, behaviour=behaviour)
    debit = cast.debit()

    assert await sandbox.core.send(debit) == Unknown(why)
    assert await sandbox.balance(cast.payer) == 9_200

    queried = await sandbox.core.query(debit.id)
    assert isinstance(queried, Approved)
    assert await sandbox.core.send(debit) == queried


async def test_a_spoilt_reply_can_be_a_refunds_as_well(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    debit = cast.debit()
    await sandbox.core.send(debit)
    await sandbox.wallet(cast.payer_id, balance_minor=0, behaviour="reply_lost")
    refund = cast.refund(debit, 5_000)

    assert isinstance(await sandbox.core.send(refund), Unknown)
    assert isinstance(await sandbox.core.query(refund.id), Approved)
    assert await sandbox.balance(cast.payer) == 5_000


async def test_a_slow_wallet_has_moved_the_money_before_it_answers(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, behaviour="slow", seconds=1.0)
    debit = cast.debit()
    answer = asyncio.create_task(sandbox.core.send(debit))

    until_found = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_not_result(lambda outcome: isinstance(outcome, Approved)),
        wait=tenacity.wait_fixed(0.01),
        stop=tenacity.stop_after_delay(5),
    )
    queried: QueryOutcome = await until_found(sandbox.core.query, debit.id)

    assert not answer.done()
    assert await answer == queried


async def test_a_transfer_that_arrives_after_its_reversal_finds_the_tombstone(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000, behaviour="late_arrival", seconds=1.0)
    debit = cast.debit()
    on_its_way = asyncio.create_task(sandbox.core.send(debit))

    assert await sandbox.core.query(debit.id) == NotFound()
    assert await sandbox.core.reverse(debit.id) == Tombstoned()

    assert await on_its_way == Tombstoned()
    assert await sandbox.balance(cast.payer) == 20_000


async def test_a_late_success_is_pending_until_its_time_and_then_for_everybody(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000, behaviour="late_success", seconds=0)
    debit = cast.debit()

    assert await sandbox.core.send(debit) == Pending()
    approved = await sandbox.core.query(debit.id)

    assert isinstance(approved, Approved)
    assert await sandbox.core.send(debit) == approved
    assert await sandbox.balance(cast.payer) == 9_200


async def test_a_pending_transfer_can_be_reversed(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000, behaviour="late_success", seconds=HOURS_S)
    debit = cast.debit()
    await sandbox.core.send(debit)

    assert await sandbox.core.query(debit.id) == Pending()
    assert await sandbox.core.reverse(debit.id) == Reversed()
    assert await sandbox.core.query(debit.id) == Reversed()
    assert await sandbox.balance(cast.payer) == 20_000


async def test_a_refused_reversal_is_told_by_approved(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000, behaviour="reversal_refused")
    debit = cast.debit()
    sent = await sandbox.core.send(debit)

    assert await sandbox.core.reverse(debit.id) == sent
    assert await sandbox.balance(cast.payer) == 9_200
    assert isinstance(await sandbox.core.send(cast.refund(debit, 10_800)), Approved)


async def test_a_wallet_set_again_has_its_new_balance_and_the_books_still_sum_to_zero(
    sandbox: SandboxCore, cast: Cast
) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    await sandbox.wallet(cast.payer_id, balance_minor=300)

    assert await sandbox.balance(cast.payer) == 300
    await sandbox.assert_books_sum_to_zero()
