"""Cashback and points that a payment earned, and what a refund takes of them."""

from dataclasses import dataclass

from msgspec import Struct

from merchants.offers.giving import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What an offer gives a payer after the payment, by whom; the amounts stand in the order of the accounts.

    Attributes:
        given: whether the core has credited it; until then it is owed.
        to_take: what is to come back from the wallet in all.
        taken: what of it has come.
    """

    partner_id: str
    id: str
    payment_id: str
    offer_id: str
    form: Form
    unit: str
    issuer: str
    payer_id: str
    accounts: tuple[str, ...]
    amounts: tuple[int, ...]
    given: bool
    to_take: tuple[int, ...]
    taken: tuple[int, ...]

    @property
    def amount(self) -> int:
        return sum(self.amounts)


class CreditBack(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a refund takes of something that was given beside the discount; stored with the refund.

    Attributes:
        parts: by account, what goes back of it, in its unit.
        taken: of that, what a transfer of its own takes from the wallet.
        deducted: by account, what the payer's part of the refund is less by, in minor units of the order's currency.
    """

    offer_id: str
    form: Form
    unit: str
    accounts: tuple[str, ...]
    parts: tuple[int, ...]
    taken: tuple[int, ...] = ()
    deducted: tuple[int, ...] = ()
