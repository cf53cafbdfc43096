"""What is in doubt, for the operators' queue and the alarm; reading it settles nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec
from prometheus_client import Gauge

from gateway.transfers.resolve import Patience
from gateway.transfers.transfer import transfer_id
from gateway.wallet.core import Transfer

# So many calls tell the pattern; the rest is in the table.
_LATEST: Final = 10

_decode = msgspec.json.Decoder(Transfer).decode
_decode_calls = msgspec.json.Decoder(list[dict[str, Any]]).decode

_oldest = Gauge(
    "gateway_oldest_unresolved_transfer_seconds",
    "Age of the oldest transfer that no core has decided; sound the alarm above 900 (15 minutes).",
)
_unresolved = Gauge("gateway_unresolved_transfers", "Transfers that no core has decided.")


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
    row = await pool.fetchrow(
        """
        SELECT count(*) AS number, extract(epoch FROM now() - min(created_at))::float8 AS oldest_s
          FROM gateway.transfers WHERE state <> 'final'
        """
    )
    assert row is not None, "an aggregate always has a row"
    _unresolved.set(row["number"])
    _oldest.set(row["oldest_s"] or 0.0)


async def in_doubt(
    pool: asyncpg.Pool, *, older_than_s: float, after: tuple[datetime, str] | None, limit: int
) -> list[Doubt]:
    """Oldest first; `after` is creation and id of the last one seen."""
    rows = await pool.fetch(
        """
        SELECT t.owner_id, t.n, t.purpose, t.partner_id, t.state AS phase, t.instruction, t.due_at, t.created_at,
               extract(epoch FROM now() - t.created_at)::float8 AS age_s, made.attempts, made.calls
          FROM gateway.transfers t CROSS JOIN LATERAL (
                SELECT count(*) AS attempts,
                       COALESCE(json_agg(json_build_object('at', at, 'deed', deed, 'outcome', outcome, 'detail', detail,
                                'took_ms', took_ms) ORDER BY at DESC) FILTER (WHERE place <= $5), '[]') AS calls
                  FROM (SELECT a.*, row_number() OVER (ORDER BY at DESC) AS place
                          FROM gateway.transfer_attempts a WHERE a.owner_id = t.owner_id AND a.n = t.n) latest) made
         WHERE t.state <> 'final' AND t.created_at <= now() - $1 * interval '1 s'
           AND ($2::timestamptz IS NULL OR (t.created_at, t.owner_id) > ($2, $3))
         ORDER BY t.created_at, t.owner_id LIMIT $4
        """,
        older_than_s, after[0] if after else None, after[1] if after else None, limit, _LATEST,
    )  # fmt: skip
    return [_doubt(row) for row in rows]


async def wake(pool: asyncpg.Pool, *, of: str, issuer: str) -> bool:
    """A hint that the core may have decided: look at once. False when it is no transfer of this issuer's payers."""
    owner_id, _, n = of.rpartition(".")
    known: bool = await pool.fetchval(
        """
        WITH woken AS (
            UPDATE gateway.transfers SET due_at = least(due_at, now())
             WHERE owner_id = $1 AND n = $2 AND state <> 'final' AND instruction ->> 'issuer' = $3)
        SELECT EXISTS (SELECT FROM gateway.transfers
                        WHERE owner_id = $1 AND n = $2 AND instruction ->> 'issuer' = $3)
        """,
        owner_id, int(n), issuer,
    )  # fmt: skip
    return known


def _doubt(row: asyncpg.Record) -> Doubt:
    values = dict(row)
    transfer = _decode(values.pop("instruction"))
    assert transfer.id == transfer_id(values["owner_id"], values.pop("n"))
    return Doubt(**{**values, "transfer": transfer, "calls": _decode_calls(values["calls"])})
