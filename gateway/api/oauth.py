"""Signing in, and what others need to verify us: our keys and metadata."""

import msgspec

from gateway.door.operation import FORM, Answer, Call, Listener, operation
from gateway.wire import oauth as wire
from merchants.access import errors, grant
from merchants.access.grant import ASSERTION_TYPE, GRANT_TYPE, TokenRequest
from merchants.access.jws import ALGORITHMS
from merchants.access.principal import SCOPES

# Shorter than a new key's lead, so that whoever caches has it before it signs.
_CACHED = {"Cache-Control": "public, max-age=60"}

_REFUSALS = (
    errors.GrantTypeUnsupported,
    errors.ClientAssertionTypeUnsupported,
    errors.ScopeNotGranted,
    errors.AssertionMalformed,
    errors.AssertionHeaderRefused,
    errors.AssertionTypeRefused,
    errors.AssertionAlgorithmRefused,
    errors.AssertionAudienceRefused,
    errors.AssertionExpired,
    errors.AssertionNotYetValid,
    errors.AssertionTooLongLived,
    errors.AssertionNotVerified,
    errors.AssertionKeyPurposeRefused,
    errors.AssertionReplayed,
    errors.DpopProofRequired,
    errors.TokenProofRefused,
    errors.OperatorsSignInElsewhere,
)


@operation(
    "POST",
    "/oauth/token",
    summary="Sign in",
    listener=Listener.EITHER,
    consumes=FORM,
    answers={200: wire.Token},
    problems=_REFUSALS,
    example=wire.TokenForm(
        grant_type=GRANT_TYPE,
        client_assertion_type=ASSERTION_TYPE,
        client_assertion="eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjbGkifQ.c2lnbmF0dXJl",
    ),
)
async def issue_token(call: Call[wire.TokenForm]) -> Answer:
    """Exchange a client assertion, signed with one of your uploaded keys, for an access token of ten minutes.

    The assertion names your client in `iss` and `sub`, our issuer in `aud` as one string, lives 60 seconds at most
    and works once. With a DPoP proof (RFC 9449) in the header `DPoP` the token is bound to the proof's key, and every
    request with it needs a proof of its own; a client may be obliged to that. A refusal carries `error` and
    `error_description` of RFC 6749 beside our own `code`.
    """
    form = call.body
    request = TokenRequest(
        grant_type=form.grant_type,
        client_assertion_type=form.client_assertion_type,
        client_assertion=form.client_assertion,
        scope=form.scope,
        client_id=form.client_id,
        proof=call.headers.get("DPoP"),
    )
    async with call.parts.pool.acquire() as conn:
        granted = await grant.exchange(conn, call.parts.tokens, request, now=call.now)
    return Answer(
        200,
        wire.Token(
            access_token=granted.access_token,
            token_type="DPoP" if granted.bound else "Bearer",
            expires_in=granted.expires_in_s,
            scope=" ".join(sorted(granted.scopes)),
        ),
        headers={"Pragma": "no-cache"},
    )


@operation(
    "GET",
    "/.well-known/jwks.json",
    summary="Read our public keys",
    listener=Listener.EITHER,
    answers={200: wire.KeySet},
)
async def read_jwks(call: Call[None]) -> Answer:
    """The keys that verify our tokens, QR codes, webhooks and requests; a new one stands here before it signs."""
    return Answer(200, msgspec.convert(call.parts.keyring.jwks(), wire.KeySet), headers=_CACHED)


@operation(
    "GET",
    "/.well-known/oauth-authorization-server",
    summary="Read how to sign in",
    listener=Listener.EITHER,
    answers={200: wire.ServerMetadata},
)
async def read_server_metadata(call: Call[None]) -> Answer:
    """Our metadata as an authorization server (RFC 8414)."""
    issuer = call.parts.tokens.issuer
    return Answer(
        200,
        wire.ServerMetadata(
            issuer=issuer,
            token_endpoint=f"{issuer}/oauth/token",
            jwks_uri=f"{issuer}/.well-known/jwks.json",
            grant_types_supported=[GRANT_TYPE],
            response_types_supported=[],
            scopes_supported=sorted(frozenset().union(*SCOPES.values())),
            token_endpoint_auth_methods_supported=["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported=["EdDSA", "ES256", "PS256"],
            dpop_signing_alg_values_supported=list(ALGORITHMS),
        ),
        headers=_CACHED,
    )
