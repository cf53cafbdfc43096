"""What a refund takes of cashback, points and a waived fee: in proportion to the order, cumulatively, to the last unit.

Cashback is money in the very wallet that the refund goes to, so it is deducted from the payer's part and goes to who
funded it, in the refund's own transfer: whether it was spent makes no difference, and the preview cannot be wrong.
Points that are still there are taken from the wallet; those spent already are deducted at what they are worth. What
the payer's part cannot carry now is taken with a later refund, and what it cannot carry with the last of the order is
owed: it is taken as soon as the wallet holds it. A waived fee costs nobody anything: only its budget gets it back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.payments import credits_sql as sql
from gateway.payments.credit import Credit, CreditBack
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Connection
from gateway.wallet.core import Leg
from merchants.offers import reservations
from merchants.offers.clawback import spread
from merchants.offers.giving import Form
from merchants.offers.reservation import Reservation, State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What is due of one offer's gift now, and what it was split by.

    Attributes:
        last: no refund comes after this one, so nothing can be left to it.
    """

    one: Reservation
    already: list[int]
    amount: int
    last: bool

    def parts(self, amount: int) -> tuple[int, ...]:
        """This much of what is due, by account."""
        return tuple(spread([share.amount_minor for share in self.one.shares], self.already, amount))


async def reckon(
    conn: Connection, payment: Payment, *, order_minor: int, payer_minor: int, hold: bool
) -> tuple[CreditBack, ...]:
    """What refunding this much of the order takes; with `hold` points are claimed, in the refund's transaction.

    Args:
        conn: with the payment's row held, where `hold`.
        payment: that is refunded.
        order_minor: of the refund.
        payer_minor: of which this is the payer's part: no more is deducted.
        hold: whether this is the refund, or its preview.
    """
    if all(offer.form == Form.DISCOUNT for offer in payment.terms.offers):
        return ()
    owner = {"partner_id": payment.partner_id, "payment_id": payment.id}
    given = [
        one
        for one in await reservations.of_payment(conn, **owner)
        if one.form is not Form.DISCOUNT and one.state is State.REDEEMED
    ]
    before = await sql.backs_of(conn, **owner)
    credits_ = {one.offer_id: one for one in await sql.of_payment(conn, **owner, hold=hold)}
    left = await _points_left(conn, credits_.values(), hold=hold)
    backs = []
    for one in given:
        due = _due(one, before, payment, order_minor)
        credit = credits_.get(one.offer_id)
        back = _back(payment, due, credit, payer_minor=payer_minor, left=left)
        payer_minor -= sum(back.deducted)
        if credit is not None and back.form is Form.POINTS and any(back.taken):
            left[credit.unit] -= sum(back.taken) if credit.given else 0
            if hold:
                await sql.claim(conn, credit, sum(back.taken))
        if any(back.parts):
            backs.append(back)
    return tuple(backs)


def deducted_legs(merchant: str, backs: Iterable[CreditBack]) -> tuple[Leg, ...]:
    """Merchant → funder: what the payer's part is less by."""
    return tuple(
        Leg(role="funder", source=merchant, target=account, amount_minor=part)
        for back in backs
        for account, part in zip(back.accounts, back.deducted, strict=False)
        if part
    )


def deducted_minor(backs: Iterable[CreditBack]) -> int:
    """What the payer's part of the refund is less by."""
    return sum(sum(back.deducted) for back in backs)


def shares(backs: Iterable[CreditBack]) -> list[reservations.Share]:
    """For the offers' budgets and funders: what goes back of which."""
    return [
        (back.offer_id, account, part)
        for back in backs
        for account, part in zip(back.accounts, back.parts, strict=True)
        if part
    ]


def _due(one: Reservation, before: Sequence[CreditBack], payment: Payment, order_minor: int) -> _Due:
    already = [
        sum(_part(back, share.account) for back in before if back.offer_id == one.offer_id)
        for share in one.shares
    ]
    order, refunded = payment.order_minor, payment.refunded_order_minor + order_minor
    # Upwards, so that what is left of it never outgrows what is left of the payer's part, which has to carry it.
    due = -(-one.discount_minor * refunded // order)
    return _Due(one=one, already=already, amount=max(0, due - sum(already)), last=refunded == order)


def _part(back: CreditBack, account: str) -> int:
    return sum(part for to, part in zip(back.accounts, back.parts, strict=True) if to == account)


async def _points_left(conn: Connection, credits_: Iterable[Credit], *, hold: bool) -> dict[str, int]:
    """What the payer has not spent, by unit: two offers of one programme draw on one account."""
    left: dict[str, int] = {}
    # In one order, for two refunds at once.
    for credit in sorted(credits_, key=lambda one: one.unit):
        if credit.form is Form.POINTS and credit.unit not in left:
            left[credit.unit] = await sql.points_of(
                conn, issuer=credit.issuer, payer_id=credit.payer_id, unit=credit.unit, hold=hold
            )
    return left


def _back(
    payment: Payment, due: _Due, credit: Credit | None, *, payer_minor: int, left: Mapping[str, int]
) -> CreditBack:
    match due.one.form:
        case Form.CASHBACK:
            return _cashback_back(due, payer_minor)
        case Form.POINTS:
            assert credit is not None, "points that a payment earned have a credit"
            there = min(due.amount, max(0, left[credit.unit])) if credit.given else due.amount
            return _points_back(payment, due, there, payer_minor)
        case _:
            return _of(due, parts=due.parts(due.amount))


def _cashback_back(due: _Due, payer_minor: int) -> CreditBack:
    carried = min(due.amount, payer_minor)
    if not due.last:
        parts = due.parts(carried)
        return _of(due, parts=parts, deducted=parts)
    parts = due.parts(due.amount)
    deducted = _some_of(parts, carried)
    return _of(due, parts=parts, deducted=deducted, taken=_less(parts, deducted))


def _points_back(payment: Payment, due: _Due, there: int, payer_minor: int) -> CreditBack:
    """What is still there is taken; of what was spent, as much as the payer's part can carry is deducted."""
    worth = next(
        offer.points_worth_minor for offer in payment.terms.offers if offer.offer_id == due.one.offer_id
    )
    spent = due.amount - there
    if spent * worth // 100 > payer_minor:
        spent = payer_minor * 100 // worth
    if due.last:
        there = due.amount - spent
    parts = due.parts(there + spent)
    taken = _some_of(parts, there)
    return _of(due, parts=parts, taken=taken, deducted=_weighed(_less(parts, taken), spent * worth // 100))


def _some_of(parts: Sequence[int], amount: int) -> tuple[int, ...]:
    """So much of these parts, in their proportion."""
    return tuple(spread(parts, [0] * len(parts), amount)) if amount else (0,) * len(parts)


def _less(parts: Sequence[int], some: Sequence[int]) -> tuple[int, ...]:
    return tuple(part - one for part, one in zip(parts, some, strict=True))


def _weighed(points: Sequence[int], money_minor: int) -> tuple[int, ...]:
    """Money in the proportion of points."""
    total = sum(points)
    if not total or not money_minor:
        return (0,) * len(points)
    # `spread` shares at most the totals; scaled up by the money, these are enough for any amount.
    return tuple(spread([one * money_minor for one in points], [0] * len(points), money_minor))


def _of(
    due: _Due, *, parts: tuple[int, ...], taken: tuple[int, ...] = (), deducted: tuple[int, ...] = ()
) -> CreditBack:
    return CreditBack(
        offer_id=due.one.offer_id, form=due.one.form, unit=due.one.unit,
        accounts=tuple(share.account for share in due.one.shares), parts=parts, taken=taken, deducted=deducted,
    )  # fmt: skip
