"""What is bought, and what the buyer has behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from merchants.offers.terms import FirstWith


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of one kind in a cart, at their full price together."""

    sku: str
    amount_minor: int
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is bought, from whom and where; `store_id` is None online.

    Attributes:
        fee_minor: what the merchant pays for this order, from which a waiver is given.
        lines: the goods, where the till tells them; offers on goods see no others.
        member_no: in the partner's own programme, as the till read it.
    """

    partner_id: str
    merchant_id: str
    store_id: str | None
    order_minor: int
    currency: str
    code_kind: str
    fee_minor: int = 0
    lines: tuple[Line, ...] = ()
    member_no: str | None = None

    def goods_minor(self, items: frozenset[str], categories: frozenset[str]) -> int:
        """The full price of the lines that are one of these; never more than the order."""
        found = sum(
            line.amount_minor for line in self.lines if line.sku in items or line.category in categories
        )
        return min(found, self.order_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a payer has behind them, where a live offer asks for it.

    Attributes:
        known_to: whom they have paid before: somebody with this wallet, this partner.
        coupons: by offer, the coupon they hold that runs out first.
    """

    known_to: frozenset[FirstWith] = frozenset()
    coupons: Mapping[str, str] = field(default_factory=dict)


# Somebody who never paid before and holds nothing.
NEWCOMER = History()
