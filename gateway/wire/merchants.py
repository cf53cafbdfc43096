"""Merchants on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import Kind, Reason
from gateway.wire.money import Amount
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time


class Merchant(Struct, frozen=True, kw_only=True):
    """Who is paid: a partner, or a sub-merchant of one."""

    id: str
    parent_id: Annotated[str | None, Meta(description="The mall or platform it trades under")]
    kind: Kind
    status: Literal["active", "suspended", "closed"]
    reason: Annotated[str, Meta(description="What was said at the last change of status")]
    merchant_number: Annotated[
        str, Meta(examples=["100000000000018"], description="On receipts and in codes")
    ]
    licence_name: str
    credit_code: str
    short_name: str
    city: str
    mcc: str
    currency: str
    fee_basis_points: int
    payment_limit: Annotated[Amount | None, Meta(description="Largest single payment")]
    settlement_account: Annotated[str, Meta(examples=["****0001"])]
    created_at: Time


class MerchantQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of one's sub-merchants."""

    cursor: Annotated[str, next_id("mer")] | None = None


class MerchantSearch(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An id, a merchant number, a credit code, or how a name begins; everybody without."""

    cursor: Annotated[str, next_id("mer")] | None = None
    text: Annotated[str, Meta(max_length=100, examples=["鹏城"])] = ""


class StandingChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a merchant is suspended, or may trade again; its partner reads it."""

    reason: Reason
