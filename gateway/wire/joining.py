"""What an approved applicant still does, on the wire: name the sum of two credits, sign the agreement."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.applications import Name
from gateway.wire.clients import ClientId, KeyId, PublicJwk
from gateway.wire.time import Time

Sha256 = Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]


class AccountVerification(Struct, frozen=True, kw_only=True):
    """The two credits to your settlement account; how much they are stands on its statement alone."""

    id: Annotated[str, Meta(examples=["ver_01939e7c5b7a7c3f9d2e4a6b00000007"])]
    state: Annotated[
        Literal["sending", "sent", "verified", "failed", "refused", "expired", "dropped"],
        Meta(
            description="`sent` waits for the sum; `failed`: three wrong ones; `refused`: the account takes no "
            "credit; `dropped`: the application went another way",
            examples=["sent"],
        ),
    ]
    tries_left: Annotated[int, Meta(ge=0, le=3, description="For this account, within 30 days", examples=[3])]
    reason: str
    created_at: Time
    sent_at: Time | None
    expires_at: Annotated[Time | None, Meta(description="Name the sum before this")]


class CreditSum(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sum of the two credits."""

    sum_minor: Annotated[int, Meta(ge=2, le=198, description="In fen", examples=[93])]


class AgreementStatement(Struct, frozen=True, kw_only=True):
    """The members of the JWS payload that are settled; add `signer_name` and `signer_title`, nothing else."""

    application_id: str
    agreement_version: Annotated[str, Meta(examples=["2026-01"])]
    agreement_sha256: Sha256
    credit_code: str
    licence_name: str
    fee_basis_points: Annotated[int, Meta(examples=[38])]
    payment_limit_minor: int | None


class Agreement(Struct, frozen=True, kw_only=True):
    """The agreement to sign, or the one that was signed.

    Attributes:
        statement: null before the approval, and once it is signed.
        signed_at: null until then; `version` and `sha256` are then those of the signed text.
    """

    version: Annotated[str, Meta(examples=["2026-01"])]
    sha256: Sha256
    text: Annotated[str | None, Meta(description="The whole of it, as it is to be signed")]
    statement: AgreementStatement | None
    signed_at: Time | None
    client_id: ClientId | None
    key_id: KeyId | None


class AgreementSignature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signature over the statement.

    `jws` is compact (RFC 7515), header `{"alg": …, "typ": "agreement+jwt"}`, made with a key of yours of the purpose
    `agreement`; send its public half as `jwk` if it is not uploaded yet.
    """

    signer_name: Name
    signer_title: Name
    jws: Annotated[
        str,
        Meta(
            max_length=8192,
            pattern="^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$",
            examples=["eyJhbGciOiJFZERTQSIsInR5cCI6ImFncmVlbWVudCtqd3QifQ.e30.c2ln"],
        ),
    ]
    jwk: PublicJwk | None = None


class Override(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a credit code is right although it breaks the standard."""

    reason: Annotated[
        str, Meta(min_length=1, max_length=500, examples=["Issued before GB 32100-2015; licence seen"])
    ]
