"""A client that lost its keys: one operator proposes a reset, another confirms, and the client's people type a code."""

from typing import Any

import msgspec

from gateway.api import showing
from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.storage.hub import DELIVERIES
from gateway.wire import key_resets as wire
from gateway.wire.clients import EXAMPLE_JWK, Rejection
from gateway.wire.page import Page
from merchants.access import errors, key_resets
from merchants.ids import BANK, new_id

_PATH = "/admin/v1/key-resets"
_DECIDING = (errors.ProposalNotFound, errors.ProposalDecided, errors.OwnProposal)
_A_CLIENT = "cli_0193a5f0c4d27000800000000000002a"


async def replay_with_half(call: Call[Any], _reset_id: str) -> Answer:
    """A repeated request within ten minutes: the same half."""
    status = 200 if call.path else 201
    return Answer(status, msgspec.json.decode(call.claim.secret(), type=wire.KeyReset))


async def replay_key_reset(call: Call[Any], reset_id: str) -> Answer:
    return await _read(call, reset_id)


@operation(
    "POST",
    _PATH,
    summary="Propose to reset a client's keys",
    scope="operate",
    roles=("reviewer", "approver"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_with_half,
    rotate=f"POST {_PATH}",
    answers={201: wire.KeyReset},
    problems=(errors.ClientNotFound, errors.KeysNotReset, errors.ProposalUnderway),
    example=wire.NewKeyReset(client_id=_A_CLIENT, reason="Server burnt down; called back by phone"),
)
async def propose_key_reset(call: Call[wire.NewKeyReset]) -> Answer:
    """For a partner's server, an applicant or a wallet's backend; nothing changes until another operator confirms.

    You are shown half of the code that will let the new key in. Give it to the client's people yourself, on a way that
    the bank knows from its records.
    """
    reset_id = new_id("krs", BANK)
    async with call.claim.transaction() as conn:
        proposed = await key_resets.propose(
            conn,
            call.parts.sealing,
            reset_id=reset_id,
            client_id=call.body.client_id,
            reason=call.body.reason,
            actor=call.caller.client_id,
        )
        shown = _shown(proposed)
        call.claim.settle(reset_id, secret=msgspec.json.encode(shown))
    return Answer(201, shown)


@operation(
    "GET",
    _PATH,
    summary="List proposed key resets",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Page[wire.KeyReset]},
)
async def list_key_resets(call: Call[None, wire.KeyResetQuery]) -> Answer:
    """Those that wait for somebody's word, oldest first."""
    async with call.parts.pool.acquire() as conn:
        found = await key_resets.undecided(conn, after_id=call.query.cursor, limit=call.query.limit + 1)
    return Answer(200, showing.page(found, _shown, limit=call.query.limit))


@operation(
    "GET",
    f"{_PATH}/{{key_reset_id}}",
    summary="Read a key reset",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: wire.KeyReset},
    problems=(errors.ProposalNotFound,),
)
async def get_key_reset(call: Call[None]) -> Answer:
    """Who proposed and who decided, and whether a new key has come in."""
    return await _read(call, call.path["key_reset_id"])


@operation(
    "POST",
    f"{_PATH}/{{key_reset_id}}/confirm",
    summary="Confirm a key reset",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_with_half,
    rotate=f"POST {_PATH}",
    answers={200: wire.KeyReset},
    problems=(*_DECIDING, errors.ClientNotFound, errors.KeysNotReset),
)
async def confirm_key_reset(call: Call[None]) -> Answer:
    """As somebody else than who proposed it: all keys of the client end at once, and its owner is told.

    You are shown the other half of the code, which lives three days; five tries with one half right and the
    other wrong end it.
    """
    reset_id = call.path["key_reset_id"]
    async with call.claim.transaction() as conn:
        confirmed = await key_resets.confirm(
            conn, call.parts.sealing, reset_id=reset_id, actor=call.caller.client_id
        )
        shown = _shown(confirmed)
        call.claim.settle(reset_id, secret=msgspec.json.encode(shown))
    call.parts.hub.tell(reset_id, DELIVERIES)
    return Answer(200, shown)


@operation(
    "POST",
    f"{_PATH}/{{key_reset_id}}/reject",
    summary="Turn a key reset down",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_key_reset,
    answers={200: wire.KeyReset},
    problems=_DECIDING,
    example=Rejection(reason="Nobody at the company knows of it"),
)
async def reject_key_reset(call: Call[Rejection]) -> Answer:
    """Nothing changes, and the half that was shown opens nothing."""
    reset_id = call.path["key_reset_id"]
    async with call.claim.transaction(reset_id) as conn:
        rejected = await key_resets.reject(
            conn, reset_id=reset_id, actor=call.caller.client_id, reason=call.body.reason
        )
    return Answer(200, _shown(rejected))


@operation(
    "POST",
    "/v1/clients/{client_id}/enrol",
    summary="Upload a key after a reset",
    strangers="joining",
    answers={201: wire.EnrolledKey},
    problems=(
        errors.ResetCodeRefused,
        errors.PublicKeyUnacceptable,
        errors.KeyNotProven,
        errors.PublicKeyUsedBefore,
        errors.TooManyLiveKeys,
        errors.ClientAlreadyRevoked,
    ),
    example=wire.KeyEnrolment(
        reset_code="7KX3PWQM-C4TR9ZHB",
        jwk=EXAMPLE_JWK,
        proof="eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjbGkifQ.c2lnbmF0dXJl",
    ),
)
async def enrol_client_key(call: Call[wire.KeyEnrolment]) -> Answer:
    """A new key in the place of those you lost, by the code of which two of the bank's people gave you half each.

    Without the answer, send the same code and key again: it is the same key. Five tries with one half
    right and the other wrong end a code.
    """
    client_id = call.path["client_id"]
    async with call.parts.pool.acquire() as conn:
        key = await key_resets.enrol(
            conn,
            call.parts.sealing,
            client_id=client_id,
            reset_code=call.body.reset_code,
            public_jwk=members_of(call.body.jwk),
            proof=call.body.proof,
            uploaded_to=f"{call.parts.tokens.issuer}/v1/clients/{client_id}/enrol",
            now=call.now,
        )
    call.parts.hub.tell(key.key_id, DELIVERIES)
    return Answer(201, wire.EnrolledKey(client_id=client_id, key_id=key.key_id))


async def _read(call: Call[Any], reset_id: str) -> Answer:
    async with call.parts.pool.acquire() as conn:
        found = await key_resets.find(conn, reset_id=reset_id)
    return Answer(200, _shown(found))


def _shown(one: key_resets.KeyReset) -> wire.KeyReset:
    own = {"code_half": one.code_half, "code_expires_at": one.code_expires_at, "key_id": one.key_id}
    names = [name for name in wire.KeyReset.__struct_fields__ if name not in own]
    return msgspec.convert({**{name: getattr(one.proposal, name) for name in names}, **own}, wire.KeyReset)
