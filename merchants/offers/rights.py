"""What a payer has once: a first purchase, and the coupons they claimed; taken for a payment, and given back with it.

A right is a row of the person's own, so that two payments at once cannot both have it, whatever offers they are for.
"""

from collections.abc import Sequence
from typing import Literal

from asyncpg.pool import PoolConnectionProxy

from merchants.offers import sql
from merchants.offers.cart import Cart, History
from merchants.offers.quote import Applied, Quote
from merchants.offers.terms import FirstWith, first_with
from merchants.payer import PayerFacts

# The owner of the rows on first payments with a wallet; the person carries whose wallet it is.
_WALLET = "wallet"


async def of_payer(conn: PoolConnectionProxy, cart: Cart, payer: PayerFacts) -> History:
    """Whom the payer has paid before, and what they hold of the partner's coupons."""
    row = await sql.history(conn, partner_id=cart.partner_id, person=payer.person)
    known_to: list[FirstWith] = []
    if row["partner"]:
        known_to.append("partner")
    if row["wallet"]:
        known_to.append("wallet")
    coupons = (one.split(" ", 1) for one in row["coupons"])
    return History(known_to=frozenset(known_to), coupons=dict(coupons))


async def hold(conn: PoolConnectionProxy, payer: PayerFacts) -> None:
    """Nobody else takes a right of this person until the transaction ends; call it before counters are held."""
    await sql.hold_rights(conn, person=payer.person)


async def reserve(
    conn: PoolConnectionProxy, *, payment_id: str, quote: Quote, cart: Cart, payer: PayerFacts
) -> bool:
    """Take what the quote uses up, all or nothing; no round trip where it uses nothing up."""
    if all(used_up_by(one) is None for one in quote.applied):
        return True
    return await sql.reserve_rights(
        conn,
        partner_id=cart.partner_id,
        payment_id=payment_id,
        person=payer.person,
        coupon_ids=[one.coupon_id for one in quote.applied if one.coupon_id is not None],
        firsts_with=_firsts(quote, cart),
    )


async def give_back(
    conn: PoolConnectionProxy, *, payment_id: str, quote: Quote, cart: Cart, payer: PayerFacts
) -> None:
    """The quote could not be reserved after all."""
    used = {one.offer_id: right for one in quote.applied if (right := used_up_by(one)) is not None}
    if used:
        await sql.return_rights(
            conn,
            partner_id=cart.partner_id,
            payment_id=payment_id,
            person=payer.person,
            coupon_offers=[offer_id for offer_id, right in used.items() if right == "coupon"],
            firsts="first" in used.values(),
        )


async def meet(conn: PoolConnectionProxy, paid: Sequence[tuple[str, str, str]]) -> None:
    """These people paid: partner, person (`PayerFacts.person`) and payment of each."""
    if paid:
        await sql.meet_customers(
            conn,
            partners=[partner_id for partner_id, _, _ in paid],
            people=[person for _, person, _ in paid],
            payments=[payment_id for _, _, payment_id in paid],
        )


def used_up_by(one: Applied) -> Literal["coupon", "first"] | None:
    """The right that it takes and the payer has once."""
    if one.coupon_id is not None:
        return "coupon"
    return None if first_with(one.offer.deal.terms) is None else "first"


def _firsts(quote: Quote, cart: Cart) -> list[str]:
    """Owners of the rows that say who is known; two offers of a first share one."""
    firsts = {first_with(one.offer.deal.terms) for one in quote.applied} - {None}
    return sorted(cart.partner_id if first == "partner" else _WALLET for first in firsts)
