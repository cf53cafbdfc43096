"""Our books against every core's: each transfer's id, amount and state, for one day of Asia/Shanghai.

Both sides are asked by their own clock's day, and whatever one side has on the day is looked up by id on the other,
so that a transfer at midnight is no difference. The core is read an hour at a time, which bounds what is held in
memory. What looks different is read once more on both sides before it is said: they may have moved in between.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

import asyncpg

from gateway.transfers import reconcile_sql as sql
from gateway.transfers.reconcile_sql import Booked
from gateway.wallet.core import (
    Approved,
    ConfirmationRequired,
    Core,
    Declined,
    Leg,
    Listed,
    NotFound,
    Pending,
    QueryOutcome,
    Reversed,
    Tombstoned,
    Unknown,
)
from gateway.wallet.errors import ListingFailed
from gateway.wallet.routing import Cores
from merchants.offers.offer import SHANGHAI

_SLICE: Final = timedelta(hours=1)
# What the core's word for each outcome of ours is.
_STATUS: Final = {
    "approved": "succeeded",
    "declined": "declined",
    "confirmation_required": "confirmation_required",
    "reversed": "reversed",
    "tombstoned": "tombstoned",
}
_STATUS_OF_ANSWER: Final[dict[type, str]] = {
    Approved: "succeeded",
    Declined: "declined",
    ConfirmationRequired: "confirmation_required",
    Pending: "pending",
    Reversed: "reversed",
    Tombstoned: "tombstoned",
}

Kind = Literal["missing_at_core", "missing_here", "other_amount", "other_state"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One transfer on which the two sides do not agree; `ours` and `theirs` are for people."""

    core: str
    transfer_id: str
    kind: Kind
    ours: str | None
    theirs: str | None


@dataclass(slots=True, kw_only=True)
class Report:
    """What a day's reconciliation found.

    Attributes:
        compared: transfers that both sides decided.
        unresolved: the resolver is still at them; run the day again later.
    """

    day: date
    compared: int = 0
    unresolved: int = 0
    differences: list[Difference] = field(default_factory=list)


async def reconcile(pool: asyncpg.Pool, cores: Cores, day: date) -> Report:
    """Compare one day, core by core.

    Raises:
        ListingFailed: a core does not answer; nothing can be said.
    """
    report = Report(day=day)
    for core, issuers in cores.with_issuers():
        comparison = _Comparison(pool=pool, core=core, issuers=issuers, report=report)
        for since, until in _slices(day):
            await comparison.compare(since, until)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """One core's side against ours; what is found goes into the report."""

    pool: asyncpg.Pool
    core: Core
    issuers: Sequence[str]
    report: Report

    async def compare(self, since: datetime, until: datetime) -> None:
        seen: set[str] = set()
        async for page in _listing(self.core, since, until):
            ours = await sql.by_id(self.pool, [one.id for one in page])
            for theirs in page:
                seen.add(theirs.id)
                await self._listed(ours.get(theirs.id), theirs)
        async for booked in sql.of_day(self.pool, issuers=self.issuers, since=since, until=until):
            if booked.id not in seen and self._decided(booked):
                # Created there in another hour, or never.
                self._judge(booked, await self._asked(booked.id))

    async def _listed(self, ours: Booked | None, theirs: Listed) -> None:
        if ours is None:
            self._differs(theirs.id, "missing_here", None, _said(theirs.unit, theirs.legs))
            return
        if theirs.status != "tombstoned" and not _same_amounts(ours, theirs):
            self._differs(
                ours.id, "other_amount", _said(ours.unit, ours.legs), _said(theirs.unit, theirs.legs)
            )
        if self._decided(ours) and ours.outcome and _STATUS[ours.outcome] != theirs.status:
            again = await sql.by_id(self.pool, [ours.id])
            self._judge(again[ours.id], await self._asked(ours.id))

    def _decided(self, ours: Booked) -> bool:
        if ours.outcome is None:
            self.report.unresolved += 1
        else:
            self.report.compared += 1
        return ours.outcome is not None

    def _judge(self, ours: Booked, answer: QueryOutcome) -> None:
        if ours.outcome is None:
            return
        if isinstance(answer, NotFound):
            self._differs(ours.id, "missing_at_core", _STATUS[ours.outcome], None)
        elif (status := _STATUS_OF_ANSWER[type(answer)]) != _STATUS[ours.outcome]:
            self._differs(ours.id, "other_state", _STATUS[ours.outcome], status)

    async def _asked(self, transfer_id: str) -> QueryOutcome:
        answer = await self.core.query(transfer_id)
        if isinstance(answer, Unknown):
            raise ListingFailed(core=self.core.name, why=answer.why)
        return answer

    def _differs(self, transfer_id: str, kind: Kind, ours: str | None, theirs: str | None) -> None:
        self.report.differences.append(
            Difference(core=self.core.name, transfer_id=transfer_id, kind=kind, ours=ours, theirs=theirs)
        )


async def _listing(core: Core, since: datetime, until: datetime) -> AsyncIterator[Sequence[Listed]]:
    cursor: str | None = None
    while True:
        page = await core.listing(since=since, until=until, cursor=cursor)
        yield page.transfers
        if page.next is None:
            return
        if page.next == cursor:
            raise ListingFailed(core=core.name, why="its cursor does not move")
        cursor = page.next


def _same_amounts(ours: Booked, theirs: Listed) -> bool:
    return (ours.kind, ours.unit, _moved(ours.legs)) == (theirs.kind, theirs.unit, _moved(theirs.legs))


def _moved(legs: Iterable[Leg]) -> list[tuple[str, str, int]]:
    return sorted((leg.source, leg.target, leg.amount_minor) for leg in legs)


def _said(unit: str | None, legs: Iterable[Leg]) -> str:
    return ", ".join(f"{leg.source} → {leg.target} {leg.amount_minor} {unit}" for leg in legs)


def _slices(day: date) -> list[tuple[datetime, datetime]]:
    begin = datetime.combine(day, time(), SHANGHAI)
    starts = [begin + n * _SLICE for n in range(24)]
    return [(start, start + _SLICE) for start in starts]
