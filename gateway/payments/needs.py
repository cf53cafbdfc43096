"""What payments need of the replica they run in."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg

from gateway.payments.accepted import Accepted, Ask, Remembered
from gateway.payments.limits import DailyLimits, StepUp
from gateway.payments.payment import Payment
from gateway.payments.running import Running
from gateway.payments.till_refunds import TillRefunds
from gateway.payments.together import Together
from gateway.payments.velocity_rules import Rules
from gateway.storage.hub import Hub
from gateway.transfers.resolve import Patience
from gateway.transfers.transfer import Connection, Settled
from gateway.wallet.routing import Cores
from merchants.keyring import Keyring
from merchants.offers.catalog import Catalog
from qr.order_code import OrderCodeScheme
from qr.payment_code import PaymentCodeScheme
from webhooks.event import NewEvent

# Payments that have just moved, in the transaction that moved them; what it returns is published with their events.
Follow = Callable[[Connection, Sequence[Payment]], Awaitable[list[NewEvent]]]


async def nobody_follows(_conn: Connection, _payments: Sequence[Payment]) -> list[NewEvent]:
    """Where no online order is taken."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Given once by `app.py`.

    Attributes:
        running: payments being submitted, which outlive the request that began them.
        acceptances: orders of many tills, accepted together when there are many.
        successes: debits that the core approved, written together when there are many.
        remembered: those of them that this process has accepted itself a moment ago.
        poll_every_s: what a lost notice costs at most.
        authorization_life_s: how long what is held may wait to be captured.
        confirm_within_s: how long the payer may think when the core wants a confirmation.
        follow_checkouts: what becomes of a checkout session with its payments; the room above gives it.
    """

    pool: asyncpg.Pool
    hub: Hub
    cores: Cores
    catalog: Catalog
    keyring: Keyring
    payment_codes: PaymentCodeScheme
    order_codes: OrderCodeScheme
    limits: DailyLimits
    step_up: StepUp
    velocity: Rules
    till_refunds: TillRefunds
    running: Running = field(default_factory=Running)
    acceptances: Together[Ask, Accepted | None] = field(default_factory=Together)
    successes: Together[Settled, Payment | None] = field(default_factory=Together)
    remembered: Together[Remembered, Payment | None] = field(default_factory=Together)
    patience: Patience = field(default_factory=Patience)
    confirm_within_s: float = 300.0
    authorization_life_s: float = 7 * 86_400.0
    poll_every_s: float = 2.0
    follow_checkouts: Follow = nobody_follows

    @property
    def resolved_within(self) -> timedelta:
        """How long doubt lasts at most while the core answers at all."""
        return timedelta(seconds=self.patience.reverse_after_s + 2 * self.patience.query_every_s)
