"""Deeds that gather while others are being written go into the next transaction together.

One flush of the log and one round trip a statement then serve many of them, the more the busier it is. What fails
together is repeated alone: a transaction that failed did nothing, for none of those in it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import asyncpg

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

# Enough to share a flush among many; few enough that the first waits little for the last.
MAX_TOGETHER: Final = 32
# Behind a company that takes so long (a lock, a database that hangs) nobody waits: the next one starts beside it.
PATIENCE_S: Final = 1.0

# As long as anybody waits for a connection (`storage.pool`). A database that hung must not be followed, when it is
# back, by the deeds of all who have given up meanwhile.
BEGIN_WITHIN_S: Final = 15.0

# No transaction had a chance: the server is gone, going, or has no connection for us.
DATABASE_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)

Write = Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]]


class NotBegun(TimeoutError):
    """Its turn did not come in time: it is not written and will not be."""


class Together(Generic[ItemT, ResultT]):
    """One transaction at a time in each process, while they are quick; without company an item is written at once."""

    def __init__(self, *, patience_s: float = PATIENCE_S, begin_within_s: float = BEGIN_WITHIN_S) -> None:
        self._patience_s = patience_s
        self._begin_within_s = begin_within_s
        self._waiting: deque[tuple[ItemT, asyncio.Future[ResultT]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        # Kept, because the loop itself holds its tasks but weakly.
        self._hanging: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    async def write(self, item: ItemT, write: Write[ItemT, ResultT]) -> ResultT:
        """The item's own result; `write` takes several and answers in their order.

        Raises:
            NotBegun
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[ResultT] = loop.create_future()
        self._waiting.append((item, written))
        if self._writer is None or self._writer.done():
            self._begin(write)
            return await written
        late = loop.call_later(self._begin_within_s, self._give_up, written)
        try:
            return await written
        finally:
            late.cancel()

    def _give_up(self, written: asyncio.Future[ResultT]) -> None:
        """Only what still waits: of what is being written something may be stored already."""
        for place, (_, its) in enumerate(self._waiting):
            if its is written:
                del self._waiting[place]
                _fail(written, NotBegun())
                return

    def _begin(self, write: Write[ItemT, ResultT]) -> None:
        self._writer = asyncio.create_task(self._write_waiting(write))

    async def _write_waiting(self, write: Write[ItemT, ResultT]) -> None:
        loop, this = asyncio.get_running_loop(), asyncio.current_task()
        while self._waiting and self._writer is this:
            company = [self._waiting.popleft() for _ in range(min(MAX_TOGETHER, len(self._waiting)))]
            impatience = loop.call_later(self._patience_s, self._pass_by, write)
            try:
                await self._write_company(company, write)
            finally:
                impatience.cancel()

    def _pass_by(self, write: Write[ItemT, ResultT]) -> None:
        """Leave the writer to its company, which hangs; whoever waits behind it, or comes, has another."""
        assert self._writer is not None, "it is the writer's own impatience"
        self._hanging.add(self._writer)
        self._writer.add_done_callback(self._hanging.discard)
        self._writer = None
        if self._waiting:
            self._begin(write)

    async def _write_company(
        self, company: Sequence[tuple[ItemT, asyncio.Future[ResultT]]], write: Write[ItemT, ResultT]
    ) -> None:
        try:
            results = await write([item for item, _ in company])
        except DATABASE_LOST as error:
            # One by one they would only wait, each behind the time-outs of those before it.
            for _, written in company:
                _fail(written, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, its item is told
            await self._write_alone(company, write, error)
        else:
            for (_, written), result in zip(company, results, strict=True):
                _tell(written, result)

    async def _write_alone(
        self,
        company: Sequence[tuple[ItemT, asyncio.Future[ResultT]]],
        write: Write[ItemT, ResultT],
        error: Exception,
    ) -> None:
        if len(company) == 1:
            _fail(company[0][1], error)
            return
        await asyncio.gather(*(_write_one(item, written, write) for item, written in company))


async def _write_one(item: ItemT, written: asyncio.Future[ResultT], write: Write[ItemT, ResultT]) -> None:
    try:
        [result] = await write([item])
    except Exception as own:  # noqa: BLE001 - likewise
        _fail(written, own)
    else:
        _tell(written, result)


def _tell(written: asyncio.Future[ResultT], result: ResultT) -> None:
    # Whoever asked may be gone; what was written stands.
    if not written.done():
        written.set_result(result)


def _fail(written: asyncio.Future[ResultT], error: Exception) -> None:
    if not written.done():
        written.set_exception(error)
