"""An offer with where it stands: its states, and the one table of what may follow what."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal

import asyncpg
import msgspec

from merchants.offers.errors import OfferStateForbids
from merchants.offers.offer import SHANGHAI, Deal, Offer

Side = Literal["bank", "partner"]
# A side, or the id of a third party that pays a share.
Party = str


class State(StrEnum):
    """Where an offer stands between its two sides."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    COUNTERED = "countered"
    AGREED = "agreed"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    EXHAUSTED = "exhausted"
    ENDED = "ended"


# Payments are quoted from these; the dates in the terms, not a sweeper's punctuality, decide the first hour.
RUNNING = frozenset({State.SCHEDULED, State.LIVE})
# New terms are a new version, which both sides have to accept again; what runs must be paused first.
AMENDABLE = frozenset({State.DRAFT, State.PROPOSED, State.COUNTERED, State.PAUSED, State.EXHAUSTED})

_OVER = frozenset({State.ENDED})
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.DRAFT, State.PROPOSED}) | _OVER,
    State.PROPOSED: frozenset({State.DRAFT, State.COUNTERED, State.AGREED}) | _OVER,
    State.COUNTERED: frozenset({State.DRAFT, State.COUNTERED, State.AGREED}) | _OVER,
    # Agreed is passed through: whether the first day has come says which of the two follows at once.
    State.AGREED: frozenset({State.SCHEDULED, State.LIVE}),
    State.SCHEDULED: frozenset({State.LIVE, State.PAUSED}) | _OVER,
    State.LIVE: frozenset({State.PAUSED, State.EXHAUSTED}) | _OVER,
    State.PAUSED: frozenset({State.SCHEDULED, State.LIVE, State.DRAFT, State.COUNTERED}) | _OVER,
    # A refund may give its budget something back; whoever does not want that pauses it.
    State.EXHAUSTED: frozenset({State.LIVE, State.PAUSED, State.DRAFT, State.COUNTERED}) | _OVER,
    State.ENDED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Funder:
    """A third party that the version would have pay: whether it has accepted, and took its share back later."""

    funder_id: str
    accepted_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """An offer's current version and its state.

    Attributes:
        sequence: counts changes; the sequence of the events about this offer.
        hash: what both sides accept.
        made_by: who put this version on the table.
        funders: the third parties among those who pay.
        paused_by: who wants it paused.
    """

    offer: Offer
    state: State
    sequence: int
    hash: str
    made_by: Side
    reason: str
    funders: tuple[Funder, ...]
    paused_by: frozenset[Party]
    partner_accepted_at: datetime | None
    bank_accepted_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def id(self) -> str:
        return self.offer.id

    def refuse_unless(self, deed: str, *states: State) -> None:
        """Raise `OfferStateForbids` where none of these is the state."""
        if self.state not in states:
            raise OfferStateForbids(self.state, deed)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Third parties that have not accepted this version."""
        return tuple(one.funder_id for one in self.funders if one.accepted_at is None)

    def withdrawn_by(self, funder_id: str) -> bool:
        """Whether this third party took its share of this version back."""
        return any(one.funder_id == funder_id and one.withdrawn_at is not None for one in self.funders)

    def running_on(self, day: date) -> State:
        """What follows once nothing stands in its way: live from its first day on."""
        return State.LIVE if self.offer.deal.target.starts_on <= day else State.SCHEDULED

    @property
    def ends_at(self) -> datetime:
        """When its last day has passed."""
        return datetime.combine(self.offer.deal.target.ends_on, time(), SHANGHAI) + timedelta(days=1)

    def is_over(self, day: date) -> bool:
        """Whether its last day has passed."""
        return day > self.offer.deal.target.ends_on


def campaign_of(row: asyncpg.Record) -> Campaign:
    """A row of `life_sql.py` as a value."""
    return Campaign(
        offer=Offer(
            id=row["id"],
            partner_id=row["partner_id"],
            version=row["version"],
            deal=msgspec.json.decode(row["deal"], type=Deal),
        ),
        state=State(row["state"]),
        sequence=row["sequence"],
        hash=row["hash"],
        made_by=row["made_by"],
        reason=row["reason"],
        funders=tuple(
            Funder(funder_id=funder_id, accepted_at=accepted_at, withdrawn_at=withdrawn_at)
            for funder_id, accepted_at, withdrawn_at in zip(
                row["funder_ids"], row["funders_accepted_at"], row["funders_withdrawn_at"], strict=True
            )
        ),
        paused_by=frozenset(row["paused_by"]),
        partner_accepted_at=row["partner_accepted_at"],
        bank_accepted_at=row["bank_accepted_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
