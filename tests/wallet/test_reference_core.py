"""What the sandbox's core does with money, asked as the gateway asks."""

from gateway.wallet.core import Approved, Declined, NotFound, Pending, Reversed, Tombstoned
from tests.cores import Cast, SandboxCore, leg


async def test_a_debit_moves_all_legs_and_the_books_sum_to_zero(sandbox: SandboxCore, cast: Cast) -> None:
    await sandbox.wallet(cast.payer_id, balance_minor=20_000)
    endowed = 1_000_000_000_000

    outcome = await sandbox.core.send(cast.debit())

    assert isinstance(outcome, Approved), outcome
    assert await sandbox.balance(cast.payer) == 9_200
    assert await sandbox.balance(cast.merchant) == 10_800 + 1_200 + 800 - 77
    assert await sandbox.balance(cast.funder) == endowed - 800
    await sandbox.assert_books_sum_to_zero()
