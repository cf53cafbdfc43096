"""Operators sign in at the bank's identity provider, renew their token, and sign out."""

from dataclasses import replace
from datetime import datetime

from gateway.door.operation import Answer, Call, Listener, operation
from gateway.identity import errors
from gateway.identity.sign_in import LIFE_S, SignIns
from gateway.parts import Parts
from gateway.wire import sign_ins as wire
from gateway.wire.oauth import Token
from merchants.access import clients, grant, sessions
from merchants.access import errors as access
from merchants.access.principal import SCOPES, Client

_COMPLETE = "/admin/v1/sign-ins/complete"
_PROVIDER = (errors.NoIdentityProvider, errors.IdentityProviderUnavailable)


@operation(
    "POST",
    "/admin/v1/sign-ins",
    summary="Begin to sign in",
    listener=Listener.OPERATORS,
    answers={200: wire.BegunSignIn},
    problems=_PROVIDER,
)
async def begin_sign_in(call: Call[None]) -> Answer:
    """Authorization code with PKCE, state and nonce; complete it within ten minutes, on any replica."""
    begun = await begins(call.parts).begin()
    return Answer(
        200,
        wire.BegunSignIn(sign_in=begun.kept, authorization_url=begun.authorization_url, expires_in=LIFE_S),
    )


@operation(
    "POST",
    _COMPLETE,
    summary="Complete a sign-in",
    listener=Listener.OPERATORS,
    answers={200: Token},
    problems=(
        *_PROVIDER,
        errors.SignInExpired,
        errors.SignInUsed,
        errors.CodeRefused,
        errors.IdTokenNotVerified,
        errors.IdTokenForeign,
        errors.IdTokenExpired,
        errors.IdTokenNonceMismatch,
        errors.NoRoleGranted,
        access.DpopProofRequired,
        access.TokenProofRefused,
    ),
    example=wire.CompletedSignIn(sign_in="AYkx3lq0pQ", state="9X3k2mPq", code="SplxlOBeZQQYbYS6WxSbIA"),
)
async def complete_sign_in(call: Call[wire.CompletedSignIn]) -> Answer:
    """A token with the roles that the provider's groups stand for, and a session of a working day behind it.

    With a DPoP proof (RFC 9449) this token and those that follow it are bound to the proof's key, as they have to be
    where money takes that. A token that is not renewed in time takes another sign-in.
    """
    body, tokens = call.body, call.parts.tokens
    bound_to = grant.bound_key(tokens, call.headers.get("DPoP"), path=_COMPLETE, now=call.now)
    if bound_to is None and tokens.bind_money:
        raise access.DpopProofRequired
    session = await completed(call.parts, kept=body.sign_in, state=body.state, code=body.code)
    return _token(call.parts, session.client, session.session_id, call.now, bound_to=bound_to)


@operation(
    "POST",
    "/admin/v1/session/renew",
    summary="Get another token for your session",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={200: Token},
    problems=(errors.NoSession,),
)
async def renew_session(call: Call[None]) -> Answer:
    """As long as the session lives; its roles and its key stay those of the sign-in."""
    caller = call.caller
    if not caller.key_id.startswith("ses_"):
        raise errors.NoSession
    async with call.parts.pool.acquire() as conn:
        client = await clients.get(conn, caller.client_id)
    bound_to = None if caller.proof is None else caller.proof.thumbprint
    return _token(call.parts, replace(client, roles=caller.roles), caller.key_id, call.now, bound_to=bound_to)


@operation(
    "POST",
    "/admin/v1/session/end",
    summary="Sign out",
    scope="operate",
    listener=Listener.OPERATORS,
    answers={204: None},
    problems=(errors.NoSession,),
)
async def end_session(call: Call[None]) -> Answer:
    """Your tokens of this session are worth nothing from now on."""
    caller = call.caller
    if not caller.key_id.startswith("ses_"):
        raise errors.NoSession
    async with call.parts.pool.acquire() as conn, conn.transaction():
        await sessions.end(conn, client_id=caller.client_id, session_id=caller.key_id)
    return Answer(204)


async def completed(parts: Parts, *, kept: str, state: str, code: str) -> sessions.Session:
    """The session of whoever comes back from the provider, for a token or for a visit.

    Raises:
        SignInUsed, and what `SignIns.complete` raises.
    """
    sign_ins = begins(parts)
    signed_in = await sign_ins.complete(kept=kept, state=state, code=code)
    async with parts.pool.acquire() as conn, conn.transaction():
        session = await sessions.begin(
            conn,
            external_subject=f"{sign_ins.provider.issuer} {signed_in.person.subject}",
            name=signed_in.person.name,
            roles=signed_in.roles,
            sign_in=signed_in.digest,
        )
    if session is None:
        raise errors.SignInUsed
    return session


def begins(parts: Parts) -> SignIns:
    """Raises NoIdentityProvider."""
    if parts.sign_ins is None:
        raise errors.NoIdentityProvider
    return parts.sign_ins


def _token(parts: Parts, client: Client, session_id: str, now: datetime, *, bound_to: str | None) -> Answer:
    scopes = SCOPES["operator"]
    token = parts.tokens.issue(client, key_id=session_id, scopes=scopes, now=now, bound_to=bound_to)
    shown = Token(
        access_token=token,
        token_type="DPoP" if bound_to else "Bearer",
        expires_in=parts.tokens.life_s,
        scope=" ".join(sorted(scopes)),
    )
    return Answer(200, shown, headers={"Pragma": "no-cache"})
