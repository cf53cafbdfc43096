"""Who pays for a discount: shares in basis points, to the minor unit.

Every funder has an account and a leg of its own to the selling merchant, so a tenant never pays for the
mall's campaign. Each share is rounded down and one named funder takes what is left over: both sides can work
out any single discount by hand, and know beforehand who pays the odd fen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

from msgspec import Struct

from merchants.offers.errors import Fault
from merchants.offers.terms import WHOLE_BASIS_POINTS

FunderKind = Literal["bank", "partner", "seller"]
BANK_TENANT = "bank"
_BANK_ACCOUNT = "bank:offers"


class Share(Struct, frozen=True, kw_only=True):
    """A funder's part; `seller` is whichever merchant is paid, at its own till."""

    funder: FunderKind
    basis_points: int


class Funding(Struct, frozen=True, kw_only=True):
    """How a discount is carried; `rounding` absorbs the minor units that rounding down leaves over."""

    shares: tuple[Share, ...]
    rounding: FunderKind

    def faults(self) -> Iterable[Fault]:
        """Everything about this funding that cannot be meant."""
        funders = [share.funder for share in self.shares]
        parts = [share.basis_points for share in self.shares]
        if sum(parts) != WHOLE_BASIS_POINTS or any(part < 1 for part in parts):
            yield Fault("/funding/shares", "shares_do_not_sum")
        if len(set(funders)) != len(funders):
            yield Fault("/funding/shares", "funder_twice")
        if self.rounding not in funders:
            yield Fault("/funding/rounding", "absorber_not_a_funder")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunderShare:
    """What one funder pays of one discount, from which account; `tenant` is who is told about it."""

    account: str
    tenant: str
    amount_minor: int


def split(
    funding: Funding, discount_minor: int, *, partner_id: str, merchant_id: str
) -> tuple[FunderShare, ...]:
    """The funders' shares of a discount: they sum to it exactly, and none is empty.

    A partner that sells at its own till is one account, so its shares as partner and as seller are one.
    """
    amounts: dict[tuple[str, str], int] = {}
    left_minor = discount_minor
    for share in funding.shares:
        owner = _owner(share.funder, partner_id=partner_id, merchant_id=merchant_id)
        part_minor = discount_minor * share.basis_points // WHOLE_BASIS_POINTS
        amounts[owner] = amounts.get(owner, 0) + part_minor
        left_minor -= part_minor
    amounts[_owner(funding.rounding, partner_id=partner_id, merchant_id=merchant_id)] += left_minor
    return tuple(
        FunderShare(account=account, tenant=tenant, amount_minor=amount)
        for (account, tenant), amount in amounts.items()
        if amount
    )


def _owner(funder: FunderKind, *, partner_id: str, merchant_id: str) -> tuple[str, str]:
    """Account and tenant. A sub-merchant's systems speak through its partner, so it hears through it too."""
    match funder:
        case "bank":
            return _BANK_ACCOUNT, BANK_TENANT
        case "partner":
            return f"funder:{partner_id}", partner_id
        case "seller":
            return f"funder:{merchant_id}", partner_id
        case _ as unreachable:
            assert_never(unreachable)
