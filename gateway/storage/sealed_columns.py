"""Every column that holds sealed values, and sealing them anew under another master key.

Online: a row is changed only while it is what was read, and whoever writes meanwhile seals under the newest key anyway.
Resumable: what stands under the newest key is passed by, so a command that was killed is simply run again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.onboarding import search, verification
from merchants.onboarding.particulars import revealed
from merchants.sealing import Sealing

_AT_ONCE: Final = 200
"""Rows in memory, documents of 5 MB among them; a batch is a statement each way."""


HashedAgain = Callable[[PoolConnectionProxy, Sealing, str, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column of sealed values.

    Attributes:
        owner: says for whom a value is sealed, from the columns of the key and those `named` after them.
        hashed_again: makes the keyed hashes of what it holds anew with it, given the row's own id.
    """

    schema: str
    table: str
    column: str
    key: tuple[str, ...]
    owner: Callable[..., str]
    named: tuple[str, ...] = ()
    hashed_again: HashedAgain | None = None

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}.{self.column}"


async def _index_again(conn: PoolConnectionProxy, sealing: Sealing, subject_id: str, sealed: bytes) -> None:
    """What a subject is found by."""
    particulars = revealed(sealing, sealed, owner=subject_id)
    await search.index_again(conn, sealing, subject_id=subject_id, particulars=particulars)


def _last(*key: Any) -> str:
    return str(key[-1])


def _column(schema: str, table: str, column: str, *key: str, **more: Any) -> SealedColumn:
    return SealedColumn(schema=schema, table=table, column=column, key=key, **{"owner": _last, **more})


SEALED: Final = (
    _column(
        "merchants", "signing_keys", "sealed_private_key", "purpose", "key_id",
        owner=lambda purpose, key_id: f"signing_key:{purpose}:{key_id}",
    ),
    _column("merchants", "applications", "particulars", "id", hashed_again=_index_again),
    _column(
        "merchants", "merchant_records", "particulars", "partner_id", "merchant_id", hashed_again=_index_again
    ),
    _column("merchants", "change_requests", "changes", "partner_id", "id"),
    _column("merchants", "merchants", "settlement_account", "partner_id", "id"),
    _column("merchants", "documents", "content", "subject_id", "id"),
    _column("merchants", "agreements", "signer", "application_id"),
    _column("merchants", "verifications", "sealed", "id", hashed_again=verification.hash_again),
    _column("merchants", "bulk_pieces", "rows", "partner_id", "bulk_id", "first", owner=lambda _, bulk, __: bulk),
    _column(
        "qr", "credential_numbers", "sealed_secret", "number",
        owner=lambda _, credential_id: f"code_credential:{credential_id}", named=("credential_id",),
    ),
    _column("gateway", "idempotency_keys", "sealed_secret", "tenant", "operation", "key", owner=lambda t, *_: t),
    _column(
        "webhooks", "secrets", "sealed", "tenant", "endpoint_id", "created_at", owner=lambda _, endpoint, __: endpoint
    ),
)  # fmt: skip


async def reseal(pool: asyncpg.Pool, sealing: Sealing, column: SealedColumn) -> AsyncIterator[int]:
    """Seal the column's values under the newest key, batch by batch; how many rows each batch changed.

    Raises:
        SealBroken: a value is sealed under a key that is not known here; nothing of its batch was changed.
    """
    after: Sequence[Any] | None = None
    while True:
        rows = await pool.fetch(
            _read(column, begun=after is not None), sealing.prefix, _AT_ONCE, *(after or ())
        )
        if not rows:
            return
        anew = [(*row.values(), _again(sealing, column, row)) for row in rows]
        yield await _write(pool, sealing, column, anew)
        after = tuple(rows[-1].values())[: len(column.key)]


def _again(sealing: Sealing, column: SealedColumn, row: asyncpg.Record) -> bytes:
    *named, sealed = row.values()
    owner = column.owner(*named)
    return sealing.seal(sealing.reveal(sealed, owner=owner), owner=owner)


async def _write(
    pool: asyncpg.Pool, sealing: Sealing, column: SealedColumn, anew: Sequence[tuple[Any, ...]]
) -> int:
    """One statement for each row, in one transaction: what somebody else changed since is left to be read again."""
    size = len(column.key)
    same = " AND ".join(f'"{name}" = ${at}' for at, name in enumerate(column.key, 3))
    # The names are ours, from the list above.
    statement = f'UPDATE {column.schema}.{column.table} SET "{column.column}" = $1 WHERE "{column.column}" = $2 AND {same}'  # noqa: S608, E501
    changed = 0
    async with pool.acquire() as conn, conn.transaction():
        for one in anew:
            done = await conn.execute(statement, one[-1], one[-2], *one[:size])
            changed += int(done.rpartition(" ")[2])
            if column.hashed_again is not None and done == "UPDATE 1":
                await column.hashed_again(conn, sealing, str(one[size - 1]), one[-1])
    return changed


def _read(column: SealedColumn, *, begun: bool) -> str:
    """Values that do not stand under the newest key, in the order of the table's key."""
    key = ", ".join(f'"{name}"' for name in column.key)
    shown = ", ".join(f'"{name}"' for name in (*column.key, *column.named, column.column))
    places = ", ".join(f"${at}" for at in range(3, 3 + len(column.key)))
    later = f"AND ({key}) > ({places})" if begun else ""
    return (
        f'SELECT {shown} FROM {column.schema}.{column.table} WHERE "{column.column}" IS NOT NULL '  # noqa: S608 - as above
        f'AND substring("{column.column}" FROM 1 FOR 5) <> $1 {later} ORDER BY {key} LIMIT $2'
    )
