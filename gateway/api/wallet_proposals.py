"""The bank lets in wallets' backends: one approver proposes, another confirms."""

from typing import Any

import msgspec

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wallet.errors import IssuerNotServed
from gateway.wire import clients as wire
from gateway.wire.page import Page
from merchants.access import errors, jwk, proposals, wallets
from merchants.ids import BANK, new_id

_PATH = "/admin/v1/wallet-proposals"
_DECIDING = (errors.ProposalNotFound, errors.ProposalDecided, errors.OwnProposal)


async def replay_wallet_proposal(call: Call[Any], proposal_id: str) -> Answer:
    """A repeated deed: the proposal as it is now."""
    return await _read(call, proposal_id, status=200 if call.path else 201)


@operation(
    "POST",
    _PATH,
    summary="Propose a wallet backend",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_wallet_proposal,
    answers={201: wire.WalletProposal},
    problems=(errors.PublicKeyUnacceptable, IssuerNotServed),
    example=wire.NewWalletClient(issuer="bank", name="Wallet backend", jwk=wire.EXAMPLE_JWK),
)
async def propose_wallet(call: Call[wire.NewWalletClient]) -> Answer:
    """A client for the backend of a wallet, which speaks for the payers of its issuer and of no other.

    It comes in once another approver agrees; the issuer has to have a core here. A sandbox's first operator is alone:
    until there is another approver, what it proposes is confirmed at once.
    """
    call.parts.payments.cores.for_issuer(call.body.issuer)
    proposal_id = new_id("wlp", BANK)
    async with call.claim.transaction(proposal_id) as conn:
        proposed = await wallets.propose(
            conn,
            proposal_id=proposal_id,
            issuer=call.body.issuer,
            name=call.body.name,
            public_jwk=members_of(call.body.jwk),
            actor=call.caller.client_id,
        )
    return Answer(201, _shown(proposed))


@operation(
    "GET",
    _PATH,
    summary="List proposed wallet backends",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.WalletProposal]},
)
async def list_wallet_proposals(call: Call[None, wire.WalletProposalQuery]) -> Answer:
    """Those that wait for somebody's word, oldest first."""
    async with call.parts.pool.acquire() as conn:
        found = await proposals.undecided(
            conn, kind="wallet", after_id=call.query.cursor, limit=call.query.limit + 1
        )
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


@operation(
    "GET",
    f"{_PATH}/{{wallet_proposal_id}}",
    summary="Read a proposed wallet backend",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.WalletProposal},
    problems=(errors.ProposalNotFound,),
)
async def get_wallet_proposal(call: Call[None]) -> Answer:
    """Who proposed which, and who decided."""
    return await _read(call, call.path["wallet_proposal_id"], status=200)


@operation(
    "POST",
    f"{_PATH}/{{wallet_proposal_id}}/confirm",
    summary="Confirm a proposed wallet backend",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_wallet_proposal,
    answers={200: wire.WalletProposal},
    problems=(*_DECIDING, IssuerNotServed),
)
async def confirm_wallet(call: Call[None]) -> Answer:
    """As somebody else than who proposed it: it signs in from now on."""
    proposal_id = call.path["wallet_proposal_id"]
    async with call.claim.transaction(proposal_id) as conn:
        confirmed = await wallets.confirm(conn, proposal_id=proposal_id, actor=call.caller.client_id)
        # Its core may have been taken away since it was proposed; then nothing of this is kept.
        call.parts.payments.cores.for_issuer(confirmed.content["issuer"])
    return Answer(200, _shown(confirmed))


@operation(
    "POST",
    f"{_PATH}/{{wallet_proposal_id}}/reject",
    summary="Turn a proposed wallet backend down",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_wallet_proposal,
    answers={200: wire.WalletProposal},
    problems=_DECIDING,
    example=wire.Rejection(reason="Not the key that its owner read out"),
)
async def reject_wallet(call: Call[wire.Rejection]) -> Answer:
    """For good; propose it anew if it was a mistake."""
    proposal_id = call.path["wallet_proposal_id"]
    async with call.claim.transaction(proposal_id) as conn:
        rejected = await wallets.reject(
            conn, proposal_id=proposal_id, actor=call.caller.client_id, reason=call.body.reason
        )
    return Answer(200, _shown(rejected))


async def _read(call: Call[Any], proposal_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await proposals.find(conn, kind="wallet", proposal_id=proposal_id)
    return Answer(status, _shown(found))


def _shown(one: proposals.Proposal) -> wire.WalletProposal:
    facts = {name: getattr(one, name, None) for name in wire.WalletProposal.__struct_fields__}
    own = {
        "issuer": one.content["issuer"],
        "name": one.content["name"],
        "thumbprint": jwk.accept(one.content["jwk"]).thumbprint,
        "reason": one.decision_reason,
    }
    return msgspec.convert({**facts, **own}, wire.WalletProposal)
