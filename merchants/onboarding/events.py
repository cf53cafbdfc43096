"""What an applicant is told by webhook; a step inside the bank tells nobody."""

from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id, partner_no_of
from merchants.lifecycle import Status
from merchants.onboarding.application import Application
from webhooks import outbox
from webhooks.event import NewEvent

# `merchant.activated` is about the merchant that approval made (`merchants.standing`).
_TYPES = {
    Status.SUBMITTED: "merchant.submitted",
    Status.NEEDS_MORE_INFO: "merchant.needs_more_info",
    Status.TO_BE_VERIFIED: "merchant.to_be_verified",
    Status.TO_BE_SIGNED: "merchant.to_be_signed",
    Status.APPROVED: "merchant.approved",
    Status.REJECTED: "merchant.rejected",
    Status.WITHDRAWN: "merchant.withdrawn",
    Status.EXPIRED: "merchant.expired",
}


async def publish(conn: PoolConnectionProxy, application: Application) -> None:
    """Tell the applicant of the state just reached, in the transaction that reached it."""
    if application.status in _TYPES:
        await outbox.publish(conn, [_event_of(application)])


def _event_of(application: Application) -> NewEvent:
    return NewEvent(
        id=new_id("evt", partner_no_of(application.partner_id or "") or BANK),
        type=_TYPES[application.status],
        tenant=application.applicant_id,
        audience="merchant",
        object_id=application.id,
        sequence=application.version,
        occurred_at=application.updated_at,
        merchant_id=application.merchant_id,
        data={
            "application_id": application.id,
            "merchant_id": application.merchant_id,
            "kind": application.kind,
            "status": application.status,
            "reason": application.reason,
            "questions": [
                {"pointer": question.pointer, "note": question.note} for question in application.questions
            ],
        },
    )
