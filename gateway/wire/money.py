"""Amounts on the wire."""

from typing import Annotated

from msgspec import Meta, Struct

# Ten billion yuan: far above any payment, and times 10,000 basis points it still fits 64 bits.
MAX_AMOUNT_MINOR = 10**12

Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217 alphabetic code", examples=["CNY"])
]


Unit = Annotated[
    str,
    Meta(
        pattern="^([A-Z]{3}|points:[A-Za-z0-9_.-]+)$",
        max_length=64,
        description="ISO 4217 alphabetic code; or a programme of points, whose amounts are whole points",
        examples=["CNY"],
    ),
]


class Amount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money in minor units (fen, cents, yen) of its currency; zero is an amount."""

    amount_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR, examples=[12800])]
    currency: Currency


class PositiveAmount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money that is asked for: at least one minor unit."""

    amount_minor: Annotated[int, Meta(ge=1, le=MAX_AMOUNT_MINOR, examples=[12800])]
    currency: Currency


class Given(Struct, frozen=True, kw_only=True):
    """What an offer gives: money in minor units, or points."""

    amount_minor: Annotated[int, Meta(ge=0, le=MAX_AMOUNT_MINOR, examples=[2000])]
    currency: Unit
