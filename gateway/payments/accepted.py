"""What accept is asked for by many tills at once, and what it makes of it."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from gateway.payments.orders import Order
from gateway.payments.payment import Payment, State
from gateway.transfers.transfer import Instruction, Settled
from merchants.access.proof import Proof
from merchants.offers.reservation import Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A stored payment, and the instruction to send now; None while a payer is awaited.

    Attributes:
        memory: of one that was accepted with others, what its end can be written with unread.
    """

    payment: Payment
    instruction: Instruction | None
    memory: "Memory | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What accept knows of a payment and its end would otherwise read again.

    Attributes:
        payment: as it was stored; at its end it is like that still, or the end is written otherwise.
        discounts: what it reserved, with what the budgets had left then.
        stored_at_s: on this process's monotonic clock, when PostgreSQL had said so.
    """

    payment: Payment
    discounts: tuple[Reservation, ...]
    stored_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An order with the idempotency key that is claimed for it: owner, operation, key and fingerprint.

    Attributes:
        proof: the caller's, of its token's key; spent by the statement that accepts the order.
    """

    order: Order
    key_tenant: str
    key_operation: str
    key: str
    fingerprint: bytes
    key_id: str
    proof: Proof | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """An approved debit of a payment that this process accepted together with others."""

    settled: Settled
    memory: Memory

    @property
    def ended(self) -> Payment:
        """The payment as it will be stored; by PostgreSQL's clock, carried on by ours from when it spoke."""
        memory = self.memory
        now = memory.payment.created_at + timedelta(seconds=time.monotonic() - memory.stored_at_s)
        return msgspec.structs.replace(
            memory.payment, state=State.SUCCEEDED, sequence=memory.payment.sequence + 1, updated_at=now
        )
