"""A payment's claim on offers, ended: redeemed or released at conclude, given back by refunds; `reserving.py` makes it.

Everything runs inside the payment's own transactions. Counters hold what is reserved and redeemed alike: redeeming
touches no hot row.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from merchants.offers import budgets, sql
from merchants.offers.clawback import spread
from merchants.offers.giving import Form
from merchants.offers.reservation import Reservation, State, reservations_of

_BESIDE = sorted(set(Form) - {Form.DISCOUNT})

# Offer, account, and what of its share in it goes back.
Share = tuple[str, str, int]


async def commit(conn: PoolConnectionProxy, *, partner_id: str, payment_id: str) -> tuple[Reservation, ...]:
    """The payment succeeded: its discounts are redeemed. Answers them once, nothing the second time."""
    rows = await sql.settle(conn, partner_id=partner_id, payment_id=payment_id, state=State.REDEEMED)
    return reservations_of(rows)


async def commit_all(
    conn: PoolConnectionProxy, payments: Sequence[tuple[str, str]]
) -> tuple[Reservation, ...]:
    """Likewise for several payments, each named by partner and id."""
    return reservations_of(await sql.redeem_all(conn, payments))


async def release(conn: PoolConnectionProxy, *, partner_id: str, payment_id: str) -> tuple[Reservation, ...]:
    """The payment ended otherwise: budgets and caps get everything back, once."""
    rows = await sql.settle(conn, partner_id=partner_id, payment_id=payment_id, state=State.RELEASED)
    return await _released(conn, rows, partner_id=partner_id, payment_id=payment_id)


async def release_all_but_discounts(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    """The payment succeeded only to be refunded at once: it earns nothing, and spares the merchant nothing."""
    rows = await sql.settle(
        conn, partner_id=partner_id, payment_id=payment_id, state=State.RELEASED, forms=_BESIDE
    )
    return await _released(conn, rows, partner_id=partner_id, payment_id=payment_id)


async def give_back(
    conn: PoolConnectionProxy,
    *,
    partner_id: str,
    payment_id: str,
    funders: Mapping[str, int],
    beside: Sequence[Share] = (),
) -> tuple[Reservation, ...]:
    """A refund is final: funders got these amounts back, and so do budgets where the offer says so.

    A person's use comes back with the last minor unit of the discount. Call it once a refund, with the
    conditional transition that concludes it and the payment's row held.

    Args:
        conn: in that transition's transaction.
        partner_id: whose payment.
        payment_id: what is refunded.
        funders: by account, what the refund's legs gave back of discounts; an account that funds several offers gets
            it for each in proportion.
        beside: what goes back of what was given in another form.
    """
    before = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    back = [*_shares_back(before, funders), *beside]
    if not back:
        return ()
    rows = await sql.return_shares(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[offer_id for offer_id, _, _ in back],
        accounts=[account for _, account, _ in back],
        amounts_minor=[amount for _, _, amount in back],
    )
    returning = [one for one in reservations_of(rows) if one.refund_returns]
    await sql.return_to_counters(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[one.offer_id for one in returning],
        amounts_minor=[sum(amount for to, _, amount in back if to == one.offer_id) for one in returning],
        uses=[int(one.returned_minor == one.discount_minor) for one in returning],
    )
    await budgets.revive(
        conn, partner_id=partner_id, offer_ids=[one.offer_id for one in returning], now=datetime.now(UTC)
    )
    touched = {offer_id for offer_id, _, _ in back}
    after = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    return tuple(one for one in after if one.offer_id in touched)


async def of_payment(
    conn: PoolConnectionProxy, *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    """What a payment took of which offers, by offer id."""
    return reservations_of(await sql.reservations(conn, partner_id=partner_id, payment_id=payment_id))


async def _released(
    conn: PoolConnectionProxy, rows: Sequence[asyncpg.Record], *, partner_id: str, payment_id: str
) -> tuple[Reservation, ...]:
    if not rows:
        return ()
    await sql.return_to_counters(
        conn,
        partner_id=partner_id,
        payment_id=payment_id,
        offer_ids=[row["offer_id"] for row in rows],
        amounts_minor=[row["discount_minor"] for row in rows],
        uses=[1 for _ in rows],
    )
    released = {row["offer_id"] for row in rows}
    after = await of_payment(conn, partner_id=partner_id, payment_id=payment_id)
    return tuple(one for one in after if one.offer_id in released)


def _shares_back(reservations: Sequence[Reservation], funders: Mapping[str, int]) -> list[Share]:
    """What each account got back, in proportion to its shares of the offers."""
    back: list[Share] = []
    for account, amount_minor in funders.items():
        paid = [
            (one.offer_id, share.amount_minor, returned)
            for one in reservations
            if one.form is Form.DISCOUNT
            for share, returned in zip(one.shares, one.shares_returned_minor, strict=True)
            if share.account == account
        ]
        parts = spread([total for _, total, _ in paid], [had for _, _, had in paid], amount_minor)
        back += [
            (offer_id, account, part) for (offer_id, _, _), part in zip(paid, parts, strict=True) if part
        ]
    return back
