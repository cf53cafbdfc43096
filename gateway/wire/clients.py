"""Clients, their public keys and tills' activation, on the wire."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.wire.page import PageQuery, next_id
from gateway.wire.time import Time

ClientId = Annotated[
    str, Meta(pattern="^cli_[0-9a-f]{32}$", examples=["cli_0193a5f0c4d27000800000000000002a"])
]
KeyId = Annotated[str, Meta(pattern="^key_[0-9a-f]{32}$", examples=["key_0193a5f0c4d27000800000000000002a"])]
TerminalId = Annotated[
    str, Meta(pattern="^trm_[0-9a-f]{32}$", examples=["trm_0193a5f0c4d27000800000000000002a"])
]
Name = Annotated[str, Meta(min_length=1, max_length=100, examples=["Till server"])]
Reason = Annotated[str, Meta(min_length=1, max_length=200, examples=["lost"])]
Base64Url = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,700}$")]
Scope = Literal[
    "pay", "query", "cancel", "refund", "merchants", "apply", "offers", "webhooks", "qr", "wallet", "operate"
]
PartnerScope = Literal["pay", "query", "cancel", "refund", "merchants", "apply", "offers", "webhooks", "qr"]
Role = Literal["reviewer", "approver", "risk", "auditor"]
KeyPurpose = Literal["assertion", "agreement"]
# An issuer is the short name of a wallet, part of its payers' ids and of webhook tenants.
Issuer = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$", examples=["bank"])]

EXAMPLE_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


class PublicJwk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A public key (RFC 7517): OKP with Ed25519, EC with P-256, or RSA of 2048 to 4096 bits. Never a private one."""

    kty: Annotated[Literal["OKP", "EC", "RSA"], Meta(examples=["OKP"])]
    crv: Annotated[Literal["Ed25519", "P-256"], Meta(examples=["Ed25519"])] | None = None
    x: Annotated[Base64Url, Meta(examples=[EXAMPLE_X])] | None = None
    y: Base64Url | None = None
    n: Base64Url | None = None
    e: Base64Url | None = None
    alg: Literal["EdDSA", "Ed25519", "ES256", "PS256"] | None = None
    use: Literal["sig"] | None = None
    key_ops: Annotated[list[Literal["verify"]], Meta(min_length=1, max_length=1)] | None = None
    kid: Annotated[str, Meta(max_length=128)] | None = None
    ext: bool | None = None


EXAMPLE_JWK = PublicJwk(kty="OKP", crv="Ed25519", x=EXAMPLE_X)


class NewClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more server of yours, with the scopes it needs and no more."""

    name: Name
    scopes: Annotated[list[PartnerScope], Meta(min_length=1, max_length=9)]
    jwk: PublicJwk
    dpop_bound_access_tokens: Annotated[
        bool, Meta(description="Give it no token that works without a proof of possession (RFC 9449)")
    ] = False


Possession = Annotated[
    str,
    Meta(
        max_length=4096,
        description="That you hold the key: a JWT signed with it, made as a client assertion of this client, "
        "whose `aud` is the address this request is sent to",
        examples=["eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjbGkifQ.c2lnbmF0dXJl"],
    ),
]


class NewKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to sign in with (`assertion`), or to sign agreements with; two of each may be live."""

    jwk: PublicJwk
    proof: Possession
    purpose: KeyPurpose = "assertion"


class NewWalletKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key of a wallet's backend, to sign in with and to vouch for payers; two may be live."""

    jwk: PublicJwk
    proof: Possession


class NewWalletClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The backend of a wallet, which speaks for the payers of one issuer."""

    issuer: Issuer
    name: Name
    jwk: PublicJwk


class WalletProposal(Struct, frozen=True, kw_only=True):
    """A wallet's backend that somebody wants to let in; `client_id` may sign in once it is `confirmed`.

    Attributes:
        decided_by: another operator, or `system` where a sandbox's first operator had nobody to ask.
    """

    id: Annotated[str, Meta(examples=["wlp_0193a5f0c4d270008000000000000000"])]
    client_id: ClientId
    issuer: Issuer
    name: str
    thumbprint: Annotated[str, Meta(description="Of its key (RFC 7638): compare it with its owner's")]
    status: Literal["proposed", "confirmed", "rejected"]
    proposed_by: str
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None
    reason: str


class WalletProposalQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of those that wait."""

    cursor: Annotated[str, next_id("wlp")] | None = None


class NewOperator(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the bank's people, and what they may do."""

    name: Name
    roles: Annotated[list[Role], Meta(min_length=1, max_length=4)]
    jwk: PublicJwk


class OperatorProposal(Struct, frozen=True, kw_only=True):
    """Whom somebody wants to let in; `client_id` may sign in once it is `confirmed`.

    Attributes:
        decided_by: another operator, or `system` where a sandbox's first operator had nobody to ask.
    """

    id: Annotated[str, Meta(examples=["opr_0193a5f0c4d270008000000000000000"])]
    client_id: ClientId
    name: str
    roles: list[Role]
    status: Literal["proposed", "confirmed", "rejected"]
    proposed_by: str
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None
    reason: str


class ProposalQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of what waits for a second approver."""

    cursor: Annotated[str, next_id("opr")] | None = None


class OperatorRejection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody is not let in; kept in the audit trail."""

    reason: Reason


class Rejection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a proposal is turned down; kept in the audit trail."""

    reason: Reason


class Revocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody is let in no more; kept in the audit trail."""

    reason: Reason


class ClientKey(Struct, frozen=True, kw_only=True):
    """An uploaded key; sign in with `kid` set to its `id` or its `thumbprint` (RFC 7638)."""

    id: KeyId
    purpose: KeyPurpose
    algorithm: Literal["EdDSA", "ES256", "PS256"]
    thumbprint: str
    created_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class KeyList(Struct, frozen=True, kw_only=True):
    """Every key the client ever had, oldest first."""

    items: list[ClientKey]


class Client(Struct, frozen=True, kw_only=True):
    """Who may sign in, and what for."""

    id: ClientId
    kind: Literal["partner", "terminal", "wallet", "operator", "applicant"]
    name: str
    merchant_id: str | None
    issuer: str | None
    scopes: list[Scope]
    dpop_bound_access_tokens: bool
    roles: list[Role]
    created_at: Time
    revoked_at: Time | None


class ClientQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of one's clients."""

    cursor: Annotated[str, next_id("cli")] | None = None


class RegisteredClient(Struct, frozen=True, kw_only=True):
    """A client with its keys; its `id` is `iss` and `sub` of its assertions."""

    client: Client
    keys: list[ClientKey]


class ActivationCode(Struct, frozen=True, kw_only=True):
    """A code to type into the till, once; it is not stored and not shown again later."""

    terminal_id: TerminalId
    activation_code: Annotated[str, Meta(examples=["7KX3PWQM"])]
    expires_at: Time


class Enrolment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A till that comes in: the code it was given and the public half of its own Ed25519 key."""

    activation_code: Annotated[
        str,
        Meta(
            min_length=8,
            max_length=16,
            description="Blanks, dashes and case do not matter",
            examples=["7KX3-PWQM"],
        ),
    ]
    jwk: PublicJwk


class EnrolledTerminal(Struct, frozen=True, kw_only=True):
    """Who the till is from now on, and where it stands."""

    client_id: ClientId
    key_id: KeyId
    merchant_id: str
    store_id: str
    terminal_id: TerminalId
    scopes: list[Scope]
