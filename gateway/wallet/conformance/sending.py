"""Promises about sending: one id is one transfer, and every way to look at it tells the same."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.wallet.conformance.subject import (
    AMOUNT_MINOR,
    COPIES,
    Broken,
    NotTried,
    Subject,
    expect,
    name_of,
)
from gateway.wallet.core import BANK_OFFERS, Approved, Declined, Leg, Listed, NotFound, Unknown

_TOO_MUCH_MINOR: Final = 10**14
# A listing of a busy core's last minutes is long; one that never ends is broken.
_MAX_PAGES: Final = 1_000


async def repeats_are_one(subject: Subject) -> None:
    """The same transfer sent again is the same transfer."""
    debit = subject.transfer("debit", subject.pays())
    first = expect(Approved, await subject.send(debit), "the first")
    again = expect(Approved, await subject.send(debit), "the repeat")
    if first.core_reference != again.core_reference:
        raise Broken("the repeat has another core_reference")
    await subject.undo(debit)


async def copies_are_one(subject: Subject) -> None:
    """Twenty copies at once move the money once."""
    debit = subject.transfer("debit", subject.pays())
    outcomes = await asyncio.gather(*(subject.send(debit) for _ in range(COPIES)))
    references = {expect(Approved, one, "a copy").core_reference for one in outcomes}
    if len(references) != 1:
        raise Broken(f"{len(references)} different core_references")
    await subject.undo(debit)


async def texts_are_no_content(subject: Subject) -> None:
    """A repeat whose texts for people differ is still the same transfer."""
    debit = await subject.debited()
    expect(Approved, await subject.send(replace(debit, statement="another text")), "the repeat")
    await subject.undo(debit)


async def other_content_is_refused(subject: Subject) -> None:
    """Other content under a known id is refused and changes nothing."""
    debit = await subject.debited()
    other = replace(debit, legs=(subject.pays(AMOUNT_MINOR + 1),))
    expect(Unknown, await subject.send(other), "other content under the id")
    expect(Approved, await subject.core.query(debit.id), "the original")
    await subject.undo(debit)


async def queries_tell(subject: Subject) -> None:
    """A query tells what the reply told, and the core says itself what it has never seen."""
    debit = subject.transfer("debit", subject.pays())
    expect(NotFound, await subject.core.query(debit.id), "a query before")
    sent = await subject.send(debit)
    if sent != (queried := await subject.core.query(debit.id)):
        raise Broken(
            f"sending answered {name_of(sent)}, the query {name_of(queried)}, or they differ in detail"
        )
    await subject.undo(debit)


async def declines_are_final(subject: Subject) -> None:
    """What the payer cannot pay is declined, moves nothing, and stays declined."""
    debit = subject.transfer("debit", subject.pays(_TOO_MUCH_MINOR))
    expect(Declined, await subject.send(debit), "far too large a debit")
    expect(Declined, await subject.send(debit), "its repeat")
    expect(Declined, await subject.core.reverse(debit.id), "its reversal")


async def all_legs_or_none(subject: Subject) -> None:
    """When one leg cannot be, none of the others is."""
    debit = await subject.debited()
    refund = subject.transfer(
        "refund",
        subject.gets_back(AMOUNT_MINOR),
        Leg(role="funder", source=subject.merchant, target=BANK_OFFERS, amount_minor=_TOO_MUCH_MINOR),
        parent=debit,
    )
    expect(Declined, await subject.send(refund), "a refund with one leg far too large")
    # Had its first leg moved, a refund would stand and the reversal be refused.
    await subject.undo(debit)


async def strangers_are_refused(subject: Subject) -> None:
    """A request signed by a stranger has no effect."""
    if subject.stranger is None:
        raise NotTried("there is no stranger to try it")
    debit = subject.transfer("debit", subject.pays())
    expect(Unknown, await subject.stranger.send(debit), "a stranger's debit")
    expect(NotFound, await subject.core.query(debit.id), "a query after")


async def lists_are_complete(subject: Subject) -> None:
    """The list has every transfer of this run, as it was sent and as it stands."""
    debit = await subject.debited()
    await subject.undo(debit)
    now = datetime.now(UTC)
    mine = await _listed(subject, since=now - timedelta(minutes=15), until=now + timedelta(minutes=15))
    found = mine.get(debit.id)
    if found is None:
        raise Broken("a transfer is missing")
    if (found.status, found.legs, found.unit) != ("reversed", debit.legs, debit.unit):
        raise Broken("a transfer is listed with another status, legs or unit")


async def _listed(subject: Subject, *, since: datetime, until: datetime) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = await subject.core.listing(since=since, until=until, cursor=cursor)
        found |= {one.id: one for one in page.transfers if one.id.startswith(subject.mark)}
        cursor = page.next
        if cursor is None:
            return found
    raise Broken("the list does not end")
