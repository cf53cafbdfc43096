"""A payment takes less than was agreed, as a partial capture does: its reservations shrink with it.

What funders really give is the payment's to say; here it is shared among the offers of each funder, and what is not
needed any more goes back to the budgets at once, whatever the offer says about refunds: it was never spent.
"""

from collections.abc import Mapping, Sequence

from asyncpg.pool import PoolConnectionProxy

from merchants.offers import sql
from merchants.offers.clawback import spread
from merchants.offers.giving import Form
from merchants.offers.reservation import Reservation, State
from merchants.offers.reservations import of_payment

# Offer, account and amount: what an account still gives for an offer.
Kept = tuple[str, str, int]


async def shrink(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    order_minor: int,
    funders: Mapping[str, int],
) -> tuple[Reservation, ...]:
    """Let a payment's reservations hold only what its funders give now; an offer that gives nothing is released.

    Args:
        conn: in the transition's transaction, before the reservations are redeemed, with the payment's row held.
        partner_id: whose payment.
        payment_id: what was captured.
        order_minor: the part of the order that was captured.
        funders: by account, what it gives now; less than before, or as much.

    Returns:
        What the payment takes of which offers now, released ones included.
    """
    owner = {"partner_id": partner_id, "payment_id": payment_id}
    before = [one for one in await of_payment(conn, **owner) if one.state is State.RESERVED]
    kept = [*_kept(before, funders), *_kept_beside(before, order_minor)]
    gives = {one.offer_id: sum(minor for to, _, minor in kept if to == one.offer_id) for one in before}
    await sql.shrink_reservations(
        conn,
        **owner,
        order_minor=order_minor,
        offer_ids=[offer_id for offer_id, _, _ in kept],
        accounts=[account for _, account, _ in kept],
        amounts_minor=[minor for _, _, minor in kept],
    )
    await sql.release_reservations(
        conn, **owner, offer_ids=[offer_id for offer_id, minor in gives.items() if minor == 0]
    )
    await sql.return_to_counters(
        conn,
        **owner,
        offer_ids=[one.offer_id for one in before],
        amounts_minor=[one.discount_minor - gives[one.offer_id] for one in before],
        uses=[int(gives[one.offer_id] == 0) for one in before],
    )
    return await of_payment(conn, **owner)


def _kept(reservations: Sequence[Reservation], funders: Mapping[str, int]) -> list[Kept]:
    """What each account gives, in proportion to its shares of the offers."""
    kept: list[Kept] = []
    for account, minor in funders.items():
        shares = [
            (one.offer_id, share.amount_minor)
            for one in reservations
            if one.form is Form.DISCOUNT
            for share in one.shares
            if share.account == account
        ]
        parts = spread([total for _, total in shares], [0] * len(shares), minor)
        kept += [(offer_id, account, part) for (offer_id, _), part in zip(shares, parts, strict=True) if part]
    return kept


def part_of(given_minor: int, *, taken_minor: int, order_minor: int) -> int:
    """What is still given of something beside a discount when only this much of the order is taken."""
    return given_minor * taken_minor // order_minor


def _kept_beside(reservations: Sequence[Reservation], taken_minor: int) -> list[Kept]:
    """Cashback, points and a waived fee in proportion to the order, fractions dropped."""
    kept: list[Kept] = []
    for one in reservations:
        if one.form is Form.DISCOUNT:
            continue
        left = part_of(one.discount_minor, taken_minor=taken_minor, order_minor=one.order_minor)
        shares = [share.amount_minor for share in one.shares]
        parts = spread(shares, [0] * len(shares), left)
        kept += [
            (one.offer_id, share.account, part) for share, part in zip(one.shares, parts, strict=True) if part
        ]
    return kept
