"""Who calls, as the door settled it from the access token."""

from dataclasses import dataclass
from typing import Literal

from merchants.access.proof import Proof

ClientKind = Literal["partner", "terminal", "wallet", "operator", "applicant"]
Scope = Literal[
    "pay", "query", "cancel", "refund", "merchants", "apply", "offers", "webhooks", "qr", "wallet", "operate"
]
Role = Literal["reviewer", "approver", "risk", "auditor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client whose token was good; what it may reach is bound here and nowhere in the request.

    Attributes:
        partner_id: the partner whose data this is; None for wallets, operators and fresh applicants.
        merchant_id, store_id, terminal_id: set when the client is bound to one place, as a till is.
        issuer: the wallet issuer a wallet client speaks for.
        proof: of possession of the token's key, to be spent once; None beside a bearer token.
    """

    client_id: str
    kind: ClientKind
    key_id: str
    partner_id: str | None = None
    merchant_id: str | None = None
    store_id: str | None = None
    terminal_id: str | None = None
    issuer: str | None = None
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    proof: Proof | None = None

    @property
    def tenant(self) -> str:
        """Who owns this caller's idempotency keys: the till, the partner, the wallet's issuer, or the client itself.

        A till's keys are its own, for it need not know how the till beside it numbers its requests.
        """
        if self.terminal_id is not None:
            return self.terminal_id
        if self.partner_id is not None:
            return self.partner_id
        return f"issuer:{self.issuer}" if self.issuer is not None else self.client_id
