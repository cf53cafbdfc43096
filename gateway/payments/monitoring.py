"""The last hour, minute by minute, for whoever watches: read when somebody looks, written by nobody.

Metrics of Prometheus are one process's and have no past. Here a minute is read from the rows the money moves by, again
and again while it is young, once a minute while payments of it may still end, and then kept: who watches for an hour
costs some indexed reads of a few minutes each, whatever the hour held.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from gateway.payments import monitoring_sql as sql
from gateway.transfers import doubts_sql
from webhooks import lag_sql
from webhooks.lag_sql import Behind

MINUTES: Final = 60
_MINUTE: Final = timedelta(minutes=1)
# Somebody who reloads without end, or many who watch, are shown what was read so long ago at most.
_FRESH_S: Final = 2.0
# Nearly all payments end within seconds; those in doubt and those of order codes within minutes.
_YOUNG: Final = 3
_UNSETTLED: Final = 20
_UNSETTLED_EVERY_S: Final = 60.0
_PIECE: Final = 5
# Ids are drawn by the replicas' clocks a moment before the row; an order is paid some minutes after it was stored.
_CLOCKS: Final = timedelta(minutes=1)
_ORDERED_BEFORE: Final = timedelta(minutes=15)
_RECENT: Final = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class CoreMinute:
    """What one issuer's core decided about the charges of a minute; `undone` went back, undecided is in doubt."""

    approved: int = 0
    declined: int = 0
    undone: int = 0
    undecided: int = 0


@dataclass(slots=True, kw_only=True)
class Minute:
    """One minute.

    Attributes:
        endings: payments by how they stand: `succeeded`, `declined`, `lapsed` or `open`.
        declines: by reason.
        discounts: minor units by offer and currency.
        p50_ms, p99_ms: from a charge's acceptance to the core's decision.
        delivered, lag_ms: webhooks that arrived, and how long 99 of 100 took since their event.
    """

    at: datetime
    endings: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    declines: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cores: dict[str, CoreMinute] = field(default_factory=dict)
    discounts: dict[tuple[str, str], int] = field(default_factory=dict)
    p50_ms: int | None = None
    p99_ms: int | None = None
    delivered: int = 0
    lag_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The hour as of `at`; `titles` of offers, `doubts` and how old the oldest is, `recent_ms` of five minutes."""

    at: datetime
    minutes: tuple[Minute, ...]
    titles: Mapping[str, str]
    recent_ms: tuple[int, int] | None
    doubts: int
    oldest_doubt_s: float
    behind: Behind


class Monitor:
    """What one replica remembers of the last hour."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._minutes: dict[datetime, Minute] = {}
        self._titles: dict[str, str] = {}
        self._reading = asyncio.Lock()
        self._unsettled_at = float("-inf")
        self._seen_at = float("-inf")
        self._seen: Seen | None = None

    async def look(self) -> Seen:
        """The hour, read anew if that was not just done; many who look at once wait for one reading."""
        async with self._reading:
            if self._seen is None or time.monotonic() - self._seen_at > _FRESH_S:
                self._seen = await self._read()
                self._seen_at = time.monotonic()
            return self._seen

    async def _read(self) -> Seen:
        now = await sql.now(self._pool)
        this = now.astimezone(UTC).replace(second=0, microsecond=0)
        hour = [this - _MINUTE * back for back in reversed(range(MINUTES))]
        begin = self._oldest_to_read(hour)
        self._minutes = {at: one for at, one in self._minutes.items() if hour[0] <= at < begin}
        # Piece by piece, and each is kept: a whole hour of a busy bank takes longer than one statement may.
        for since in hour[hour.index(begin) :: _PIECE]:
            self._minutes |= await self._fill(since, min(since + _MINUTE * _PIECE, this + _MINUTE))
        used = {offer_id for one in self._minutes.values() for offer_id, _ in one.discounts}
        self._titles = {offer_id: title for offer_id, title in self._titles.items() if offer_id in used}
        number, oldest_s = await doubts_sql.unresolved(self._pool)
        took = await sql.took(self._pool, ids=_ids("pay", now - _RECENT, now), since=now - _RECENT)
        return Seen(
            at=now,
            minutes=tuple(self._minutes.get(at) or Minute(at=at) for at in hour),
            titles=dict(self._titles),
            recent_ms=None if not took or took[0] is None else (took[0], took[1]),
            doubts=number,
            oldest_doubt_s=oldest_s,
            behind=await lag_sql.behind(self._pool),
        )

    def _oldest_to_read(self, hour: list[datetime]) -> datetime:
        """From here on everything is read; what is older is known and will not change any more."""
        now_s = time.monotonic()
        unsettled = now_s - self._unsettled_at > _UNSETTLED_EVERY_S
        if unsettled:
            self._unsettled_at = now_s
        young = hour[-_UNSETTLED] if unsettled else hour[-_YOUNG]
        unknown = next((at for at in hour if at not in self._minutes), young)
        return min(young, unknown)

    async def _fill(self, since: datetime, until: datetime) -> dict[datetime, Minute]:
        span = {"since": since, "until": until}
        found = {
            since + _MINUTE * one: Minute(at=since + _MINUTE * one) for one in range(_steps(since, until))
        }
        ids = _ids("pay", since, until)
        for row in await sql.endings(self._pool, ids=ids, **span):
            found[row["minute"]].endings[row["ending"]] += row["number"]
            if row["reason"] is not None:
                found[row["minute"]].declines[row["reason"]] += row["number"]
        for row in await sql.discounts(self._pool, ids=ids, **span):
            found[row["minute"]].discounts[row["offer_id"], row["currency"]] = row["minor"]
            self._titles[row["offer_id"]] = row["title"]
        charges = _ids("pay", since - _ORDERED_BEFORE, until)
        for row in await sql.cores(self._pool, ids=charges, **span):
            _take_core(found[row["minute"]], row)
        for row in await lag_sql.delivered(self._pool, ids=_ids("dlv", since, until), **span):
            found[row["minute"]].delivered, found[row["minute"]].lag_ms = row["number"], row["p99_ms"]
        return found


def _take_core(minute: Minute, row: asyncpg.Record) -> None:
    if row["issuer"] is None:
        minute.p50_ms, minute.p99_ms = row["took_ms"] or (None, None)
        return
    minute.cores[row["issuer"]] = CoreMinute(
        approved=row["approved"],
        declined=row["declined"],
        undone=row["undone"],
        undecided=row["undecided"],
    )


def _steps(since: datetime, until: datetime) -> int:
    return round((until - since) / _MINUTE)


def _ids(prefix: str, since: datetime, until: datetime) -> tuple[str, str]:
    """Between which ids lies what was stored between these times."""
    return tuple(  # type: ignore[return-value] # two of two
        f"{prefix}_{int(at.timestamp() * 1000):012x}" for at in (since - _CLOCKS, until + _CLOCKS)
    )
