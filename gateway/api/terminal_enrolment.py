"""A till comes in with a one-time code and goes out when it is lost."""

from typing import Any

import msgspec

from gateway.api.clients import members_of
from gateway.door.operation import Answer, Call, operation
from gateway.wire import clients as wire
from merchants import errors as merchant_errors
from merchants.access import errors, terminals
from merchants.shops import terminal


async def replay_activation_code(call: Call[Any], _resource_id: str) -> Answer:
    """A repeated request within ten minutes: the same code."""
    return Answer(201, msgspec.json.decode(call.claim.secret(), type=wire.ActivationCode))


async def replay_nothing(_call: Call[Any], _resource_id: str) -> Answer:
    return Answer(204)


@operation(
    "POST",
    "/v1/terminals/{terminal_id}/activation-codes",
    summary="Make an activation code for a till",
    scope="merchants",
    idempotent=True,
    replay=replay_activation_code,
    rotate="POST /v1/terminals/{terminal_id}/activation-codes",
    answers={201: wire.ActivationCode},
    problems=(merchant_errors.TerminalNotFound, errors.ScopesNotYours),
)
async def create_activation_code(call: Call[None]) -> Answer:
    """Eight characters to type into the till within 15 minutes.

    The terminal's code before ends; its till before stays in until the new one has come. The till may pay, query,
    cancel and refund its own, so far as you may: without `pay` you make none.
    """
    partner_id, terminal_id = call.caller.partner_id, call.path["terminal_id"]
    assert partner_id is not None, "only a partner's client carries the scope merchants"
    async with call.claim.transaction() as conn:
        issued = await terminals.issue_code(
            conn,
            call.parts.sealing,
            partner_id=partner_id,
            terminal_id=terminal_id,
            within=call.caller.scopes,
            actor=call.caller.client_id,
        )
        code = wire.ActivationCode(
            terminal_id=terminal_id, activation_code=issued.code, expires_at=issued.expires_at
        )
        call.claim.settle(terminal_id, secret=msgspec.json.encode(code))
    return Answer(201, code)


@operation(
    "POST",
    "/v1/terminals/enrol",
    summary="Enrol a till",
    strangers="joining",
    answers={201: wire.EnrolledTerminal},
    problems=(errors.ActivationCodeRefused, errors.PublicKeyUnacceptable),
    example=wire.Enrolment(activation_code="7KX3-PWQM", jwk=wire.EXAMPLE_JWK),
)
async def enrol_terminal(call: Call[wire.Enrolment]) -> Answer:
    """Bind the till's own key to the terminal its code was made for; the till signs in with that key from now on.

    Without the answer, send the same code and key again: it is the same till. Five wrong tries end a code.
    """
    async with call.parts.pool.acquire() as conn:
        enrolled = await terminals.enrol(
            conn,
            call.parts.sealing,
            activation_code=call.body.activation_code,
            public_jwk=members_of(call.body.jwk),
        )
    facts = {
        "client_id": enrolled.registered.client_id,
        "key_id": enrolled.registered.key_id,
        "merchant_id": enrolled.merchant_id,
        "store_id": enrolled.store_id,
        "terminal_id": enrolled.terminal_id,
        "scopes": sorted(enrolled.scopes),
    }
    return Answer(201, msgspec.convert(facts, wire.EnrolledTerminal))


@operation(
    "POST",
    "/v1/terminals/{terminal_id}/revoke",
    summary="Revoke a till",
    scope="merchants",
    idempotent=True,
    replay=replay_nothing,
    answers={204: None},
    problems=(merchant_errors.TerminalNotFound,),
    example=wire.Revocation(reason="stolen"),
)
async def revoke_terminal(call: Call[wire.Revocation]) -> Answer:
    """End the till that stands at this terminal, at once: once this has answered, no payment of it is accepted.

    The terminal itself stays; a new activation code lets another till in.
    """
    partner_id, terminal_id = call.caller.partner_id, call.path["terminal_id"]
    assert partner_id is not None, "only a partner's client carries the scope merchants"
    async with call.claim.transaction(terminal_id) as conn:
        await terminal.find(conn, partner_id=partner_id, terminal_id=terminal_id)
        await terminals.revoke(
            conn,
            partner_id=partner_id,
            terminal_id=terminal_id,
            actor=call.caller.client_id,
            reason=call.body.reason,
        )
    return Answer(204)
