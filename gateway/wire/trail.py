"""The audit trail, on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.wire.page import NEXT_NUMBER, PageQuery
from gateway.wire.time import Time

TrailId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern="^[A-Za-z0-9_]*$",
        examples=["mer_0193a5f0c4d27000800000000000002a"],
    ),
]


class TrailQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what (an application, merchant, change, offer, client, key, proposal), whose, of which kind, when.

    Attributes:
        actor: the client who did it, or `system`.
        since, until: of the deed; the end does not belong to it.
    """

    cursor: Annotated[str, NEXT_NUMBER] | None = None
    object_id: TrailId | None = None
    actor: TrailId | None = None
    deed: (
        Annotated[str, Meta(pattern="^[a-z_]+[.][a-z_]+$", max_length=64, examples=["merchant.suspended"])]
        | None
    ) = None
    since: Time | None = msgspec.field(default=None, name="from")
    until: Time | None = msgspec.field(default=None, name="to")


class Deed(Struct, frozen=True, kw_only=True):
    """Who did what to it, when and why; `partner_id` is null for what is the bank's own."""

    id: Annotated[str, Meta(examples=["1048576"])]
    at: Time
    actor: str
    deed: Annotated[str, Meta(examples=["particulars.unmasked"])]
    object_id: str
    partner_id: str | None
    reason: str
    facts: dict[str, str | int | bool | None]
