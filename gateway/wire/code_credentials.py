"""Credentials for offline payment codes, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.payments import PayerStatement, ResourceId
from gateway.wire.time import Time


class CredentialRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phone of one of your users is to make payment codes without a network.

    Attributes:
        renews: the phone's credential, at every contact it has with you; without it a phone is enrolled.
    """

    payer: PayerStatement
    renews: ResourceId | None = None


class CodeCredential(Struct, frozen=True, kw_only=True):
    """What the phone keeps in its secure storage.

    A code is `prefix`, `number`, then `digits` digits of HOTP (RFC 4226) with `algorithm` over `secret`, the counter
    being the Unix time divided by `step_s` (RFC 6238), and a check digit (ISO/IEC 7064, MOD 11,10).

    Attributes:
        secret: 32 bytes in base64url, given this once.
        expires_at: the phone has to be renewed before.
    """

    id: ResourceId
    prefix: Annotated[str, Meta(pattern="^[0-9]{2}$", examples=["51"])]
    number: Annotated[str, Meta(pattern="^[0-9]{9}$", examples=["104729381"])]
    secret: Annotated[
        str, Meta(pattern="^[A-Za-z0-9_-]{43}$", examples=["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"])
    ]
    algorithm: Literal["SHA256"]
    digits: int
    step_s: int
    expires_at: Time
