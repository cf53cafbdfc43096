"""Account verification's money: two external credits through the bank's core, one after the other, each exactly once.

The transfers are owned by the verification. The second is written in the transaction that concludes the first; a core
that is silent is asked and told again by the resolver until it answers, for a credit that may have gone out is never
taken back.
"""

from typing import assert_never

import asyncpg
import structlog

from gateway.payments.needs import Needs
from gateway.transfers import sql as transfers
from gateway.transfers.submit import submit
from gateway.transfers.transfer import Connection, Instruction, Settled, transfer_id
from gateway.wallet.core import (
    BANK_EXTERNAL,
    BANK_FEES,
    Approved,
    Beneficiary,
    ConfirmationRequired,
    Declined,
    Leg,
    Reversed,
    Tombstoned,
    Transfer,
)
from merchants.onboarding import verification
from merchants.onboarding.admission import SETTLEMENT_CURRENCY
from merchants.onboarding.application import Application
from merchants.onboarding.verification import Credits
from merchants.sealing import Sealing

_STATEMENT = "Wallet merchant account check"

log = structlog.get_logger()


async def begin(needs: Needs, conn: Connection, sealing: Sealing, application: Application) -> Instruction:
    """Store a verification of a held application with its first credit; submit that after the commit.

    Raises:
        VerificationUnderway, TooManyAccountTries
        IssuerNotServed: no core is connected.
    """
    begun, credits_ = await verification.begin(conn, sealing, application)
    return await _write(needs, conn, begun.id, credits_, n=1, application=application.id)


async def submit_and_conclude(needs: Needs, sealing: Sealing, instruction: Instruction) -> None:
    """Send a credit, and the next when it is through; what stays open is the resolver's."""
    core = needs.cores.for_issuer(instruction.transfer.issuer)
    settled = await submit(instruction, core=core, pool=needs.pool, look_again_s=needs.patience.query_after_s)
    if settled is not None:
        await conclude(needs, sealing, settled)


async def conclude(needs: Needs, sealing: Sealing, settled: Settled) -> None:
    """Write the core's final answer to a credit; does nothing when it was written before."""
    instruction = settled.instruction
    async with needs.pool.acquire() as conn, conn.transaction():
        if not await transfers.finish(conn, instruction, settled.answer, settled.attempts):
            return
        following = await _follow(needs, conn, sealing, settled)
    if following is not None:
        needs.running.start(submit_and_conclude(needs, sealing, following))


async def _follow(needs: Needs, conn: Connection, sealing: Sealing, settled: Settled) -> Instruction | None:
    """The next credit, if there is one; a refusal sends the application back to its applicant."""
    instruction = settled.instruction
    match settled.answer:
        case Approved():
            credits_ = await verification.still_wanted(conn, sealing, instruction.owner_id)
            if credits_ is None:
                return None
            if instruction.n < len(credits_.amounts_minor):
                n = instruction.n + 1
                application = instruction.transfer.reference
                return await _write(needs, conn, instruction.owner_id, credits_, n=n, application=application)
            await verification.sent(conn, instruction.owner_id)
        case Declined(reason) | ConfirmationRequired(reason):
            await verification.refused(conn, sealing, instruction.owner_id, reason=reason)
        case Reversed() | Tombstoned():
            await verification.refused(conn, sealing, instruction.owner_id, reason="undone_by_core")
        case never:
            assert_never(never)
    return None


async def beneficiary_of(pool: asyncpg.Pool, sealing: Sealing, verification_id: str) -> Beneficiary | None:
    """The account behind a transfer's reference, opened only to be sent."""
    async with pool.acquire() as conn:
        settlement = await verification.beneficiary_of(conn, sealing, verification_id)
    if settlement is None:
        return None
    return Beneficiary(
        account_name=settlement.account_name,
        bank_name=settlement.bank_name,
        branch_number=settlement.branch_number,
        account_number=settlement.account_number,
    )


async def _write(
    needs: Needs, conn: Connection, verification_id: str, credits_: Credits, *, n: int, application: str
) -> Instruction:
    amount_minor = credits_.amounts_minor[n - 1]
    transfer = Transfer(
        id=transfer_id(verification_id, n),
        kind="external_credit",
        unit=SETTLEMENT_CURRENCY,
        legs=(Leg(role="funder", source=BANK_FEES, target=BANK_EXTERNAL, amount_minor=amount_minor),),
        issuer=needs.cores.home(),
        statement=_STATEMENT,
        reference=application,
        beneficiary=verification_id,
    )
    return await transfers.insert(
        conn, transfer, partner_id=application, owner_id=verification_id, n=n, purpose="verification",
        look_after_s=needs.patience.query_after_s,
    )  # fmt: skip
