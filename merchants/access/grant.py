"""The client credentials grant (RFC 6749, section 4.4): a signed assertion in, an access token out."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants.access import assertion, proof, replay, sql
from merchants.access.assertion import Unverified, Verified
from merchants.access.errors import (
    AssertionMalformed,
    AssertionNotVerified,
    ClientAssertionTypeUnsupported,
    DpopProofRequired,
    DpopRefused,
    GrantTypeUnsupported,
    OperatorsSignInElsewhere,
    ScopeNotGranted,
    TokenProofRefused,
)
from merchants.access.principal import MONEY_SCOPES, Client, Registered
from merchants.access.tokens import Tokens

GRANT_TYPE = "client_credentials"
TOKEN_PATH = "/oauth/token"  # noqa: S105 (where tokens are given, not one)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """The form of `/oauth/token`, and the header `DPoP` beside it.

    `scope` is a list between spaces, all the client may have where it is left out.
    """

    grant_type: str
    client_assertion_type: str
    client_assertion: str
    scope: str | None = None
    client_id: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    access_token: str
    expires_in_s: int
    scopes: frozenset[str]
    bound: bool


async def exchange(
    conn: PoolConnectionProxy, tokens: Tokens, request: TokenRequest, *, now: datetime
) -> Granted:
    """Verify the assertion, use it up on every replica at once, and issue.

    Raises:
        GrantRefused: and nothing was used up, unless the assertion was good and used before.
    """
    _check_form(request)
    unverified = assertion.read(request.client_assertion)
    if request.client_id not in {None, unverified.client_id}:
        raise AssertionMalformed
    client, verified = await _verified(conn, unverified, audience=tokens.issuer, now=now)
    if client.kind == "operator" and not tokens.operator_keys:
        raise OperatorsSignInElsewhere
    scopes = _granted(client.scopes, request.scope)
    bound_to = bound_key(tokens, request.proof, path=TOKEN_PATH, now=now)
    if bound_to is None and _must_be_bound(client, scopes, tokens):
        raise DpopProofRequired
    await replay.use_up(conn, verified)
    token = tokens.issue(client, key_id=verified.key_id, scopes=scopes, now=now, bound_to=bound_to)
    return Granted(access_token=token, expires_in_s=tokens.life_s, scopes=scopes, bound=bound_to is not None)


async def prove(conn: PoolConnectionProxy, text: str, *, audience: str, now: datetime) -> Registered:
    """Who signed this assertion for another place of ours than `/oauth/token`; used up like one for there.

    Raises:
        GrantRefused: nothing was used up, unless the assertion was good and used before.
    """
    client, verified = await _verified(conn, assertion.read(text), audience=audience, now=now)
    await replay.use_up(conn, verified)
    return Registered(client_id=client.client_id, key_id=verified.key_id)


async def _verified(
    conn: PoolConnectionProxy, unverified: Unverified, *, audience: str, now: datetime
) -> tuple[Client, Verified]:
    client = await sql.client(conn, unverified.client_id)
    if client is None:
        raise AssertionNotVerified
    keys = await sql.keys_of_client(conn, client.client_id, live_only=True)
    return client, assertion.verify(unverified, keys, audience=audience, now=now)


def bound_key(tokens: Tokens, text: str | None, *, path: str, now: datetime) -> str | None:
    """The key that a token will be bound to. Its proof needs no row: what it comes with works once.

    Raises:
        TokenProofRefused
    """
    if text is None:
        return None
    try:
        return proof.verify(text, method="POST", urls=tokens.urls_of(path), now=now).thumbprint
    except DpopRefused as error:
        raise TokenProofRefused(error) from error


def _must_be_bound(client: Client, scopes: frozenset[str], tokens: Tokens) -> bool:
    moves_money = not MONEY_SCOPES.isdisjoint(scopes)
    return client.dpop_bound_access_tokens or (tokens.bind_money and moves_money)


def _check_form(request: TokenRequest) -> None:
    if request.grant_type != GRANT_TYPE:
        raise GrantTypeUnsupported
    if request.client_assertion_type != ASSERTION_TYPE:
        raise ClientAssertionTypeUnsupported


def _granted(allowed: frozenset[str], asked: str | None) -> frozenset[str]:
    wanted = frozenset((asked or "").split()) or allowed
    if not wanted <= allowed:
        raise ScopeNotGranted
    return wanted
