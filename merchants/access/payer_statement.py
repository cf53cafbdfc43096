"""What a wallet's backend says of a payer, in its own signature: who pays, how they were verified, what they agreed to.

A JWT of type `payer+jwt` by a live key of the very client that sends it. It speaks to one gateway, about one deed on
one thing, for a minute; a client speaks for the payers of its own issuer and of no other. A bearer token that was
stolen makes none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from asyncpg.pool import PoolConnectionProxy
from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder

from merchants.access import jws, sql, statements_sql
from merchants.access.assertion import MAX_AHEAD_S, MAX_LIFE_S
from merchants.access.errors import (
    PayerOfAnotherIssuer,
    PayerStatementExpired,
    PayerStatementMalformed,
    PayerStatementMisdirected,
    PayerStatementNotVerified,
    PayerStatementReplayed,
)
from merchants.access.jws import FOREIGN_MEMBERS, JwsMalformed
from merchants.access.principal import ClientKey
from merchants.money import Money
from merchants.payer import PayerFacts

TYPE: Final = "payer+jwt"
Use = Literal["payment_code", "code_credential", "scan", "confirm", "coupon"]

# A scanned code of 512 characters, each escaped, an RSA signature of 4096 bits, and all segments.
MAX_CHARACTERS: Final = 8192
# Clocks of replicas and database may differ by less than this; a row kept longer costs nothing.
_KEPT_AFTER_EXPIRY_S = 60

_Name = Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$")]


class _Payer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: _Name
    person_id: _Name
    issuer: str
    segments: Annotated[
        tuple[Annotated[str, Meta(pattern="^[a-z0-9_.-]{1,32}$")], ...], Meta(max_length=32)
    ] = ()
    factors: Annotated[int, Meta(ge=0, le=3)] = 1
    certificate: bool = False


class _Payable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount_minor: int
    currency: str


class _Claims(Struct, frozen=True, kw_only=True):
    iss: str
    aud: str
    iat: int
    exp: int
    jti: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[!-~]+$")]
    use: Use
    payer: _Payer
    of: str | None = None
    payable: _Payable | None = None


_decode = Decoder(_Claims).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a statement has to be for.

    Attributes:
        client_id, issuer: of the caller, from its access token.
        audience: this gateway's own name.
        of: what it is about: the code that was scanned, the payment or the scan that is confirmed.
        payable: the amount that the payer agrees to, where they do.
    """

    client_id: str
    issuer: str
    audience: str
    use: Use
    of: str | None = None
    payable: Money | None = None


async def hear(conn: PoolConnectionProxy, text: str, expected: Expected, *, now: datetime) -> PayerFacts:
    """The payer as vouched for; what is created or moved by it is so once, in the caller's transaction.

    A scan shows and changes nothing, so its statement may come again, as after an answer that was lost.

    Raises:
        PayerStatementMalformed, PayerStatementNotVerified, PayerStatementExpired, PayerStatementMisdirected,
        PayerOfAnotherIssuer, PayerStatementReplayed
    """
    header, claims = _read(text)
    _verify(text, header, await sql.keys_of_client(conn, expected.client_id, live_only=True))
    _check_times(claims, now.timestamp())
    _check_meant(claims, expected)
    if expected.use != "scan":
        await _use_up(conn, claims)
    payer = claims.payer
    return PayerFacts(
        id=payer.id, person_id=payer.person_id, issuer=payer.issuer, segments=payer.segments,
        factors=payer.factors, certificate=payer.certificate,
    )  # fmt: skip


def _read(text: str) -> tuple[Mapping[str, Any], _Claims]:
    try:
        header, payload = jws.taken_apart(text, max_characters=MAX_CHARACTERS)
        claims = _decode(payload)
    except (JwsMalformed, MsgspecError, RecursionError):
        raise PayerStatementMalformed from None
    # Its type keeps it apart from the same key's assertions, which sign in.
    if header.get("typ") != TYPE or not FOREIGN_MEMBERS.isdisjoint(header):
        raise PayerStatementMalformed
    return header, claims


def _verify(text: str, header: Mapping[str, Any], keys: Sequence[ClientKey]) -> None:
    """By the caller's own keys alone; `kid` narrows the choice and never finds a key elsewhere."""
    for key in keys:
        named = header.get("kid") in {None, key.key_id, key.thumbprint}
        if named and key.purpose == "assertion" and jws.signed_by(text, key.jwk, key.algorithm):
            return
    raise PayerStatementNotVerified


def _check_times(claims: _Claims, now: float) -> None:
    if not claims.iat - MAX_AHEAD_S <= now < claims.exp <= claims.iat + MAX_LIFE_S:
        raise PayerStatementExpired


def _check_meant(claims: _Claims, expected: Expected) -> None:
    payable = None if claims.payable is None else Money(claims.payable.amount_minor, claims.payable.currency)
    meant = {
        "iss": claims.iss == expected.client_id,
        "aud": claims.aud == expected.audience,
        "use": claims.use == expected.use,
        "of": claims.of == expected.of,
        "payable": payable == expected.payable,
    }
    for member, fits in meant.items():
        if not fits:
            raise PayerStatementMisdirected(member)
    if claims.payer.issuer != expected.issuer:
        raise PayerOfAnotherIssuer(expected.issuer)


async def _use_up(conn: PoolConnectionProxy, claims: _Claims) -> None:
    kept_until = datetime.fromtimestamp(claims.exp + _KEPT_AFTER_EXPIRY_S, UTC)
    if not await statements_sql.use(conn, client_id=claims.iss, jti=claims.jti, expires_at=kept_until):
        raise PayerStatementReplayed
