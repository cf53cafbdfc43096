"""Operators who sign in with keys: proposed by one approver, let in by another.

The database insists on both people. A sandbox begins with one operator and nobody to ask: until there is a second
approver, what the first one proposes is confirmed at once. In production people come by the bank's identity provider.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import jwk
from merchants.access import operators_sql as sql
from merchants.access.clients import BOOTSTRAP_OPERATOR_ID, SYSTEM, client_of, register
from merchants.access.errors import OperatorProposalDecided, OperatorProposalNotFound, OwnOperatorProposal

Status = Literal["proposed", "confirmed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Whom somebody wants to let in; `client_id` is who they are once they are in."""

    id: str
    name: str
    roles: tuple[str, ...]
    status: Status
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str

    @property
    def client_id(self) -> str:
        """Known from the start, so that whoever made the key can keep it at once."""
        return f"cli_{self.id.partition('_')[2]}"


async def propose(
    conn: PoolConnectionProxy,
    *,
    proposal_id: str,
    name: str,
    roles: frozenset[str],
    public_jwk: Mapping[str, Any],
    actor: str,
) -> Proposal:
    """Ask for a colleague to be let in.

    Raises:
        PublicKeyUnacceptable
    """
    key = jwk.accept(public_jwk)
    await sql.insert(
        conn, proposal_id=proposal_id, name=name, roles=sorted(roles), jwk=key.jwk, proposed_by=actor
    )
    await _record(conn, proposal_id, deed="operator.proposed", actor=actor, roles=roles)
    if actor == BOOTSTRAP_OPERATOR_ID and not await sql.other_approvers_known(conn, but=actor):
        return await confirm(conn, proposal_id=proposal_id, actor=SYSTEM)
    return await find(conn, proposal_id=proposal_id)


async def find(conn: PoolConnectionProxy, *, proposal_id: str) -> Proposal:
    """One proposal, decided or not.

    Raises:
        OperatorProposalNotFound
    """
    row = await sql.find(conn, proposal_id=proposal_id)
    if row is None:
        raise OperatorProposalNotFound
    return _proposal(row)


async def undecided(conn: PoolConnectionProxy, *, after_id: str | None, limit: int) -> list[Proposal]:
    """A page of those that wait, oldest first."""
    return [_proposal(row) for row in await sql.undecided(conn, after_id=after_id, limit=limit)]


async def confirm(conn: PoolConnectionProxy, *, proposal_id: str, actor: str) -> Proposal:
    """Let the colleague in, as somebody else than who proposed it.

    Raises:
        OperatorProposalNotFound, OperatorProposalDecided
        OwnOperatorProposal: the database refused.
    """
    proposal, public_jwk = await _undecided(conn, proposal_id)
    decided = await _decide(conn, proposal, actor=actor, client_id=proposal.client_id, reason="")
    new = client_of(proposal.client_id, "operator", proposal.name, roles=frozenset(proposal.roles))
    await register(conn, new, jwk.accept(public_jwk), actor=actor)
    return decided


async def reject(conn: PoolConnectionProxy, *, proposal_id: str, actor: str, reason: str) -> Proposal:
    """Turn it down for good, as somebody else than who proposed it.

    Raises:
        OperatorProposalNotFound, OperatorProposalDecided, OwnOperatorProposal
    """
    proposal, _ = await _undecided(conn, proposal_id)
    return await _decide(conn, proposal, actor=actor, client_id=None, reason=reason)


async def _undecided(conn: PoolConnectionProxy, proposal_id: str) -> tuple[Proposal, Mapping[str, Any]]:
    """Held until the transaction ends: of two who decide at once one finds it decided."""
    row = await sql.find(conn, proposal_id=proposal_id, lock=True)
    if row is None:
        raise OperatorProposalNotFound
    if row["decided_by"] is not None:
        raise OperatorProposalDecided(_proposal(row).status)
    return _proposal(row), msgspec.json.decode(row["jwk"])


async def names_of(conn: PoolConnectionProxy, client_ids: Sequence[str]) -> dict[str, str]:
    """What the operators among these clients are called, for their colleagues; a system's id is nobody's."""
    rows = await sql.names_of(conn, client_ids=client_ids)
    return {row["client_id"]: row["name"] for row in rows}


async def _decide(
    conn: PoolConnectionProxy, proposal: Proposal, *, actor: str, client_id: str | None, reason: str
) -> Proposal:
    try:
        row = await sql.decide(
            conn, proposal_id=proposal.id, decided_by=actor, client_id=client_id, reason=reason
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "operator_proposals_two_people":
            raise OwnOperatorProposal from None
        raise
    decided = _proposal(row)
    await _record(
        conn,
        proposal.id,
        deed=f"operator.{decided.status}",
        actor=actor,
        roles=frozenset(proposal.roles),
        reason=reason,
    )
    return decided


async def _record(
    conn: PoolConnectionProxy,
    proposal_id: str,
    *,
    deed: str,
    actor: str,
    roles: frozenset[str],
    reason: str = "",
) -> None:
    await audit.record(
        conn,
        actor=actor,
        deed=deed,
        object_id=proposal_id,
        partner_id=None,
        reason=reason,
        facts={"roles": " ".join(sorted(roles))},
    )


def _proposal(row: asyncpg.Record) -> Proposal:
    facts = {name: row[name] for name in Proposal.__slots__ if name not in {"roles", "status"}}
    return Proposal(**facts, roles=tuple(row["roles"]), status=_status(row))


def _status(row: asyncpg.Record) -> Status:
    if row["decided_by"] is None:
        return "proposed"
    return "rejected" if row["client_id"] is None else "confirmed"
