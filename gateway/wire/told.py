"""What every webhook's body has in common; its data is the business of the object's own file."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.wire.time import Time

Sequence = Annotated[
    int, Meta(ge=1, description="Rises with every change of the object; drop what is older than you have")
]


class Told(Struct, frozen=True, kw_only=True):
    """When it happened, and whether you asked for this delivery (then it stands outside the order)."""

    timestamp: Time
    replay: Literal[True] | UnsetType = UNSET
