"""Deeds written together: company is shared, failures are not."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.payments.together import BEGIN_WITHIN_S, MAX_TOGETHER, NotBegun, Together


class Book:
    """Writes numbers slowly, refuses those below zero and whoever comes with it, and remembers what came together."""

    def __init__(self, *, begin_within_s: float = BEGIN_WITHIN_S) -> None:
        self.written: list[list[int]] = []
        self.may_write = asyncio.Event()
        self._together: Together[int, str] = Together(begin_within_s=begin_within_s)

    async def _write(self, numbers: Sequence[int]) -> list[str]:
        await self.may_write.wait()
        if any(number < 0 for number in numbers):
            raise ValueError("below zero")
        self.written.append(list(numbers))
        return [f"wrote {number}" for number in numbers]

    async def write(self, number: int) -> str:
        return await self._together.write(number, self._write)


async def test_what_gathers_while_others_are_written_is_written_together() -> None:
    book = Book()
    first = asyncio.create_task(book.write(0))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(book.write(number)) for number in range(1, MAX_TOGETHER + 3)]
    book.may_write.set()
    assert await first == "wrote 0"
    assert await asyncio.gather(*rest) == [f"wrote {number}" for number in range(1, MAX_TOGETHER + 3)]
    assert [len(each) for each in book.written] == [1, MAX_TOGETHER, 2]


async def test_one_that_fails_takes_nobody_with_it() -> None:
    book = Book()
    book.may_write.set()
    results = await asyncio.gather(*map(book.write, (12, -1, 14)), return_exceptions=True)
    assert [str(one) for one in results] == ["wrote 12", "below zero", "wrote 14"]
    assert book.written == [[12], [14]]


async def test_who_asked_may_be_gone_and_what_was_asked_is_written() -> None:
    book = Book()
    gone = asyncio.create_task(book.write(1))
    await asyncio.sleep(0)
    gone.cancel()
    book.may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await book.write(2) == "wrote 2"
    assert [number for each in book.written for number in each] == [1, 2]


async def test_a_lost_database_fails_all_who_came_together_at_once() -> None:
    tried: list[int] = []

    async def lost(numbers: Sequence[int]) -> list[str]:
        tried.append(len(numbers))
        raise ConnectionResetError

    together: Together[int, str] = Together()
    results = await asyncio.gather(*(together.write(n, lost) for n in range(8)), return_exceptions=True)
    assert {type(one) for one in results} == {ConnectionResetError}
    assert sum(tried) == 8, "nobody waits for the time-outs of those before"


async def test_nobody_waits_long_behind_a_company_that_hangs() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def write(numbers: Sequence[int]) -> list[str]:
        if 0 in numbers:
            begun.set()
            await may_end.wait()
        return [f"wrote {number}" for number in numbers]

    together: Together[int, str] = Together(patience_s=0.01)
    hangs = asyncio.create_task(together.write(0, write))
    await begun.wait()
    async with asyncio.timeout(30):
        # The first comes while all are patient still, and nobody comes after it who would see that it waits.
        assert await together.write(1, write) == "wrote 1"
        assert await together.write(2, write) == "wrote 2"
    assert not hangs.done()
    may_end.set()
    assert await hangs == "wrote 0"
    assert await together.write(3, write) == "wrote 3"


async def test_whose_turn_does_not_come_is_told_so_and_is_never_written() -> None:
    book = Book(begin_within_s=0.02)
    first = asyncio.create_task(book.write(1))
    await asyncio.sleep(0)
    with pytest.raises(NotBegun):
        await asyncio.create_task(book.write(2))
    assert not first.done(), "what is being written may be stored already"
    book.may_write.set()
    assert await first == "wrote 1"
    assert await book.write(3) == "wrote 3"
    assert book.written == [[1], [3]]
