"""What approval makes: the merchant, its number, and for a company of its own the number of a new partner."""

from dataclasses import dataclass, replace
from typing import Final

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from stdnum import luhn

from merchants import merchant, standing
from merchants.errors import MerchantNotActive
from merchants.ids import new_id
from merchants.lifecycle import Status
from merchants.merchant import Merchant
from merchants.onboarding import records_sql, search, sql, transition
from merchants.onboarding.application import Application, Step, status_before
from merchants.onboarding.errors import CompanyIsPartner
from merchants.onboarding.particulars import last_four
from merchants.sealing import Sealing
from webhooks import outbox

# The core keeps merchants' clearing accounts in this currency.
SETTLEMENT_CURRENCY: Final = "CNY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An application that two people approved, and the merchant once no step is left.

    Without a parent the merchant is a new partner, whose client is to be promoted.
    """

    application: Application
    merchant: Merchant | None


async def step_done(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    application: Application,
    step: Step,
    *,
    actor: str,
    reason: str,
) -> Approval:
    """Go on behind a step that a locked application waited for; the last one makes the merchant.

    Raises:
        CompanyIsPartner, MerchantNotActive: as `complete` does.
    """
    assert application.steps[0] is step, "steps are done in their order"
    left = replace(application, steps=application.steps[1:], reason=reason)
    if not left.steps:
        return await complete(conn, sealing, left, actor=actor)
    moved = await transition.store_move(
        conn, left.moved(status_before(left.steps), reason=reason), actor=actor
    )
    return Approval(application=moved, merchant=None)


async def complete(
    conn: PoolConnectionProxy, sealing: Sealing, application: Application, *, actor: str
) -> Approval:
    """Make the merchant of a locked application that has its approver and no step left.

    Raises:
        CompanyIsPartner: another application of this company was approved.
        MerchantNotActive: the partner of this sub-merchant is suspended or closed.
    """
    partner_id, merchant_id = await new_ids(conn, application)
    reason = application.reason
    approved = application.moved(
        Status.APPROVED, reason=reason, merchant_id=merchant_id, applicant_id=partner_id
    )
    approved = await transition.store_move(conn, approved, actor=actor)
    made = await make_merchant(conn, sealing, approved, partner_id=partner_id, merchant_id=merchant_id)
    active = await transition.store_move(conn, approved.moved(Status.ACTIVE, reason=reason), actor=actor)
    await outbox.publish(conn, [standing.event_of(made, occurred_at=active.updated_at)])
    return Approval(application=active, merchant=made)


async def new_ids(conn: PoolConnectionProxy, application: Application) -> tuple[str, str]:
    """Ids of partner and merchant: the same for a partner, whose number begins here.

    Raises:
        MerchantNotActive: the partner of this sub-merchant is suspended or closed.
    """
    if not application.kind.is_sub_merchant:
        partner_id = new_id("mer", await sql.next_partner_number(conn))
        return partner_id, partner_id
    partner = await merchant.find(
        conn, partner_id=application.applicant_id, merchant_id=application.applicant_id
    )
    if partner.status is not Status.ACTIVE:
        raise MerchantNotActive(partner.status)
    return partner.id, new_id("mer", partner.partner_no)


async def make_merchant(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    application: Application,
    *,
    partner_id: str,
    merchant_id: str,
) -> Merchant:
    """Open the merchant of an approved application, active from the commit on.

    Raises:
        CompanyIsPartner: a live partner has this credit code.
    """
    new = _new_merchant(
        application,
        sealing,
        partner_id=partner_id,
        merchant_id=merchant_id,
        merchant_number=await _merchant_number(conn),
    )
    try:
        await sql.insert_merchant(conn, new)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "merchants_one_partner_per_company":
            raise CompanyIsPartner from None
        raise
    await records_sql.insert(
        conn,
        partner_id=partner_id,
        merchant_id=merchant_id,
        particulars=application.particulars.sealed(sealing, owner=merchant_id),
    )
    await search.index(conn, sealing, subject_id=merchant_id, particulars=application.particulars)
    return await merchant.find(conn, partner_id=partner_id, merchant_id=merchant_id)


def _new_merchant(
    application: Application, sealing: Sealing, *, partner_id: str, merchant_id: str, merchant_number: str
) -> sql.NewMerchant:
    particulars, terms = application.particulars, application.terms
    licence, settlement = particulars.licence, particulars.settlement
    assert licence, "what passed the pre-check is complete"
    assert settlement, "likewise"
    assert particulars.short_name, "likewise"
    assert particulars.city, "likewise"
    assert particulars.mcc, "likewise"
    assert terms, "a case under review has terms"
    return sql.NewMerchant(
        partner_id=partner_id,
        merchant_id=merchant_id,
        application_id=application.id,
        kind=application.kind,
        status=Status.ACTIVE,
        merchant_number=merchant_number,
        credit_code=licence.credit_code,
        licence_name=licence.name,
        short_name=particulars.short_name,
        city=particulars.city,
        mcc=particulars.mcc,
        currency=SETTLEMENT_CURRENCY,
        fee_basis_points=terms.fee_basis_points,
        payment_limit_minor=terms.payment_limit_minor,
        # Sealed anew for the merchant: it outlives the application, which the retention job deletes.
        settlement_account=sealing.seal(msgspec.json.encode(settlement), owner=merchant_id),
        settlement_last_four=last_four(settlement.account_number),
    )


async def _merchant_number(conn: PoolConnectionProxy) -> str:
    """Fifteen digits, the last of which catches a slip of the finger (Luhn)."""
    body = str(await sql.next_merchant_number(conn))
    return body + luhn.calc_check_digit(body)
