"""Coupons for points: the points are set aside when a coupon is claimed, and taken by a transfer of their own.

This is how points are redeemed: they buy a coupon, and the coupon is taken off a later payment by itself. So no payment
waits for a second transfer, and none is undone because of one. A claim only goes forward: until the core answers, the
coupon awaits its points.
"""

from datetime import datetime
from typing import Final

from gateway.payments import credits_sql as sql
from gateway.payments.needs import Needs
from gateway.transfers import sql as transfers
from gateway.transfers.submit import submit
from gateway.transfers.transfer import Connection, Instruction, Settled, transfer_id
from gateway.wallet.core import BANK_OFFERS, Approved, Leg, Transfer, funder_account, payer_account
from merchants.offers import coupons
from merchants.offers.coupons import Coupon
from merchants.offers.errors import PointsShort
from merchants.payer import PayerFacts

_BANKS: Final = "points:bank."


async def claim(
    needs: Needs, conn: Connection, *, offer_id: str, payer: PayerFacts, now: datetime
) -> tuple[Coupon, Instruction | None]:
    """Claim a coupon in the caller's transaction; the instruction, if it costs points, is to be submitted after it.

    Raises:
        CouponNotOffered, CouponsHandedOut, PointsShort
        IssuerNotServed, WalletCoreUnavailable
    """
    coupon = await coupons.claim(conn, offer_id=offer_id, payer=payer, now=now)
    if coupon.points is None or coupon.unit is None:
        return coupon, None
    needs.cores.check_available(payer.issuer)
    if not await sql.spend(
        conn, issuer=payer.issuer, payer_id=payer.id, unit=coupon.unit, points=coupon.points
    ):
        raise PointsShort
    instruction = await transfers.insert(
        conn, _transfer(coupon, coupon.points, coupon.unit), partner_id=coupon.partner_id, owner_id=coupon.id, n=1,
        purpose="coupon", look_after_s=needs.patience.query_after_s,
    )  # fmt: skip
    return coupon, instruction


async def submit_and_conclude(needs: Needs, instruction: Instruction) -> Coupon | None:
    """Tell the core and write down what it says; None for an open outcome, which is left to the resolver."""
    core = needs.cores.for_issuer(instruction.transfer.issuer)
    settled = await submit(instruction, core=core, pool=needs.pool, look_again_s=needs.patience.query_after_s)
    return None if settled is None else await conclude(needs, settled)


async def conclude(needs: Needs, settled: Settled) -> Coupon | None:
    """Write the core's final answer; None when it was written before."""
    instruction = settled.instruction
    names = {"partner_id": instruction.partner_id, "coupon_id": instruction.owner_id}
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return None
        if isinstance(settled.answer, Approved):
            return await coupons.paid_for(conn, **names)
        refused = await coupons.refused(conn, **names)
        assert refused.points is not None, "only a coupon that costs points has a transfer"
        assert refused.unit is not None, "likewise"
        await sql.spend(
            conn, issuer=refused.issuer, payer_id=refused.payer_id, unit=refused.unit, points=-refused.points
        )
        return refused


def _transfer(coupon: Coupon, points: int, unit: str) -> Transfer:
    """Points go back to whose programme it is."""
    owner = BANK_OFFERS if unit.startswith(_BANKS) else funder_account(coupon.partner_id)
    return Transfer(
        id=transfer_id(coupon.id, 1),
        kind="debit",
        unit=unit,
        legs=(Leg(role="payer", source=payer_account(coupon.payer_id), target=owner, amount_minor=points),),
        issuer=coupon.issuer,
        confirmed=True,
        statement=coupon.name,
        reference=coupon.id,
    )
