"""The bank lets in the wallets' backends, and puts anybody out."""

from gateway.api.clients import members_of, registered_client, replay_registration, replay_revocation
from gateway.door.operation import Answer, Call, Listener, operation
from gateway.wire import clients as wire
from merchants.access import clients, errors
from merchants.ids import BANK, new_id

_KEY_REFUSALS = (errors.PublicKeyUnacceptable,)
_EXAMPLE_JWK = wire.PublicJwk(kty="OKP", crv="Ed25519", x=wire.EXAMPLE_X)


@operation(
    "POST",
    "/admin/v1/wallet-clients",
    summary="Register a wallet backend",
    scope="operate",
    roles=("approver",),
    listener=Listener.OPERATORS,
    idempotent=True,
    replay=replay_registration,
    answers={201: wire.RegisteredClient},
    problems=_KEY_REFUSALS,
    example=wire.NewWalletClient(issuer="bank", name="Wallet backend", jwk=_EXAMPLE_JWK),
)
async def create_wallet_client(call: Call[wire.NewWalletClient]) -> Answer:
    """A client for the backend of a wallet; it speaks for the payers of its issuer and of no other."""
    client_id = new_id("cli", BANK)
    async with call.claim.transaction(client_id) as conn:
        await clients.register_wallet(
            conn,
            client_id=client_id,
            issuer=call.body.issuer,
            name=call.body.name,
            public_jwk=members_of(call.body.jwk),
            actor=call.caller.client_id,
        )
        made = await clients.with_keys(conn, client_id)
    return Answer(201, registered_client(*made))


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
