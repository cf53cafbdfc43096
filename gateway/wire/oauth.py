"""Tokens, our published keys and metadata, on the wire (RFC 6749, 7517, 8414)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class TokenForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The form of a token request: client credentials, proven by a signed assertion (RFC 7523).

    `scope` is a list between spaces; without it the token carries all that the client may have.
    """

    grant_type: Annotated[str, Meta(max_length=64, examples=["client_credentials"])]
    client_assertion_type: Annotated[
        str, Meta(max_length=128, examples=["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])
    ]
    client_assertion: Annotated[
        str, Meta(max_length=4096, description="JWT of 60 s at most, signed with an uploaded key")
    ]
    scope: Annotated[str, Meta(max_length=256, examples=["pay query"])] | None = None
    client_id: Annotated[str, Meta(max_length=64)] | None = None


class Token(Struct, frozen=True, kw_only=True):
    """An access token and how long it works; `token_type` is what stands before it in `Authorization`."""

    access_token: str
    token_type: Literal["Bearer", "DPoP"]
    expires_in: Annotated[int, Meta(description="Seconds", examples=[600])]
    scope: Annotated[str, Meta(examples=["pay query"])]


class PublishedKey(Struct, frozen=True, kw_only=True):
    """One of our public keys; the first part of `kid` is its one purpose: qr, token, webhook or core."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: Annotated[str, Meta(examples=["token-A1"])]
    use: Literal["sig"]
    key_ops: list[Literal["verify"]]
    alg: Literal["EdDSA"]


class KeySet(Struct, frozen=True, kw_only=True):
    """Every key whose signatures may still be out there, those that will sign soon included."""

    keys: list[PublishedKey]


class ServerMetadata(Struct, frozen=True, kw_only=True):
    """What an OAuth client has to know about us; `issuer` is the `aud` of its assertions."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
