"""Letting a merchant in: approval, and the applicant's client becomes the partner's, together or not at all."""

from asyncpg.pool import PoolConnectionProxy

from merchants.access import clients
from merchants.onboarding import review
from merchants.onboarding.application import Terms
from merchants.onboarding.review import Approval
from merchants.sealing import Sealing


async def admit(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    application_id: str,
    operator_id: str,
    terms: Terms,
    reason: str,
) -> Approval:
    """Approve an application as its second pair of eyes; a sub-merchant has no client to promote.

    Raises:
        MerchantsError: as `review.approve` does.
        ClientNotFound: the applicant's client was revoked meanwhile, so nobody could use the approval.
    """
    approval = await review.approve(
        conn, sealing, application_id=application_id, operator_id=operator_id, terms=terms, reason=reason
    )
    if approval.merchant.parent_id is None:
        await clients.promote_applicant(
            conn, application_id=application_id, partner_id=approval.merchant.id, actor=operator_id
        )
    return approval
