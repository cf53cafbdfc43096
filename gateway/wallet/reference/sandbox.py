"""How a sandbox wallet can behave, so that each outcome of a payment happens on demand."""

from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

Behaviour = Literal[
    "normal",
    "insufficient_funds",
    "confirmation_required",
    "slow",
    "late_arrival",
    "late_success",
    "reply_lost",
    "error_500",
    "error_404",
    "html",
    "reversal_refused",
]

# What a till's developer reads; `seconds` is the wallet's own, set with its behaviour.
BEHAVIOURS: Final[dict[Behaviour, str]] = {
    "normal": "Approves whatever the balance allows.",
    "insufficient_funds": "Declines every debit and hold, whatever the balance.",
    "confirmation_required": "Asks for the payer's confirmation, and approves what is confirmed.",
    "slow": "Moves the money at once and answers `seconds` later.",
    "late_arrival": "Has never heard of the transfer until `seconds` later, as if it were stuck on the way.",
    "late_success": "Answers pending, and moves the money `seconds` later.",
    "reply_lost": "Moves the money and closes the connection without a word.",
    "error_500": "Moves the money and answers 500.",
    "error_404": "Moves the money and answers 404.",
    "html": "Moves the money and answers 200 with a page of HTML, as a proxy does.",
    "reversal_refused": "Moves the money and refuses to move it back.",
}
"""The replies go wrong once, when the transfer is decided: whoever asks again is told the truth."""

# Longer than any time-out of a payment; a test that waits longer waits for nothing.
MAX_SECONDS: Final = 600.0


class Manners(NamedTuple):
    """A wallet's behaviour with its seconds."""

    behaviour: Behaviour
    seconds: float


class Wallet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /sandbox/wallets/{payer_id}`: from now on this balance and this behaviour."""

    balance_minor: Annotated[int, Meta(ge=0, le=10**15)]
    currency: Annotated[str, Meta(max_length=64, pattern=r"^([A-Z]{3}|points:[A-Za-z0-9_.-]+)$")] = "CNY"
    behaviour: Behaviour = "normal"
    seconds: Annotated[float, Meta(ge=0, le=MAX_SECONDS)] = 0.0


class Holding(Struct, frozen=True):
    """What an account has, summed from its entries."""

    account: str
    unit: str
    balance_minor: int


class ExternalCredit(Struct, frozen=True):
    """A credit as it stands on the statement of an account at another bank."""

    transfer_id: str
    unit: str
    amount_minor: int
    statement: str


class ExternalAccount(Struct, frozen=True, kw_only=True):
    """Answer of `GET /sandbox/external-accounts/{account_number}`: what its holder reads on the statement."""

    credits: tuple[ExternalCredit, ...]


class Books(Struct, frozen=True, kw_only=True):
    """Answer of `GET /sandbox/ledger`: each unit's sum is zero and the balances agree, or the core is broken."""

    sums: dict[str, int]
    balances_agree: bool
    accounts: tuple[Holding, ...]
