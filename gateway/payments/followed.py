"""What ends with a payment outside this room: the checkout session whose attempt it was.

The room above gives `Needs` its function, so that nothing imports up. It runs in the transaction that moves the
payment, and locks after the payment's row: session and payment cannot contradict each other, whoever dies when.
"""

from collections.abc import Sequence

from gateway.payments.needs import Needs
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Connection
from webhooks.event import NewEvent


async def by_checkouts(needs: Needs, conn: Connection, moved: Sequence[Payment]) -> list[NewEvent]:
    """What merchants are told of the sessions of these payments; a till's payment costs nothing here."""
    attempts = [one for one in moved if one.terms.checkout_id is not None]
    return await needs.follow_checkouts(conn, attempts) if attempts else []
