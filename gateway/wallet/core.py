"""What the gateway says to a wallet core, and every answer it can get.

A core owns "was money moved". We instruct it by transfers whose ids we choose, so that an instruction can be
repeated, queried and undone by its id. All of a transfer's legs happen or none does. An outcome is a frozen
value to be matched to the end; silence or nonsense is `Unknown`, never a decline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

TransferKind = Literal["debit", "refund", "credit", "hold", "capture", "release", "external_credit"]
LegRole = Literal["payer", "funder", "fee"]
Status = Literal["pending", "confirmation_required", "declined", "succeeded", "reversed", "tombstoned"]

# Kinds that act on an earlier transfer and must name it.
WITH_PARENT: Final[frozenset[TransferKind]] = frozenset({"refund", "capture", "release"})
# Payer, a handful of funders, one fee: more is a mistake, and a core may refuse it.
MAX_LEGS: Final = 16

# The bank's own accounts. They may be overdrawn: their owner answers for them elsewhere in its books.
BANK_OFFERS: Final = "bank:offers"
BANK_FEES: Final = "bank:fees"
BANK_EXTERNAL: Final = "bank:external"


def payer_account(payer_id: str) -> str:
    return f"payer:{payer_id}"


def merchant_account(merchant_id: str) -> str:
    return f"merchant:{merchant_id}"


def funder_account(partner_id: str) -> str:
    return f"funder:{partner_id}"


def points_unit(programme: str) -> str:
    return f"points:{programme}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One movement of a transfer; `role` says whose share it is, for the receipt and for reconciliation."""

    role: LegRole
    source: str
    target: str
    amount_minor: int

    def __post_init__(self) -> None:
        assert self.amount_minor > 0, "a leg of nothing is left out"
        assert self.source != self.target, "a leg moves money between two accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One instruction to a core, the same whenever it is repeated.

    `id` is `{owner id}.{n}`. `unit` is an ISO 4217 code, its amounts in minor units, or `points:{programme}`.
    Legs name accounts from giver to taker as the money goes in *this* transfer: a refund's go from merchant
    to payer. A hold's legs are those of the debit it may become; its capture carries the legs to take, up to
    what is held of each source, and ends the hold: what is not taken goes back. A release has no legs: it
    gives all back. `confirmed` says the payer has confirmed this very amount in the wallet; `factors` and
    `certificate` are how the wallet knew the payer. `statement` is what the payer reads on the account
    statement and `reference` the merchant's own number; neither decides anything. `beneficiary` names, for an
    external credit, whose account it goes to: a reference of ours, which becomes the account only on the wire.
    """

    id: str
    kind: TransferKind
    unit: str
    legs: tuple[Leg, ...]
    issuer: str
    parent: str | None = None
    confirmed: bool = False
    factors: int = 0
    certificate: bool = False
    statement: str = ""
    reference: str = ""
    beneficiary: str | None = None

    def __post_init__(self) -> None:
        assert (self.kind in WITH_PARENT) == (self.parent is not None), (
            "refund, capture, release name a parent"
        )
        assert (self.kind == "release") == (not self.legs), "every kind but a release carries legs"
        assert len(self.legs) <= MAX_LEGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary:
    """An account at any bank; `branch_number` has twelve digits (联行号)."""

    account_name: str
    bank_name: str
    branch_number: str
    account_number: str


@dataclass(frozen=True, slots=True)
class Approved:
    """The money moved. As the answer to a reversal: the core refused it, and the money stays moved."""

    core_reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Declined:
    """The core refuses for good; nothing moved under this id and nothing ever will."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfirmationRequired:
    """Nothing moved under this id; the payer must confirm, and the next id says `confirmed`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The core has the transfer and has not decided."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """Whatever moved is back where it was."""


@dataclass(frozen=True, slots=True)
class Tombstoned:
    """Reversed before it arrived: nothing moved, and the id is refused for ever."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The core itself says that it has never seen the id (a proxy's 404 is `Unknown`)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything may have happened. `why` is for people and logs; no code decides by it."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly nothing happened: the connection was refused, or we never tried."""

    why: str


Answer = Approved | Declined | ConfirmationRequired | Pending | Reversed | Tombstoned
SendOutcome = Answer | Unknown | NotSent
QueryOutcome = Answer | NotFound | Unknown
ReverseOutcome = Answer | Unknown
Outcome = Answer | NotFound | Unknown | NotSent


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A transfer as the core's own books have it, for reconciliation; a tombstone has no kind, unit or legs."""

    id: str
    kind: str | None
    unit: str | None
    status: Status
    legs: tuple[Leg, ...]
    parent: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a listing; `next` continues it, None when it is complete."""

    transfers: tuple[Listed, ...]
    next: str | None


class Core(Protocol):
    """One wallet core. Calls return within their time-outs and do not raise, except `listing`."""

    name: str

    def unavailable(self) -> str | None:
        """Why a new payment should not be started with this core now; None when it may."""

    async def send(self, transfer: Transfer) -> SendOutcome:
        """Instruct, or repeat: the same id with the same content is the same transfer."""

    async def query(self, transfer_id: str) -> QueryOutcome:
        """What became of it, as of now (linearizable): never an older state than an answer before told."""

    async def reverse(self, transfer_id: str) -> ReverseOutcome:
        """Undo. An id the core has not seen becomes a tombstone; `Approved` means refused."""

    async def listing(self, *, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """Transfers created in [since, until), oldest first; raises `ListingFailed`."""


# Reasons of a decline that the gateway knows; a core may have others, which are passed on as they are.
DECLINES: Final[Mapping[str, str]] = {
    "insufficient_funds": "The payer's balance is too small.",
    "payer_unknown": "The core holds no such payer.",
    "currency_not_supported": "The payer's wallet does not hold this currency.",
    "merchant_balance_insufficient": "The merchant's clearing account is too small until its next takings.",
    "funder_balance_insufficient": "A funder's account is too small to carry its share.",
    "parent_not_found": "The transfer this one acts on does not exist.",
    "parent_not_succeeded": "The transfer this one acts on moved nothing, or was reversed.",
    "exceeds_parent": "More would be given back, or captured, than the earlier transfer moved.",
    "hold_closed": "The hold was captured, released or reversed before.",
}
