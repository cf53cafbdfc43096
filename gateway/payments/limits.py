"""Daily limits: how much a payer may pay in a day, by how surely the payer is known.

The wallet core, which sees every channel, remains the authority; these bounds are ours, on top. A payment takes its
amount from the payer's day in accept, in one conditional statement, so that parallel payments cannot pass a limit
together; it gives the amount back when it ends uncharged. A refund gives nothing back: the rules bound what is paid
with a verification in a day, and paying, being refunded and paying again would be a way around them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import msgspec

from gateway.payments import limits_sql as sql
from gateway.payments.errors import PayerLimitExceeded
from gateway.payments.payment import Allowance, Payment, State
from gateway.transfers.transfer import Connection
from merchants.money import Money
from merchants.offers.offer import moment_of
from merchants.payer import PayerFacts

REASON: Final = "payer_limit_exceeded"
_UNCHARGED: Final = frozenset({State.DECLINED, State.EXPIRED, State.CANCELED, State.REVERSED})
_TWO_FACTORS: Final = 2
# Made for one payment or one minute; every other code is as good as printed.
_DYNAMIC: Final = frozenset({"payment_code", "offline_payment_code", "order_code"})


class Tier(StrEnum):
    """The rows of the 2018 rules for barcode payments, the weakest first."""

    STATIC = "static"
    C = "tier_c"
    B = "tier_b"
    A = "tier_a"


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyLimits:
    """By currency, what each tier may pay in a day, in minor units; None, and a currency not named, is no limit."""

    by_currency: Mapping[str, Mapping[Tier, int | None]]

    @classmethod
    def read(cls, text: str) -> Self:
        """From the setting: `CNY=50000/100000/500000/-`, separated by commas."""
        pairs = (one.split("=") for one in text.split(",") if one)
        return cls(
            by_currency={
                currency: {
                    tier: None if part == "-" else int(part)
                    for tier, part in zip(Tier, parts.split("/"), strict=True)
                }
                for currency, parts in pairs
            }
        )

    def allowance(
        self, *, code_kind: str, payer: PayerFacts, amount: Money, now: datetime
    ) -> Allowance | None:
        """What this payment has to take of the payer's day; None when no limit applies."""
        tier = tier_of(code_kind, payer)
        limit_minor = self.by_currency.get(amount.currency, {}).get(tier)
        if limit_minor is None or amount.amount_minor == 0:
            return None
        return Allowance(
            tier=tier, day=moment_of(now).day, amount_minor=amount.amount_minor, limit_minor=limit_minor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """By currency, the amount in minor units above which a scanned code is not enough: the payer must confirm."""

    above_minor: Mapping[str, int]

    @classmethod
    def read(cls, text: str) -> Self:
        """From the setting: `CNY=200000`, separated by commas."""
        pairs = (one.split("=") for one in text.split(",") if one)
        return cls(above_minor={currency: int(amount) for currency, amount in pairs})

    def wanted(self, amount: Money) -> bool:
        above_minor = self.above_minor.get(amount.currency)
        return above_minor is not None and amount.amount_minor > above_minor


def tier_of(code_kind: str, payer: PayerFacts) -> Tier:
    """Static codes are the weakest whatever the verification: anybody may have pasted them over another's."""
    if code_kind not in _DYNAMIC:
        return Tier.STATIC
    if payer.factors < _TWO_FACTORS:
        return Tier.C
    return Tier.A if payer.certificate else Tier.B


async def take(conn: Connection, payment: Payment, allowance: Allowance | None, payer: PayerFacts) -> None:
    """Count a payment that its payer confirms; accept does it in the statement that stores the payment.

    Raises:
        PayerLimitExceeded: it does not fit into what is left of the payer's day.
    """
    if allowance is not None and not await sql.take(
        conn, allowance, issuer=payer.issuer, payer_id=payer.id, currency=payment.currency
    ):
        raise PayerLimitExceeded


async def settle(conn: Connection, payment: Payment) -> None:
    """A payment that ended uncharged gives back what it took; to be called once, with its last transition."""
    allowance, payer = payment.terms.allowance, payment.terms.payer
    if payment.state in _UNCHARGED and allowance is not None and payer is not None:
        await sql.give_back(
            conn, allowance, issuer=payer.issuer, payer_id=payer.id, currency=payment.currency
        )


async def shrink(conn: Connection, payment: Payment, *, paid_minor: int) -> Allowance | None:
    """Less than was agreed is captured: the payer's day gets the rest back; what the payment takes of it now."""
    allowance, payer = payment.terms.allowance, payment.terms.payer
    if allowance is None or payer is None or paid_minor >= allowance.amount_minor:
        return allowance
    rest = msgspec.structs.replace(allowance, amount_minor=allowance.amount_minor - paid_minor)
    await sql.give_back(conn, rest, issuer=payer.issuer, payer_id=payer.id, currency=payment.currency)
    return msgspec.structs.replace(allowance, amount_minor=paid_minor)
