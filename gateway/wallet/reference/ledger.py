"""The calls into the books, each one round trip and one transaction.

Submissions that gather while one is being written go into the next transaction together. So a shop whose
account takes part in all of them is locked once for many, and one flush of the log serves many. What fails
together is repeated alone: a deadlock's victim did nothing, and neither did its company.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from gateway.wallet.contract import MAX_LISTED, ListingAnswer, TransferAnswer, TransferRequest
from gateway.wallet.reference.rows import (
    Row,
    answer_of,
    arguments_of,
    cursor_of,
    manners_of,
    payer_of,
    together_of,
    told_of,
)
from gateway.wallet.reference.sandbox import (
    Books,
    ExternalAccount,
    ExternalCredit,
    Holding,
    Manners,
    Wallet,
)

# Long enough to share a flush of the log, short enough that the first does not wait long for the last.
MAX_TOGETHER: Final = 64
# A deadlock takes a victim, and the next attempt has the field to itself; thrice in a row is no accident.
ATTEMPTS: Final = 3
MAX_HOLDINGS: Final = 1000
_DID_NOTHING = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# What a database or the way to it can do to us; asyncpg's own complaints about a closed connection among it.
FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


_SUBMIT = """SELECT status, reason, number, created_at, concluded_at, fresh, conflict, behaviour, seconds
    FROM ledger.submit($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)"""

_SUBMIT_TOGETHER = "SELECT id, number, created_at, concluded_at FROM ledger.submit_together($1, $2, $3)"
# What the books say of every transfer that was submitted together with others.
_PLAIN: Mapping[str, Any] = {
    "status": "succeeded", "reason": None, "fresh": True, "conflict": False, "behaviour": None, "seconds": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Submission:
    """A request on its way into the books, and where its row is awaited."""

    request: TransferRequest
    arrived: bool
    written: asyncio.Future[Row]

    @property
    def is_plain(self) -> bool:
        return self.request.kind == "debit" and not self.arrived and payer_of(self.request) is not None


class ContentDiffers(Exception):
    """This id stands for a transfer with other content; a new transfer needs an id of its own."""


class NotWritten(Exception):
    """The writer was stopped; whether anything was written is not known."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submission; `fresh` when this very one decided it; how its payer's wallet behaves."""

    answer: TransferAnswer
    fresh: bool
    manners: Manners


@dataclass(frozen=True, slots=True)
class NotArrived:
    """The payer's transfers arrive late: nobody has seen this one yet. Submit it again after `seconds`."""

    seconds: float


class Ledger:
    """The books of one core. One writing transaction runs at a time, so that none waits for another's locks."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: deque[_Submission] = deque()
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, request: TransferRequest, *, arrived: bool = False) -> Submitted | NotArrived:
        """Submit, or repeat; the same id with the same content is the same transfer.

        Raises:
            ContentDiffers: the id stands for another transfer.
        """
        written: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Submission(request, arrived, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        row = await written
        if row["status"] is None:
            return NotArrived(row["seconds"])
        if row["conflict"]:
            raise ContentDiffers
        return Submitted(told_of(request, row), row["fresh"], manners_of(row))

    async def find(self, transfer_id: str) -> TransferAnswer | None:
        rows = await self._repeatable("SELECT * FROM ledger.find($1)", transfer_id)
        return answer_of(rows[0]) if rows else None

    async def reverse(self, transfer_id: str) -> TransferAnswer:
        async with self._writing:
            [row] = await self._repeatable("SELECT * FROM ledger.reverse($1)", transfer_id)
        return answer_of(row)

    async def listing(self, since: datetime, until: datetime, *, after: int) -> ListingAnswer:
        """Transfers created in [since, until), oldest first; of those at `since` the ones numbered above `after`."""
        rows = await self._repeatable(
            "SELECT * FROM ledger.listing($1, $2, $3, $4)", since, until, after, MAX_LISTED
        )
        return ListingAnswer(
            transfers=tuple(map(answer_of, rows)),
            next=cursor_of(rows[-1]["created_at"], rows[-1]["number"]) if len(rows) == MAX_LISTED else None,
        )

    async def set_wallet(self, payer_id: str, wallet: Wallet) -> None:
        async with self._writing:
            await self._repeatable(
                "SELECT ledger.set_wallet($1, $2, $3, $4, $5)",
                f"payer:{payer_id}",
                wallet.currency,
                wallet.balance_minor,
                wallet.behaviour,
                wallet.seconds,
            )

    async def books(self, account: str | None) -> Books:
        """The books from the entries alone, and whether the balances kept agree; with all accounts or one."""
        sums = await self._repeatable("SELECT * FROM ledger.sums()")
        rows = await self._repeatable("SELECT * FROM ledger.holdings($1, $2)", account, MAX_HOLDINGS)
        return Books(
            sums={row["unit"]: row["sum_minor"] for row in sums},
            balances_agree=all(row["agree"] for row in sums),
            accounts=tuple(Holding(**row) for row in rows),
        )

    async def external_account(self, account_number: str) -> ExternalAccount:
        """What an account at another bank was credited, oldest first."""
        rows = await self._repeatable(
            "SELECT * FROM ledger.external_credits($1, $2)", account_number, MAX_HOLDINGS
        )
        return ExternalAccount(credits=tuple(ExternalCredit(**row) for row in rows))

    async def _write_waiting(self) -> None:
        """Runs while there is something to write; only one at a time does."""
        while self._waiting:
            async with self._writing:
                together = [self._waiting.popleft() for _ in range(min(MAX_TOGETHER, len(self._waiting)))]
                await self._write_together(together)

    async def _write_together(self, together: Sequence[_Submission]) -> None:
        plain = [one for one in together if one.is_plain]
        others = [one for one in together if not one.is_plain]
        try:
            if plain and not await self._write_plain(plain):
                others = list(together)
            if others:
                await self._write_one_by_one(others)
        finally:
            # Nobody may wait for a writer that is gone.
            for one in together:
                if not one.written.done():
                    one.written.set_exception(NotWritten())

    async def _write_plain(self, together: Sequence[_Submission]) -> bool:
        """In one statement; false if there was something among them that it is not made for."""
        try:
            rows = await self._pool.fetch(_SUBMIT_TOGETHER, *together_of([one.request for one in together]))
        except FAILURES:
            return False
        by_id = {row["id"]: row for row in rows}
        for one in together:
            _resolve(one.written, {**_PLAIN, **by_id[one.request.id]})
        return True

    async def _write_one_by_one(self, together: Sequence[_Submission]) -> None:
        """In one transaction still, unless that fails."""
        try:
            async with self._pool.acquire() as conn:
                rows = await conn.fetchmany(
                    _SUBMIT, [arguments_of(one.request, arrived=one.arrived) for one in together]
                )
        except FAILURES:
            for submission in together:
                await self._write_alone(submission)
        else:
            for one, row in zip(together, rows, strict=True):
                _resolve(one.written, row)

    async def _write_alone(self, submission: _Submission) -> None:
        try:
            [row] = await self._repeatable(
                _SUBMIT, *arguments_of(submission.request, arrived=submission.arrived)
            )
        except FAILURES as error:
            if not submission.written.done():
                submission.written.set_exception(error)
        else:
            _resolve(submission.written, row)

    async def _repeatable(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._pool.fetch(query, *arguments)
            except _DID_NOTHING:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")


def _resolve(written: asyncio.Future[Row], row: Row) -> None:
    # Whoever asked may be gone; what was written stands.
    if not written.done():
        written.set_result(row)
