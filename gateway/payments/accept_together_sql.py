"""The two statements that accept payments together; both are functions of the database (0009_together_payments.sql)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from gateway.payments.accepted import Ask
from gateway.payments.candidate import Candidate
from gateway.payments.in_the_way import all_or_none
from gateway.payments.sql import encoded
from gateway.transfers import sql as transfers
from gateway.transfers.transfer import Connection
from merchants.offers import together as offers
from qr.codes import WRONG_CODES_OF_MERCHANT, WRONG_CODES_OF_TERMINAL

Row = asyncpg.Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """When they were stored, and what budgets have left since, by offer id."""

    at: datetime
    left_minor: dict[str, int]


async def read(conn: Connection, asks: Sequence[Ask], hashes: Sequence[tuple[bytes, bytes]]) -> list[Row]:
    """Who is paid and whose the codes are, for each that has both; `place` counts the asks from 1."""
    return await conn.fetch(
        "SELECT * FROM gateway.read_for_accept($1, $2, $3, $4, $5, $6)",
        [ask.order.partner_id for ask in asks],
        [ask.order.merchant_id for ask in asks],
        [ask.order.terminal_id for ask in asks],
        [ask.order.store_id for ask in asks],
        [newest for newest, _ in hashes],
        [before for _, before in hashes],
    )


async def accept(conn: Connection, candidates: Sequence[Candidate], *, look_after_s: float) -> Stored:
    """Store them all, in a transaction of its own.

    Raises:
        InTheWay: some of them are not to be stored like this; nothing was stored.
    """
    applied, bounds = offers.arguments([one.wish for one in candidates])
    limits = {
        (allowance.tier, one.ask.order.amount.currency): allowance.limit_minor
        for one in candidates
        if (allowance := one.drawn.terms.allowance) is not None
    }
    with all_or_none():
        row = await conn.fetchrow(
            _ACCEPT,
            *_columns([_key(one) for one in candidates]),
            WRONG_CODES_OF_MERCHANT,
            WRONG_CODES_OF_TERMINAL,
            applied,
            bounds,
            *_columns([_allowance(one) for one in candidates]),
            [tier for tier, _ in limits],
            [currency for _, currency in limits],
            list(limits.values()),
            *_columns([_payment(one) for one in candidates]),
            look_after_s,
        )
    assert row is not None, "the function always answers one row"
    lefts = zip(row["offer_ids"] or (), row["lefts_minor"] or (), strict=True)
    return Stored(at=row["at"], left_minor=dict(lefts))


_ARGUMENTS: Final = ", ".join(f"${number}" for number in range(1, 36))
_ACCEPT: Final = f"SELECT * FROM gateway.accept_together({_ARGUMENTS})"  # noqa: S608 - numbers of ours


def _key(one: Candidate) -> tuple[Any, ...]:
    ask = one.ask
    return (
        ask.key_tenant, ask.key_operation, ask.key, ask.fingerprint, ask.order.client_id, ask.key_id,
        ask.proof and ask.proof.issued_at_s, ask.proof and ask.proof.digest, one.code_hash,
    )  # fmt: skip


def _allowance(one: Candidate) -> tuple[Any, ...]:
    allowance = one.drawn.terms.allowance
    return (
        (None, None, None) if allowance is None else (allowance.day, allowance.tier, allowance.amount_minor)
    )


def _payment(one: Candidate) -> tuple[Any, ...]:
    values, terms = one.drawn.values, one.drawn.terms
    return (
        *(values[name] for name in _INSERTED), encoded(terms), transfers.encoded(one.drawn.transfer),
        terms.give_up_after_s,
    )  # fmt: skip


_INSERTED: Final = (
    "partner_id", "id", "merchant_id", "store_id", "terminal_id", "merchant_order_no", "currency", "order_minor",
    "discount_minor", "fee_minor", "issuer", "payer_id",
)  # fmt: skip


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
