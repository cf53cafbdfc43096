"""What a merchant is told of a session: that it ended, and how."""

from gateway.checkout import view
from gateway.checkout.session import Attempted
from merchants.ids import new_id
from webhooks.event import NewEvent


def of_session(attempted: Attempted) -> NewEvent:
    """`checkout.completed` or `checkout.expired`, published in the transaction that ended it."""
    session = attempted.session
    return NewEvent(
        id=new_id("evt", session.terms.partner_no),
        type=f"checkout.{session.state}",
        tenant=session.partner_id,
        audience="merchant",
        object_id=session.id,
        sequence=session.sequence,
        merchant_id=session.merchant_id,
        store_id=session.store_id,
        occurred_at=session.updated_at,
        data={"checkout": view.facts(attempted)},
    )
