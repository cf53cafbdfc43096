"""What a partner is told by webhook about applications and merchants: the whole body, as it is signed."""

from typing import Literal

from msgspec import Struct

from gateway.wire.applications import ApplicationStatus, Kind, Question
from gateway.wire.told import Sequence, Told


class ApplicationNews(Struct, frozen=True, kw_only=True):
    """An application as it is after the step that is told."""

    audience: Literal["merchant"]
    sequence: Sequence
    application_id: str
    merchant_id: str | None
    kind: Kind
    status: ApplicationStatus
    reason: str
    questions: list[Question]


class ApplicationEvent(Told, frozen=True, kw_only=True):
    """An application took a step."""

    type: Literal[
        "merchant.submitted",
        "merchant.needs_more_info",
        "merchant.to_be_verified",
        "merchant.to_be_signed",
        "merchant.approved",
        "merchant.rejected",
        "merchant.withdrawn",
        "merchant.expired",
    ]
    data: ApplicationNews


class MerchantNews(Struct, frozen=True, kw_only=True):
    """A merchant as it is after the change that is told."""

    audience: Literal["merchant"]
    sequence: Sequence
    merchant_id: str
    merchant_number: str
    parent_id: str | None
    kind: Kind
    status: Literal["active", "suspended", "closed"]
    short_name: str
    reason: str


class MerchantEvent(Told, frozen=True, kw_only=True):
    """A merchant may be paid, or may be no longer."""

    type: Literal["merchant.activated", "merchant.suspended", "merchant.closed", "merchant.changed"]
    data: MerchantNews
