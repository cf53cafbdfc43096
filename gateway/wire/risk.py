"""Velocity rules that fired, for the bank's operators."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.page import NEXT_NUMBER, PageQuery
from gateway.wire.payments import ResourceId

Action = Literal["decline", "step_up"]


class VelocityHit(Struct, frozen=True, kw_only=True):
    """A rule of `VELOCITY_RULES` that fired on a payment.

    Attributes:
        subject: whose pace it was: a terminal, a merchant, or a payer as `issuer:id`.
        measured: payments, or minor units, within the window, this payment included.
    """

    payment_id: ResourceId
    partner_id: ResourceId
    rule: Annotated[str, Meta(examples=["burst"])]
    action: Action
    subject: str
    measured: int
    limit: int
    window_s: int
    at: datetime


class VelocityHitQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of them to list; what is left out narrows nothing."""

    cursor: Annotated[str, NEXT_NUMBER] | None = None
    rule: Annotated[str, Meta(max_length=32, examples=["burst"])] | None = None
    action: Action | None = None
    subject: Annotated[str, Meta(max_length=200, description="Exactly this one")] | None = None
