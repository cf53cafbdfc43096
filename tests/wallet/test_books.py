"""The books refuse by themselves what would make them wrong, whoever writes in them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.wallet.contract import LegMessage, TransferRequest
from gateway.wallet.core import LegRole
from gateway.wallet.reference.ledger import Ledger, Submitted
from gateway.wallet.reference.sandbox import Wallet
from gateway.wallet.reference.schema import open_books
from tests.cores import Cast

BALANCE_MINOR = 10_000


@pytest.fixture
async def books(core_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_books(core_database_url, size=2)
    yield pool
    await pool.close()


async def enter(books: asyncpg.Pool, *entries: tuple[str, int], transfer_id: str) -> None:
    """Entries of one movement, past every function that would look after them."""
    await books.execute(
        """INSERT INTO ledger.entries (transfer_id, movement, account, unit, amount_minor)
           SELECT $1, 'booked', account, 'CNY', amount FROM unnest($2::text[], $3::bigint[]) AS e(account, amount)""",
        transfer_id,
        [account for account, _ in entries],
        [amount for _, amount in entries],
    )


async def test_entries_that_do_not_sum_to_zero_are_refused(books: asyncpg.Pool, cast: Cast) -> None:
    await Ledger(books).set_wallet(cast.payer_id, Wallet(balance_minor=100))

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="sum to zero"):
        await enter(books, (cast.payer, -100), ("bank:fees", 99), transfer_id=cast.mark)


async def test_a_balance_below_zero_is_refused(books: asyncpg.Pool, cast: Cast) -> None:
    await Ledger(books).set_wallet(cast.payer_id, Wallet(balance_minor=100))

    with pytest.raises(asyncpg.CheckViolationError, match="never_negative"):
        await enter(books, (cast.payer, -101), ("bank:fees", 101), transfer_id=cast.mark)


async def test_entries_on_an_account_that_is_not_open_are_refused(books: asyncpg.Pool, cast: Cast) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="not open"):
        await enter(books, (cast.payer, 1), ("bank:fees", -1), transfer_id=cast.mark)


@pytest.mark.parametrize("change", ["UPDATE ledger.entries SET unit = 'USD'", "DELETE FROM ledger.entries"])
async def test_entries_are_never_changed(books: asyncpg.Pool, change: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="never changed"):
        await books.execute(change)


async def test_cores_that_start_together_find_the_books_whole(core_database_url: str) -> None:
    pools = [await open_books(core_database_url, size=1) for _ in range(2)]
    for pool in pools:
        await pool.close()


async def test_two_cores_on_the_same_books_refund_within_the_payment(
    books: asyncpg.Pool, core_database_url: str, cast: Cast
) -> None:
    other = await open_books(core_database_url, size=2)
    ledgers = (Ledger(books), Ledger(other))
    await ledgers[0].set_wallet(cast.payer_id, Wallet(balance_minor=BALANCE_MINOR))
    for _ in range(5):
        debit, more = _request(cast, "debit", None, 1_000), _request(cast, "debit", None, 1_000)
        await _submitted(ledgers[0], debit)
        await _submitted(ledgers[1], more)
        refunds = [_request(cast, "refund", debit, 300) for _ in range(20)]

        told = await asyncio.gather(*(_submitted(ledgers[n % 2], refund) for n, refund in enumerate(refunds)))

        assert told.count("succeeded") == 3
    await other.close()


async def test_two_cores_on_the_same_books_never_both_refund_and_reverse(
    books: asyncpg.Pool, core_database_url: str, cast: Cast
) -> None:
    other = await open_books(core_database_url, size=2)
    ledgers = (Ledger(books), Ledger(other))
    await ledgers[0].set_wallet(cast.payer_id, Wallet(balance_minor=BALANCE_MINOR))
    for _ in range(20):
        debit = _request(cast, "debit", None, 1_000)
        await _submitted(ledgers[0], debit)

        refunded, undone = await asyncio.gather(
            _submitted(ledgers[0], _request(cast, "refund", debit, 1_000)), ledgers[1].reverse(debit.id)
        )

        assert (refunded == "succeeded") != (undone.status == "reversed")
    await other.close()


# Few amounts, so that sums meet their bounds often.
AMOUNT = st.sampled_from([1, 7, 400, 500, 1_000, BALANCE_MINOR // 2, BALANCE_MINOR])
BEFORE = st.integers(min_value=0, max_value=11)
STEP = st.one_of(
    st.tuples(st.sampled_from(["debit", "hold"]), BEFORE, AMOUNT),
    st.tuples(st.sampled_from(["refund", "capture"]), BEFORE, AMOUNT),
    st.tuples(st.sampled_from(["release", "reverse", "repeat"]), BEFORE, st.just(1)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
async def test_whatever_is_asked_the_books_stay_true(
    books: asyncpg.Pool, steps: list[tuple[str, int, int]]
) -> None:
    cast, ledger = Cast(), Ledger(books)
    await ledger.set_wallet(cast.payer_id, Wallet(balance_minor=BALANCE_MINOR))
    sent: list[TransferRequest] = []
    told: dict[str, str] = {}

    for kind, before, amount_minor in steps:
        earlier = sent[before % len(sent)] if sent else None
        if kind == "reverse" and earlier is not None:
            told[earlier.id] = (await ledger.reverse(earlier.id)).status
        elif kind == "repeat" and earlier is not None:
            assert await _submitted(ledger, earlier) == told[earlier.id]
        elif kind in ("debit", "hold", "refund", "capture", "release"):
            request = _request(cast, kind, earlier, amount_minor)
            sent.append(request)
            told[request.id] = await _submitted(ledger, request)
        await _assert_true(books, cast, sent, told)

    for request in sent:
        assert await _submitted(ledger, request) == told[request.id], "final is final"


def _request(cast: Cast, kind: Any, earlier: TransferRequest | None, amount_minor: int) -> TransferRequest:
    opens = kind in ("debit", "hold")
    return TransferRequest(
        id=f"{cast.mark}.{next(cast.numbers)}",
        kind=kind,
        unit="CNY",
        legs=_legs(cast, kind, amount_minor),
        issuer="bank",
        parent=None if opens else earlier.id if earlier else "never-seen",
    )


def _legs(cast: Cast, kind: str, amount_minor: int) -> tuple[LegMessage, ...]:
    """The payer's leg first; a payment has a funder's fifth and a fee of one percent beside it."""
    if kind == "release":
        return ()
    if kind == "refund":
        return (_leg("payer", cast.merchant, cast.payer, amount_minor),)
    return (
        _leg("payer", cast.payer, cast.merchant, amount_minor),
        *([_leg("funder", cast.funder, cast.merchant, amount_minor // 5)] if amount_minor >= 5 else []),
        *([_leg("fee", cast.merchant, "bank:fees", amount_minor // 100)] if amount_minor >= 100 else []),
    )


def _leg(role: LegRole, source: str, target: str, amount_minor: int) -> LegMessage:
    return LegMessage(role=role, source=source, target=target, amount_minor=amount_minor)


async def _submitted(ledger: Ledger, request: TransferRequest) -> str:
    outcome = await ledger.submit(request)
    assert isinstance(outcome, Submitted)
    return outcome.answer.status


async def _assert_true(
    books: asyncpg.Pool, cast: Cast, sent: list[TransferRequest], told: dict[str, str]
) -> None:
    """Zero in sum, balances as entered, no refund above its payment, no money left held without its hold."""
    rows = await books.fetch(
        """SELECT account, balance_minor, (SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger.entries AS e
                                            WHERE e.account = a.account) AS entered
             FROM ledger.accounts AS a WHERE account LIKE '%' || $1""",
        cast.mark,
    )
    balances = {row["account"]: row["balance_minor"] for row in rows}
    assert all(row["balance_minor"] == row["entered"] >= 0 for row in rows)
    assert await books.fetchval(
        "SELECT coalesce(sum(amount_minor), 0) FROM ledger.entries WHERE starts_with(transfer_id, $1)", cast.mark
    ) == 0  # fmt: skip
    standing = [one for one in sent if told[one.id] == "succeeded"]
    for paid in (one for one in standing if one.kind in ("debit", "capture")):
        refunds = [one for one in standing if one.kind == "refund" and one.parent == paid.id]
        assert sum(one.legs[0].amount_minor for one in refunds) <= paid.legs[0].amount_minor
    assert balances.get(f"held:{cast.payer}", 0) == _held_minor(standing, sent, told)


def _held_minor(standing: list[TransferRequest], sent: list[TransferRequest], told: dict[str, str]) -> int:
    """What holds that nothing has ended set aside of the payer's money; a reversed capture has ended its hold."""
    ended = {
        one.parent
        for one in sent
        if one.kind in ("capture", "release") and told[one.id] in ("succeeded", "reversed")
    }
    holds = (one for one in standing if one.kind == "hold" and one.id not in ended)
    return sum(one.legs[0].amount_minor for one in holds)
