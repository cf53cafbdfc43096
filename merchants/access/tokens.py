"""Access tokens: short-lived Ed25519 JWTs (RFC 9068) that carry who calls and what for, never whether they still may.

Verifying remembers one thing: that this very text once had a good signature by one of our keys. Times are
compared at each call, the client's status is `live`'s to say.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
import msgspec

from merchants.access.errors import TokenExpired, TokenForeign, TokenMalformed, TokenNotVerified
from merchants.access.principal import Client, Kind
from merchants.keyring import Keyring, Purpose, Signer

LIFE_S = 600
_TYPE = "at+jwt"
# Our own claims with every id filled in stay below half of it.
_MAX_CHARACTERS = 4096
# What a replica remembers: some ten thousand clients within one token's life, about a kilobyte each.
_REMEMBERED = 10_000
_AHEAD_S = 10
"""How far apart the clocks of two replicas may be."""

_JWS = jwt.PyJWS(algorithms=["EdDSA"])


class _Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    scope: str
    env: str
    kind: Kind
    key_id: str
    partner_id: str | None = None
    merchant_id: str | None = None
    store_id: str | None = None
    terminal_id: str | None = None
    issuer: str | None = None
    roles: list[str] = []
    # RFC 9449, section 6.1: `jkt` is the thumbprint of the key without which the token is worth nothing.
    cnf: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What a good token says; the fields are those of `Client`, plus the key that signed in.

    Attributes:
        bound_to: thumbprint of the key whose proof has to come with it; None for a bearer token.
    """

    client_id: str
    kind: Kind
    key_id: str
    partner_id: str | None
    merchant_id: str | None
    store_id: str | None
    terminal_id: str | None
    issuer: str | None
    scopes: frozenset[str]
    roles: frozenset[str]
    bound_to: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Remembered:
    facts: TokenFacts
    issued_at_s: int
    signing_key_id: str


class Tokens:
    """Issues and verifies this gateway's access tokens.

    Args:
        keyring: its `token` keys.
        issuer: our public URL, which is `iss` and `aud` alike: the gateway serves its own tokens.
        environment: a token of the sandbox opens nothing in production, even with a shared key.
        life_s: how long a token works.
        bind_money: give tokens that move money to callers with a proof of possession alone.
        operator_keys: let operators in by a key; in production the bank's identity provider alone says who they are.
        operators_url: where the operators' listener is reached, if it is reached by them at all.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        issuer: str,
        environment: str,
        life_s: int = LIFE_S,
        bind_money: bool = False,
        operators_url: str | None = None,
        operator_keys: bool = True,
    ) -> None:
        self.issuer = issuer
        self.life_s = life_s
        self.bind_money = bind_money
        self.operator_keys = operator_keys
        self._reached_at = tuple(one.rstrip("/") for one in (issuer, operators_url) if one is not None)
        self._keyring = keyring
        self._environment = environment
        self._remembered: dict[bytes, _Remembered] = {}

    def urls_of(self, path: str) -> tuple[str, ...]:
        """What a proof of possession may name as the target of a request to this path."""
        return tuple(one + path for one in self._reached_at)

    def issue(
        self,
        client: Client,
        *,
        key_id: str,
        scopes: frozenset[str],
        now: datetime,
        bound_to: str | None = None,
    ) -> str:
        """A token for a client that has just signed in with this key."""
        issued_at = int(now.timestamp())
        claims = _Claims(
            iss=self.issuer,
            aud=self.issuer,
            sub=client.client_id,
            client_id=client.client_id,
            iat=issued_at,
            exp=issued_at + self.life_s,
            jti=secrets.token_hex(16),
            scope=" ".join(sorted(scopes)),
            env=self._environment,
            kind=client.kind,
            key_id=key_id,
            partner_id=client.partner_id,
            merchant_id=client.merchant_id,
            store_id=client.store_id,
            terminal_id=client.terminal_id,
            issuer=client.issuer,
            roles=sorted(client.roles),
            cnf=None if bound_to is None else {"jkt": bound_to},
        )
        return _sign(self._keyring.signer(Purpose.TOKEN), claims)

    async def verify(self, token: str, *, now: datetime) -> TokenFacts:
        """What a token says, if it is ours, whole and in time.

        Raises:
            TokenMalformed, TokenNotVerified, TokenForeign, TokenExpired
        """
        if len(token) > _MAX_CHARACTERS or not token.isascii():
            raise TokenMalformed
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is None or self._keyring.verify_key(Purpose.TOKEN, known.signing_key_id) is None:
            known = await self._verify_anew(token)
            self._remember(digest, known)
        seconds = now.timestamp()
        if known.facts.expires_at.timestamp() <= seconds:
            raise TokenExpired
        if known.issued_at_s > seconds + _AHEAD_S:
            raise TokenForeign
        return known.facts

    async def _verify_anew(self, token: str) -> _Remembered:
        signing_key_id = _signing_key_id(token)
        key = await self._keyring.find_verify_key(Purpose.TOKEN, signing_key_id)
        if key is None:
            raise TokenNotVerified
        try:
            payload = _JWS.decode_complete(token, key, algorithms=["EdDSA"])["payload"]
            claims = msgspec.json.decode(payload, type=_Claims)
        except (jwt.PyJWTError, msgspec.MsgspecError):
            raise TokenNotVerified from None
        if (claims.iss, claims.aud, claims.env) != (self.issuer, self.issuer, self._environment):
            raise TokenForeign
        return _Remembered(_facts(claims), claims.iat, signing_key_id)

    def _remember(self, digest: bytes, known: _Remembered) -> None:
        """The oldest goes first; tokens live minutes, so the order of use would change little."""
        if len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = known


def _sign(signer: Signer, claims: _Claims) -> str:
    header = {"alg": "EdDSA", "typ": _TYPE, "kid": signer.kid}
    signed = b".".join(_base64url(msgspec.json.encode(part)) for part in (header, claims))
    return (signed + b"." + _base64url(signer.sign(signed))).decode()


def _signing_key_id(token: str) -> str:
    """The id of the `token` key that the header names; a key of another purpose is not even looked up."""
    try:
        header = _JWS.get_unverified_header(token)
    except jwt.PyJWTError:
        raise TokenMalformed from None
    purpose, _, key_id = str(header.get("kid", "")).partition("-")
    if header.get("typ") != _TYPE or header.get("alg") != "EdDSA" or purpose != Purpose.TOKEN:
        raise TokenNotVerified
    return key_id


def _facts(claims: _Claims) -> TokenFacts:
    return TokenFacts(
        client_id=claims.client_id,
        kind=claims.kind,
        key_id=claims.key_id,
        partner_id=claims.partner_id,
        merchant_id=claims.merchant_id,
        store_id=claims.store_id,
        terminal_id=claims.terminal_id,
        issuer=claims.issuer,
        scopes=frozenset(claims.scope.split()),
        roles=frozenset(claims.roles),
        bound_to=None if claims.cnf is None else claims.cnf["jkt"],
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
    )


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
