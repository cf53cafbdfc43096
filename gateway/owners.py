"""Whose transfers are whose: the rooms that are told what a core has answered, by what a transfer is for."""

from gateway.partners import verify_account
from gateway.payments import conclude, coupon_claims, earned, refund
from gateway.payments.needs import Needs
from gateway.transfers.transfer import Owner, Owners, Settled
from merchants.sealing import Sealing


def owners(needs: Needs, sealing: Sealing) -> Owners:
    """What the resolver does with the answers to transfers, by what they are for."""

    async def conclude_payment(settled: Settled) -> None:
        await conclude.conclude(needs, settled)

    async def conclude_refund(settled: Settled) -> None:
        await refund.conclude(needs, settled)

    async def conclude_verification(settled: Settled) -> None:
        await verify_account.conclude(needs, sealing, settled)

    async def conclude_credit(settled: Settled) -> None:
        await earned.conclude(needs, settled)

    async def conclude_coupon(settled: Settled) -> None:
        await coupon_claims.conclude(needs, settled)

    return {
        "payment": Owner(conclude=conclude_payment, give_up=conclude.give_up),
        "capture": Owner(conclude=conclude_payment, give_up=None),
        "release": Owner(conclude=conclude_payment, give_up=None),
        "refund": Owner(conclude=conclude_refund, give_up=None),
        "verification": Owner(conclude=conclude_verification, give_up=None),
        "credit": Owner(conclude=conclude_credit, give_up=None),
        "credit_back": Owner(conclude=conclude_credit, give_up=None),
        "coupon": Owner(conclude=conclude_coupon, give_up=None),
    }
