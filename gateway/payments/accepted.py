"""What accept is asked for by many tills at once, and what it makes of it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.payments.orders import Order
from gateway.payments.payment import Payment
from gateway.transfers.transfer import Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A stored payment, and the instruction to send now; None while a payer is awaited."""

    payment: Payment
    instruction: Instruction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An order with the idempotency key that is claimed for it: owner, operation, key and fingerprint."""

    order: Order
    key_tenant: str
    key_operation: str
    key: str
    fingerprint: bytes
    key_id: str
    now: datetime
