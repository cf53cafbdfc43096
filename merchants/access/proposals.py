"""What takes two of the bank's people: one proposes something about a client, another decides.

The database insists on both. What a confirmed proposal does is `wallets`' and `key_resets`' matter; operators have a
table of their own (`operators`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import proposals_sql as sql
from merchants.access.errors import OwnProposal, ProposalDecided, ProposalNotFound, ProposalUnderway

ProposalKind = Literal["wallet", "key_reset"]
Status = Literal["proposed", "confirmed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A wish of one operator's.

    Attributes:
        client_id: whom it is about.
        partner_id: whose client that is; None for the bank's own.
        content: what its kind keeps.
        reason: why it was proposed.
        decision_reason: why it was turned down.
    """

    id: str
    kind: ProposalKind
    client_id: str
    partner_id: str | None
    content: Mapping[str, Any]
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    accepted: bool | None
    decision_reason: str

    @property
    def status(self) -> Status:
        if self.accepted is None:
            return "proposed"
        return "confirmed" if self.accepted else "rejected"


async def submit(
    conn: PoolConnectionProxy,
    *,
    proposal_id: str,
    kind: ProposalKind,
    client_id: str,
    partner_id: str | None,
    content: Mapping[str, Any],
    reason: str,
    actor: str,
) -> Proposal:
    """Ask for it.

    Raises:
        ProposalUnderway: another about this client waits.
    """
    row = await sql.insert(
        conn,
        proposal_id=proposal_id,
        kind=kind,
        client_id=client_id,
        partner_id=partner_id,
        content=content,
        reason=reason,
        proposed_by=actor,
    )
    if row is None:
        raise ProposalUnderway
    proposed = _proposal(row)
    await _record(conn, proposed, actor=actor, reason=reason)
    return proposed


async def find(conn: PoolConnectionProxy, *, kind: ProposalKind, proposal_id: str) -> Proposal:
    """One, decided or not.

    Raises:
        ProposalNotFound
    """
    row = await sql.find(conn, kind=kind, proposal_id=proposal_id)
    if row is None:
        raise ProposalNotFound
    return _proposal(row)


async def undecided(
    conn: PoolConnectionProxy, *, kind: ProposalKind, after_id: str | None, limit: int
) -> list[Proposal]:
    """A page of those that wait, oldest first."""
    return [_proposal(row) for row in await sql.undecided(conn, kind=kind, after_id=after_id, limit=limit)]


async def decide(
    conn: PoolConnectionProxy,
    *,
    kind: ProposalKind,
    proposal_id: str,
    accepted: bool,
    actor: str,
    reason: str = "",
) -> Proposal:
    """Confirm it or turn it down, as somebody else; of two who decide at once one finds it decided.

    Raises:
        ProposalNotFound, ProposalDecided
        OwnProposal: the database refused.
    """
    row = await sql.find(conn, kind=kind, proposal_id=proposal_id, lock=True)
    if row is None:
        raise ProposalNotFound
    proposal = _proposal(row)
    if proposal.accepted is not None:
        raise ProposalDecided(proposal.status)
    try:
        row = await sql.decide(
            conn, proposal_id=proposal_id, decided_by=actor, accepted=accepted, reason=reason
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "proposals_two_people":
            raise OwnProposal from None
        raise
    decided = _proposal(row)
    await _record(conn, decided, actor=actor, reason=reason)
    return decided


async def _record(conn: PoolConnectionProxy, proposal: Proposal, *, actor: str, reason: str) -> None:
    await audit.record(
        conn,
        actor=actor,
        deed=f"{proposal.kind}.{proposal.status}",
        object_id=proposal.id,
        partner_id=proposal.partner_id,
        reason=reason,
        facts={"client_id": proposal.client_id},
    )


def _proposal(row: asyncpg.Record) -> Proposal:
    return Proposal(**{**row, "content": msgspec.json.decode(row["content"])})
