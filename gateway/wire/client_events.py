"""What an owner of clients is told by webhook about their keys: the whole body, as it is signed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.clients import ClientId, KeyId
from gateway.wire.told import Sequence, Told


class KeyResetNews(Struct, frozen=True, kw_only=True):
    """A reset of a client's keys after the step that is told.

    `confirmed`: the client's old keys have ended. `enrolled`: a new one came in. If it was not you who asked the bank
    for that, call it at once.
    """

    audience: Literal["merchant", "wallet"]
    sequence: Sequence
    key_reset_id: Annotated[str, Meta(examples=["krs_0193a5f0c4d270008000000000000000"])]
    client_id: ClientId
    client_name: Annotated[str, Meta(examples=["Till server"])]
    state: Literal["confirmed", "enrolled"]
    key_id: KeyId | None


class KeyResetEvent(Told, frozen=True, kw_only=True):
    """The bank reset the keys of a client of yours."""

    type: Literal["client.keys_reset", "client.key_enrolled"]
    data: KeyResetNews
