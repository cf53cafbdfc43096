"""Who pays for a discount: shares in basis points, to the minor unit.

Every funder has an account and a leg of its own to the selling merchant, so a tenant never pays for the
mall's campaign. Each share is rounded down and one named funder takes what is left over: both sides can work
out any single discount by hand, and know beforehand who pays the odd fen.
"""

from collections.abc import Iterable
from typing import Literal, assert_never

from msgspec import Struct

from merchants.offers.errors import Fault
from merchants.offers.terms import WHOLE_BASIS_POINTS

FunderKind = Literal["bank", "partner", "seller", "other"]
BANK_TENANT = "bank"
_BANK_ACCOUNT = "bank:offers"
# Four offers of a partner's may meet in one payment: bank, partner, seller, eight others, payer and fee are thirteen
# legs, of sixteen that a core takes.
MAX_OTHERS = 2


class Share(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A funder's part; `seller` is whichever merchant is paid, at its own till.

    `other` is a third party, such as a brand, named by its `partner_id`; it has to accept the version as well.
    """

    funder: FunderKind
    basis_points: int
    partner_id: str | None = None


class Funding(Struct, frozen=True, kw_only=True):
    """How a discount is carried; `rounding` absorbs the minor units that rounding down leaves over.

    Of two others, the first.
    """

    shares: tuple[Share, ...]
    rounding: FunderKind

    def faults(self) -> Iterable[Fault]:
        """Everything about this funding that cannot be meant."""
        funders = [share.partner_id or share.funder for share in self.shares]
        parts = [share.basis_points for share in self.shares]
        if sum(parts) != WHOLE_BASIS_POINTS or any(part < 1 for part in parts):
            yield Fault("/funding/shares", "shares_do_not_sum")
        if len(set(funders)) != len(funders):
            yield Fault("/funding/shares", "funder_twice")
        if self.rounding not in {share.funder for share in self.shares}:
            yield Fault("/funding/rounding", "absorber_not_a_funder")
        if any((share.funder == "other") != (share.partner_id is not None) for share in self.shares):
            yield Fault("/funding/shares", "funder_unnamed")
        if len(self.others) > MAX_OTHERS:
            yield Fault("/funding/shares", "too_many_funders")

    @property
    def others(self) -> tuple[str, ...]:
        """The third parties, whose acceptance an agreement needs too."""
        return tuple(share.partner_id for share in self.shares if share.partner_id is not None)


class FunderShare(Struct, frozen=True, kw_only=True):
    """What one funder pays of one discount, from which account; `tenant` is who is told about it."""

    account: str
    tenant: str
    amount_minor: int


class Plan(Struct, frozen=True):
    """A funding at one merchant's till: accounts with their parts, and who absorbs; made once for many discounts."""

    owners: tuple[tuple[str, str, int], ...]
    absorber: int

    def split(self, discount_minor: int) -> tuple[FunderShare, ...]:
        """The funders' shares of a discount: they sum to it exactly, and none is empty."""
        parts = [sum_of * discount_minor // WHOLE_BASIS_POINTS for _, _, sum_of in self.owners]
        parts[self.absorber] += discount_minor - sum(parts)
        return tuple(
            [
                FunderShare(account=owner[0], tenant=owner[1], amount_minor=part)
                for owner, part in zip(self.owners, parts, strict=True)
                if part
            ]
        )


def plan(funding: Funding, *, partner_id: str, merchant_id: str) -> Plan:
    """Who carries discounts at this merchant's till.

    A partner that sells at its own till is one account, so its shares as partner and as seller are one.
    """
    parts: dict[tuple[str, str], int] = {}
    absorber: tuple[str, str] | None = None
    for share in funding.shares:
        owner = _owner(share, partner_id=partner_id, merchant_id=merchant_id)
        parts[owner] = parts.get(owner, 0) + share.basis_points
        if absorber is None and share.funder == funding.rounding:
            absorber = owner
    assert absorber is not None, "who absorbs is one of the funders"
    return Plan(
        tuple((account, tenant, part) for (account, tenant), part in parts.items()), [*parts].index(absorber)
    )


def split(
    funding: Funding, discount_minor: int, *, partner_id: str, merchant_id: str
) -> tuple[FunderShare, ...]:
    """The shares of a single discount."""
    return plan(funding, partner_id=partner_id, merchant_id=merchant_id).split(discount_minor)


def _owner(share: Share, *, partner_id: str, merchant_id: str) -> tuple[str, str]:
    """Account and tenant. A sub-merchant's systems speak through its partner, so it hears through it too."""
    match share.funder:
        case "bank":
            return _BANK_ACCOUNT, BANK_TENANT
        case "partner":
            return f"funder:{partner_id}", partner_id
        case "seller":
            return f"funder:{merchant_id}", partner_id
        case "other":
            assert share.partner_id is not None, "a further funder is named"
            return f"funder:{share.partner_id}", share.partner_id
        case _ as unreachable:
            assert_never(unreachable)
