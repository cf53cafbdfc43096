"""Wallets' backends: proposed by one approver, let in by another.

Who may speak for an issuer's payers may spend their money, so one person's word is not enough. A sandbox begins with
one operator and nobody to ask: until there is a second approver, what the first one proposes is confirmed at once.
"""

from collections.abc import Mapping
from typing import Any

from asyncpg.pool import PoolConnectionProxy

from merchants.access import jwk, proposals
from merchants.access import operators_sql as operators
from merchants.access.clients import BOOTSTRAP_OPERATOR_ID, SYSTEM, client_of, register
from merchants.access.proposals import Proposal


async def propose(
    conn: PoolConnectionProxy,
    *,
    proposal_id: str,
    issuer: str,
    name: str,
    public_jwk: Mapping[str, Any],
    actor: str,
) -> Proposal:
    """Ask for the backend of an issuer's wallet to be let in; the caller has seen that the issuer has a core.

    Raises:
        PublicKeyUnacceptable
    """
    key = jwk.accept(public_jwk)
    proposed = await proposals.submit(
        conn,
        proposal_id=proposal_id,
        kind="wallet",
        # Known from the start, so that whoever made the key can keep it at once.
        client_id=f"cli_{proposal_id.partition('_')[2]}",
        partner_id=None,
        content={"issuer": issuer, "name": name, "jwk": dict(key.jwk)},
        reason="",
        actor=actor,
    )
    if actor == BOOTSTRAP_OPERATOR_ID and not await operators.other_approvers_known(conn, but=actor):
        return await confirm(conn, proposal_id=proposed.id, actor=SYSTEM)
    return proposed


async def confirm(conn: PoolConnectionProxy, *, proposal_id: str, actor: str) -> Proposal:
    """Let it in, as somebody else than who proposed it.

    Raises:
        ProposalNotFound, ProposalDecided, OwnProposal
    """
    decided = await proposals.decide(conn, kind="wallet", proposal_id=proposal_id, accepted=True, actor=actor)
    content = decided.content
    new = client_of(decided.client_id, "wallet", content["name"], issuer=content["issuer"])
    await register(conn, new, jwk.accept(content["jwk"]), actor=actor)
    return decided


async def reject(conn: PoolConnectionProxy, *, proposal_id: str, actor: str, reason: str) -> Proposal:
    """Turn it down for good.

    Raises:
        ProposalNotFound, ProposalDecided, OwnProposal
    """
    return await proposals.decide(
        conn, kind="wallet", proposal_id=proposal_id, accepted=False, actor=actor, reason=reason
    )
