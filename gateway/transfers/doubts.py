"""What is in doubt, for the operators' queue and the alarm; reading it settles nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
from prometheus_client import Gauge

from gateway.transfers import doubts_sql
from gateway.transfers.resolve import Patience
from gateway.transfers.transfer import transfer_id
from gateway.wallet.core import Transfer

_decode = msgspec.json.Decoder(Transfer).decode
_decode_calls = msgspec.json.Decoder(list[dict[str, Any]]).decode

_oldest = Gauge(
    "gateway_oldest_unresolved_transfer_seconds",
    "Age of the oldest transfer that no core has decided; sound the alarm above 900 (15 minutes).",
    multiprocess_mode="livemostrecent",
)
_unresolved = Gauge(
    "gateway_unresolved_transfers",
    "Transfers that no core has decided.",
    multiprocess_mode="livemostrecent",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One transfer in doubt; `calls` are the latest attempts, newest first, of `attempts` in all."""

    transfer: Transfer
    owner_id: str
    purpose: str
    partner_id: str
    phase: str
    due_at: datetime
    created_at: datetime
    age_s: float
    attempts: int
    calls: list[dict[str, Any]]

    def next_action(self, patience: Patience) -> Literal["query", "reverse"]:
        """What the resolver does with it next; a refund goes forward only, whatever its age."""
        undone_by_now = self.purpose == "payment" and self.age_s >= patience.reverse_after_s
        return "reverse" if self.phase == "undoing" or undone_by_now else "query"


async def measure(pool: asyncpg.Pool) -> None:
    """Refresh what Prometheus reads; called for each scrape, on whichever replica it reaches."""
    number, oldest_s = await doubts_sql.unresolved(pool)
    _unresolved.set(number)
    _oldest.set(oldest_s)


async def in_doubt(
    pool: asyncpg.Pool, *, older_than_s: float, after: tuple[datetime, str] | None, limit: int
) -> list[Doubt]:
    """Oldest first; `after` is creation and id of the last one seen."""
    rows = await doubts_sql.in_doubt(pool, older_than_s=older_than_s, after=after, limit=limit)
    return [_doubt(row) for row in rows]


async def wake(pool: asyncpg.Pool, *, of: str, issuer: str) -> bool:
    """A hint that the core may have decided: look at once. False when it is no transfer of this issuer's payers."""
    owner_id, _, n = of.rpartition(".")
    return await doubts_sql.wake(pool, owner_id=owner_id, n=int(n), issuer=issuer)


def _doubt(row: asyncpg.Record) -> Doubt:
    values = dict(row)
    transfer = _decode(values.pop("instruction"))
    assert transfer.id == transfer_id(values["owner_id"], values.pop("n"))
    return Doubt(**{**values, "transfer": transfer, "calls": _decode_calls(values["calls"])})
