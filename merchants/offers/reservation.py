"""An offer's part in a payment, as its row says."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import asyncpg
from msgspec import Struct

from merchants.offers.funding import FunderShare
from merchants.offers.giving import Form


class State(StrEnum):
    """Where a reservation stands; both others are final."""

    RESERVED = "reserved"
    REDEEMED = "redeemed"
    RELEASED = "released"


class Reservation(Struct, frozen=True, kw_only=True):
    """An offer's part in a payment, with what funders paid and got back.

    Attributes:
        form, unit: what it gives, which `discount_minor` and everything beside it are amounts of.
        shares_returned_minor: what refunds gave back, in the order of `shares`.
        left_minor: of the offer's total budget, as of this read.
    """

    partner_id: str
    payment_id: str
    offer_id: str
    version: int
    state: State
    merchant_id: str
    store_id: str | None
    person_id: str
    currency: str
    form: Form
    unit: str
    order_minor: int
    discount_minor: int
    returned_minor: int
    shares: tuple[FunderShare, ...]
    shares_returned_minor: tuple[int, ...]
    refund_returns: bool
    reserved_at: datetime
    settled_at: datetime | None
    left_minor: int


def reservations_of(rows: Sequence[asyncpg.Record]) -> tuple[Reservation, ...]:
    """Rows of `sql.py` as values, by offer id."""
    return tuple(sorted((_reservation(row) for row in rows), key=lambda one: one.offer_id))


def _reservation(row: asyncpg.Record) -> Reservation:
    facts = {name: row[name] for name in Reservation.__struct_fields__ if name in row}
    shares = zip(row["accounts"], row["tenants"], row["shares_minor"], strict=True)
    return Reservation(
        **{
            **facts,
            "state": State(row["state"]),
            "form": Form(row["form"]),
            "shares": tuple(
                FunderShare(account=account, tenant=tenant, amount_minor=amount)
                for account, tenant, amount in shares
            ),
            "shares_returned_minor": tuple(row["shares_returned"]),
        }
    )
