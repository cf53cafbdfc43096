"""What a refund takes back from whom: the cumulative largest-remainder rule.

A refund is stated in order amount. Whoever paid a part of the order (the payer, each funder) gets the same
part of every refund back, to the minor unit: what is due of a leg is its total times the refunded part of the
order, less what it got already. Rounded alone, ten refunds of a tenth would drift; reckoned cumulatively they
end exactly where one whole refund ends, whatever the order and size of the parts. A leg never gets less than
nothing or more than it paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Parts of an order, in minor units: payer and funders sum to the order; the fee is the merchant's own."""

    payer_minor: int
    funders_minor: tuple[int, ...] = ()
    fee_minor: int = 0

    @property
    def order_minor(self) -> int:
        return self.payer_minor + sum(self.funders_minor)

    def plus(self, other: "Legs") -> "Legs":
        """The two together, leg by leg."""
        funders = zip(self.funders_minor, other.funders_minor, strict=True)
        return Legs(
            payer_minor=self.payer_minor + other.payer_minor,
            funders_minor=tuple(one + two for one, two in funders),
            fee_minor=self.fee_minor + other.fee_minor,
        )


def none_of(totals: Legs) -> Legs:
    """Nothing refunded yet, with as many funders as the payment has."""
    return Legs(payer_minor=0, funders_minor=(0,) * len(totals.funders_minor))


def refund_legs(totals: Legs, already: Legs, refund_order_minor: int) -> Legs:
    """What a refund gives back to payer and funders, and of the fee to the merchant.

    Args:
        totals: what the payment moved.
        already: what earlier refunds gave back, those not final yet included. Explicit, because a refund that
            failed in between leaves a history which the refunded amount alone does not tell.
        refund_order_minor: at least 1, at most what is left of the order.
    """
    order_minor = totals.order_minor
    refunded_minor = already.order_minor + refund_order_minor
    assert refund_order_minor > 0, "a refund of nothing is refused before"
    assert refunded_minor <= order_minor, "more than the order is refused before"
    payer_minor, *funders_minor = spread(_order_legs(totals), _order_legs(already), refund_order_minor)
    return Legs(
        payer_minor=payer_minor,
        funders_minor=tuple(funders_minor),
        fee_minor=_fee(totals.fee_minor, already.fee_minor, refunded_minor, order_minor),
    )


def spread(totals: Sequence[int], already: Sequence[int], amount_minor: int) -> list[int]:
    """Share an amount among parts by their totals, cumulatively: all that was shared so far stays in proportion.

    Args:
        totals: the whole parts.
        already: what each of them got so far.
        amount_minor: at most what the totals have left.
    """
    whole_minor, shared_minor = sum(totals), sum(already) + amount_minor
    assert shared_minor <= whole_minor, "more than there is left is refused before"
    return _largest_remainder(
        [
            Fraction(total * shared_minor, whole_minor) - before
            for total, before in zip(totals, already, strict=True)
        ],
        amount_minor,
    )


def _order_legs(legs: Legs) -> tuple[int, ...]:
    return legs.payer_minor, *legs.funders_minor


def _largest_remainder(due: Sequence[Fraction], total_minor: int) -> list[int]:
    """Whole parts of what is due that sum to the total: rounded down, the largest remainders topped up.

    A leg that got its odd unit early can be due less than nothing for once: it gets nothing now, and if that
    leaves the others too much, those with the smallest remainder wait. Equal remainders: the earlier leg.
    """
    parts = [max(0, int(one // 1)) for one in due]
    by_remainder = sorted(range(len(due)), key=lambda i: (parts[i] - due[i], i))
    for i in by_remainder[: max(0, total_minor - sum(parts))]:
        parts[i] += 1
    while sum(parts) > total_minor:
        parts[max((i for i in by_remainder if parts[i]), key=lambda i: (parts[i] - due[i], i))] -= 1
    return parts


def _fee(total_minor: int, already_minor: int, refunded_minor: int, order_minor: int) -> int:
    """The fee's own due, half up; the fee is no part of the order, so nothing has to sum."""
    due_minor = (2 * total_minor * refunded_minor + order_minor) // (2 * order_minor)
    return max(0, due_minor - already_minor)
