"""The bank lets in its own people: one approver proposes, another confirms."""

from typing import Any

import msgspec

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import clients as wire
from gateway.wire.page import Page
from merchants.access import errors, operators
from merchants.ids import BANK, new_id

_PATH = "/admin/v1/operator-proposals"
_DECIDING = (errors.OperatorProposalNotFound, errors.OperatorProposalDecided, errors.OwnOperatorProposal)


async def replay_proposal(call: Call[Any], proposal_id: str) -> Answer:
    """A repeated deed: the proposal as it is now."""
    return await _read(call, proposal_id, status=200 if call.path else 201)


@operation(
    "POST",
    _PATH,
    summary="Propose an operator",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_proposal,
    answers={201: wire.OperatorProposal},
    problems=(errors.PublicKeyUnacceptable,),
    example=wire.NewOperator(name="Lin Wei", roles=["reviewer"], jwk=wire.EXAMPLE_JWK),
)
async def propose_operator(call: Call[wire.NewOperator]) -> Answer:
    """A colleague who shall sign in with a key of their own and do what the roles say, once another approver agrees.

    A sandbox's first operator is alone: until there is another approver, what it proposes is confirmed at once.
    """
    proposal_id = new_id("opr", BANK)
    async with call.claim.transaction(proposal_id) as conn:
        proposed = await operators.propose(
            conn,
            proposal_id=proposal_id,
            name=call.body.name,
            roles=frozenset(call.body.roles),
            public_jwk=members_of(call.body.jwk),
            actor=call.caller.client_id,
        )
    return Answer(201, _shown(proposed))


@operation(
    "GET",
    _PATH,
    summary="List proposed operators",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.OperatorProposal]},
)
async def list_operator_proposals(call: Call[None, wire.ProposalQuery]) -> Answer:
    """Those that wait for somebody's word, oldest first."""
    async with call.parts.pool.acquire() as conn:
        found = await operators.undecided(conn, after_id=call.query.cursor, limit=call.query.limit + 1)
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


@operation(
    "GET",
    f"{_PATH}/{{proposal_id}}",
    summary="Read a proposed operator",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.OperatorProposal},
    problems=(errors.OperatorProposalNotFound,),
)
async def get_operator_proposal(call: Call[None]) -> Answer:
    """Who proposed whom, and who decided."""
    return await _read(call, call.path["proposal_id"], status=200)


@operation(
    "POST",
    f"{_PATH}/{{proposal_id}}/confirm",
    summary="Confirm a proposed operator",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_proposal,
    answers={200: wire.OperatorProposal},
    problems=_DECIDING,
)
async def confirm_operator(call: Call[None]) -> Answer:
    """As somebody else than who proposed it: the colleague signs in from now on."""
    proposal_id = call.path["proposal_id"]
    async with call.claim.transaction(proposal_id) as conn:
        confirmed = await operators.confirm(conn, proposal_id=proposal_id, actor=call.caller.client_id)
    return Answer(200, _shown(confirmed))


@operation(
    "POST",
    f"{_PATH}/{{proposal_id}}/reject",
    summary="Turn a proposed operator down",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_proposal,
    answers={200: wire.OperatorProposal},
    problems=_DECIDING,
    example=wire.OperatorRejection(reason="Left the department"),
)
async def reject_operator(call: Call[wire.OperatorRejection]) -> Answer:
    """For good; propose them anew if it was a mistake."""
    proposal_id = call.path["proposal_id"]
    async with call.claim.transaction(proposal_id) as conn:
        rejected = await operators.reject(
            conn, proposal_id=proposal_id, actor=call.caller.client_id, reason=call.body.reason
        )
    return Answer(200, _shown(rejected))


async def _read(call: Call[Any], proposal_id: str, *, status: int) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await operators.find(conn, proposal_id=proposal_id)
    return Answer(status, _shown(found))


def _shown(one: operators.Proposal) -> wire.OperatorProposal:
    facts = {name: getattr(one, name) for name in wire.OperatorProposal.__struct_fields__}
    return msgspec.convert({**facts, "roles": list(one.roles)}, wire.OperatorProposal)
