"""The bank puts anybody out."""

from gateway.api.clients import registered_client, replay_revocation
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import clients as wire
from merchants.access import clients, errors


@operation(
    "POST",
    "/admin/v1/clients/{client_id}/revoke",
    summary="Revoke any client",
    scope="operate",
    roles=("approver", "risk"),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_revocation,
    answers={200: wire.RegisteredClient},
    problems=(errors.ClientNotFound,),
    example=wire.Revocation(reason="key found in a public repository"),
)
async def revoke_any_client(call: Call[wire.Revocation]) -> Answer:
    """End a partner's server, a till, a wallet backend or an operator, with all their tokens, at once."""
    client_id = call.path["client_id"]
    async with call.claim.transaction(client_id) as conn:
        await clients.revoke(conn, client_id, actor=call.caller.client_id, reason=call.body.reason)
        revoked = await clients.with_keys(conn, client_id)
    return Answer(200, registered_client(*revoked))
