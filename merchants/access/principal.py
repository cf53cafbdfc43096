"""Who a client is and what its keys are for, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from merchants.access.jwk import Algorithm

Kind = Literal["partner", "terminal", "wallet", "operator", "applicant"]
KeyPurpose = Literal["assertion", "agreement"]

# What a client of each kind may be given at most.
SCOPES: Mapping[Kind, frozenset[str]] = {
    "partner": frozenset(
        {"pay", "query", "cancel", "refund", "merchants", "apply", "offers", "webhooks", "qr"}
    ),
    "terminal": frozenset({"pay", "query", "cancel", "refund"}),
    "wallet": frozenset({"wallet", "webhooks"}),
    "operator": frozenset({"operate"}),
    "applicant": frozenset({"apply"}),
}


# What can move somebody's money; in production such tokens are bound to a key (RFC 9449).
MONEY_SCOPES = frozenset({"pay", "cancel", "refund", "wallet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A principal that signs in with its own key.

    Attributes:
        partner_id: whose client it is; None for an applicant's, a wallet's and an operator's.
        merchant_id, store_id, terminal_id: where a till stands; a partner's own merchant.
        application_id: what an applicant applies with, kept once it is a partner.
        issuer: whose payers a wallet client speaks for.
        dpop_bound_access_tokens: gets no token without a proof of possession (RFC 9449, section 5.2).
    """

    client_id: str
    kind: Kind
    name: str
    partner_id: str | None = None
    merchant_id: str | None = None
    store_id: str | None = None
    terminal_id: str | None = None
    application_id: str | None = None
    issuer: str | None = None
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    dpop_bound_access_tokens: bool = False
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A public key a client uploaded; it serves one purpose for as long as it lives."""

    key_id: str
    client_id: str
    purpose: KeyPurpose
    algorithm: Algorithm
    jwk: Mapping[str, str]
    thumbprint: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new client and its first key: what its holder needs to sign in."""

    client_id: str
    key_id: str
