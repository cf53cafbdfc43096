"""What the story claims is checked as it is told."""

from collections.abc import Awaitable
from typing import TypeVar

from gateway.client import ProblemAnswered
from gateway.wire.money import Amount, PositiveAmount

T = TypeVar("T")

CURRENCY = "CNY"


class StoryBroken(Exception):
    """Something is not as the story tells it."""


def expect(what: str, got: T, wanted: T) -> T:
    """The very thing, or the end of the story.

    Raises:
        StoryBroken: it is something else.
    """
    if got != wanted:
        raise StoryBroken(f"{what}: expected {wanted!r}, got {got!r}")
    return got


async def refused(deed: Awaitable[object], code: str) -> None:
    """The deed has to be refused, and for this reason.

    Raises:
        StoryBroken: it was done, or refused for another reason.
    """
    try:
        await deed
    except ProblemAnswered as problem:
        expect("the refusal", problem.code, code)
        return
    raise StoryBroken(f"this should have been refused with {code}")


def cny(amount_minor: int) -> Amount:
    return Amount(amount_minor=amount_minor, currency=CURRENCY)


def asked(amount_minor: int) -> PositiveAmount:
    return PositiveAmount(amount_minor=amount_minor, currency=CURRENCY)


def yuan(amount: Amount | int) -> str:
    """An amount as people write it: fen are the last two digits."""
    minor = amount if isinstance(amount, int) else amount.amount_minor
    return f"{minor // 100}.{minor % 100:02d}"
