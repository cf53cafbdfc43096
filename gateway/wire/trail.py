"""The audit trail, on the wire."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.wire.page import NEXT_NUMBER, PageQuery
from gateway.wire.time import Time


class TrailQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of what: an application, a merchant, a change, an offer, a client, a key, an operator's proposal."""

    cursor: Annotated[str, NEXT_NUMBER] | None = None
    object_id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            pattern="^[A-Za-z0-9_]*$",
            examples=["mer_0193a5f0c4d27000800000000000002a"],
        ),
    ]


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
