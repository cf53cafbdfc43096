"""Reading our books for reconciliation; nothing here writes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from gateway.transfers.transfer import transfer_id
from gateway.wallet.core import Leg, Transfer

# One answer of the database, held in memory.
_AT_ONCE = 1000
# Of a transfer's number; more would not be ours, nor fit the column.
_DIGITS = 9

_decode = msgspec.json.Decoder(Transfer).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A transfer as our books have it; `outcome` is None while it is not decided."""

    id: str
    kind: str
    unit: str
    legs: tuple[Leg, ...]
    outcome: str | None
    created_at: datetime


async def by_id(pool: asyncpg.Pool, ids: Sequence[str]) -> dict[str, Booked]:
    """Those of these transfers that we know; an id that is not of our form is nobody's."""
    split = [one.rpartition(".") for one in ids]
    known = [
        (owner, int(n))
        for owner, dot, n in split
        if dot and n.isascii() and n.isdigit() and len(n) <= _DIGITS
    ]
    rows = await pool.fetch(
        """
        SELECT owner_id, n, outcome, instruction, created_at
          FROM unnest($1::text[], $2::int[]) AS asked (owner_id, n) JOIN gateway.transfers USING (owner_id, n)
        """,
        [owner for owner, _ in known],
        [n for _, n in known],
    )
    return {one.id: one for one in map(_booked, rows)}


async def of_day(
    pool: asyncpg.Pool, *, issuers: Sequence[str], since: datetime, until: datetime
) -> AsyncIterator[Booked]:
    """What we created in [since, until) for these issuers' core, oldest first."""
    after: tuple[datetime, str, int] = (since, "", 0)
    while True:
        rows = await pool.fetch(
            """
            SELECT owner_id, n, outcome, instruction, created_at FROM gateway.transfers
             WHERE created_at >= $1 AND created_at < $2 AND (created_at, owner_id, n) > ($1, $3, $4)
               AND instruction ->> 'issuer' = ANY($5::text[])
             ORDER BY created_at, owner_id, n LIMIT $6
            """,
            after[0], until, after[1], after[2], issuers, _AT_ONCE,
        )  # fmt: skip
        for row in rows:
            yield _booked(row)
        if len(rows) < _AT_ONCE:
            return
        after = (rows[-1]["created_at"], rows[-1]["owner_id"], rows[-1]["n"])


def _booked(row: asyncpg.Record) -> Booked:
    transfer = _decode(row["instruction"])
    return Booked(
        id=transfer_id(row["owner_id"], row["n"]), kind=transfer.kind, unit=transfer.unit, legs=transfer.legs,
        outcome=row["outcome"], created_at=row["created_at"],
    )  # fmt: skip
