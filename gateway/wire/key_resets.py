"""New keys for clients that lost theirs, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.clients import ClientId, KeyId, Possession, PublicJwk, Reason
from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time


class NewKeyReset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose keys to reset, and why the bank believes who asks for it."""

    client_id: ClientId
    reason: Reason


class KeyReset(Struct, frozen=True, kw_only=True):
    """A client's keys are to be reset, or were.

    Attributes:
        code_half: shown once, to who proposed it and to who confirmed it: each has another half.
        code_expires_at: until then both halves together let one key in; null until it is confirmed.
        key_id: the key that came in by the code.
    """

    id: Annotated[str, Meta(examples=["krs_0193a5f0c4d270008000000000000000"])]
    client_id: ClientId
    partner_id: str | None
    status: Literal["proposed", "confirmed", "rejected"]
    reason: str
    proposed_by: str
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None
    decision_reason: str
    code_half: Annotated[str | None, Meta(examples=["7KX3PWQM"])]
    code_expires_at: Time | None
    key_id: KeyId | None


class KeyResetQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of those that wait."""

    cursor: Annotated[str, next_id("krs")] | None = None


class KeyEnrolment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new key in the place of those that were lost."""

    reset_code: Annotated[
        str,
        Meta(
            min_length=16,
            max_length=32,
            description="Both halves, in either order. Blanks, dashes and case do not matter",
            examples=["7KX3PWQM-C4TR9ZHB"],
        ),
    ]
    jwk: PublicJwk
    proof: Possession


class EnrolledKey(Struct, frozen=True, kw_only=True):
    """Sign in as `client_id` with this key from now on."""

    client_id: ClientId
    key_id: KeyId
