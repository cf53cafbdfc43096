"""Who gives what to whom: the legs of a payment, and of what is given back of it."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.wallet.core import BANK_FEES, Leg, merchant_account, payer_account
from merchants.offers.clawback import spread
from merchants.offers.quote import Quote

_WHOLE_BASIS_POINTS = 10_000


def fee_minor(order_minor: int, basis_points: int) -> int:
    """The merchant's fee on paid plus funded amount, which is the order; half a minor unit goes up."""
    return (order_minor * basis_points + _WHOLE_BASIS_POINTS // 2) // _WHOLE_BASIS_POINTS


def payment_legs(quote: Quote, *, payer_id: str, merchant_id: str, fee_minor: int) -> tuple[Leg, ...]:
    """Payer, funders and fee: payer → merchant what is paid, funder → merchant its share, merchant → bank the fee.

    Shares of one funder in several offers are one leg. What would move nothing is left out.
    """
    merchant = merchant_account(merchant_id)
    funded: dict[str, int] = {}
    for applied in quote.discounts:
        for share in applied.funders:
            funded[share.account] = funded.get(share.account, 0) + share.amount_minor
    legs = [("payer", payer_account(payer_id), merchant, quote.payable_minor)]
    legs += [("funder", account, merchant, amount) for account, amount in sorted(funded.items())]
    legs += [("fee", merchant, BANK_FEES, fee_minor)]
    return tuple(
        Leg(role=role, source=source, target=target, amount_minor=amount)  # type: ignore[arg-type] # roles of Leg
        for role, source, target, amount in legs
        if amount > 0
    )


def captured(legs: Sequence[Leg], order_minor: int, *, fee_minor: int) -> tuple[Leg, ...]:
    """The legs that take part of what is held: payer and funders give it in proportion, to the minor unit.

    The captured order is then what the payer pays plus what the funders give, as of every order. An offer that was
    agreed to for the whole stays agreed to for the part. The fee is on what is captured.
    """
    giving = [leg for leg in legs if leg.role != "fee"]
    totals = [leg.amount_minor for leg in giving]
    parts = spread(totals, [0] * len(totals), order_minor)
    taken = [replace(leg, amount_minor=part) for leg, part in zip(giving, parts, strict=True) if part]
    fees = [replace(leg, amount_minor=fee_minor) for leg in legs if leg.role == "fee" and fee_minor]
    return (*taken, *fees)


def given_back(legs: Sequence[Leg], amounts: Sequence[int]) -> tuple[Leg, ...]:
    """The legs of a refund: the payment's, the other way round, each with its own amount."""
    return tuple(
        Leg(role=leg.role, source=leg.target, target=leg.source, amount_minor=amount)
        for leg, amount in zip(legs, amounts, strict=True)
        if amount > 0
    )


def merged(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Legs between the same accounts as one: a transfer has few."""
    sums: dict[tuple[str, str, str], int] = {}
    for leg in legs:
        between = leg.role, leg.source, leg.target
        sums[between] = sums.get(between, 0) + leg.amount_minor
    return tuple(
        Leg(role=role, source=source, target=target, amount_minor=amount)  # type: ignore[arg-type] # roles of Leg
        for (role, source, target), amount in sums.items()
    )


def amounts_by_role(legs: Sequence[Leg], amounts: Sequence[int]) -> dict[str, int]:
    """How much of the amounts is the payer's, the funders' and the fee's."""
    sums = {"payer": 0, "funder": 0, "fee": 0}
    for leg, amount in zip(legs, amounts, strict=True):
        sums[leg.role] += amount
    return sums
