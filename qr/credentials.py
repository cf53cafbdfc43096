"""Credentials that let a phone make payment codes without a network: enrolled, renewed, revoked, and redeemed.

All of it runs on the caller's connection, inside the caller's transaction. A credential is a phone; it has a
number and a secret that are new with every renewal. Wrong codes never lock a payer out: after five the phone has
to be online once, which gives it another number.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from asyncpg.pool import PoolConnectionProxy

from merchants.ids import BANK, new_id
from merchants.payer import PayerFacts
from qr import offline_sql as sql
from qr.errors import (
    CodeExpired,
    CodeNeedsNetwork,
    CodeRevoked,
    CodeUnknown,
    CodeUsed,
    CredentialNotFound,
    CredentialRevoked,
)
from qr.offline_code import NUMBERS, SECRET_BYTES, STEP_S, is_late, number_in, step_of
from qr.payment_code import PaymentCodeScheme

_PREFIX = "crd"
_DRAWS = 20
"""With one number in ten out, twenty draws all hit one once in 10^20."""
_MOST_WRONG = 5
_OVERLAP_S = 86_400.0
"""A phone that lost the answer to its renewal pays with the number before for a day more."""
_KEEP_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What a phone needs to make codes; the secret is readable this once."""

    id: str
    number: int
    secret: bytes = field(repr=False)
    expires_at: datetime


async def enrol(conn: PoolConnectionProxy, *, scheme: PaymentCodeScheme, payer: PayerFacts) -> Provisioned:
    """A new phone of this payer."""
    credential_id = new_id(_PREFIX, BANK)
    await sql.insert_credential(conn, credential_id=credential_id, payer=payer)
    return await _provision(conn, scheme, credential_id)


async def renew(
    conn: PoolConnectionProxy, *, scheme: PaymentCodeScheme, payer: PayerFacts, credential_id: str
) -> Provisioned:
    """Another number and secret for a phone that is online; those before end within a day.

    Raises:
        CredentialNotFound: not this payer's.
        CredentialRevoked: the phone was given up; enrol it anew.
    """
    alive = await sql.refresh_credential(conn, credential_id=credential_id, payer=payer)
    if alive is None:
        raise CredentialNotFound
    if not alive:
        raise CredentialRevoked
    await sql.shorten_numbers(conn, credential_id=credential_id, within_s=_OVERLAP_S)
    return await _provision(conn, scheme, credential_id)


async def revoke(conn: PoolConnectionProxy, *, issuer: str, credential_id: str) -> None:
    """A lost phone: none of its codes is taken once this is committed. Doing it twice is no error.

    Raises:
        CredentialNotFound: not this issuer's.
    """
    if not await sql.revoke_credential(conn, issuer=issuer, credential_id=credential_id):
        raise CredentialNotFound


async def redeem(
    conn: PoolConnectionProxy, *, scheme: PaymentCodeScheme, code: str, payment_id: str
) -> tuple[str, PayerFacts]:
    """Use an offline code's minute up for this payment: the credential, and whose it is.

    Whether a credential is revoked, used or late is told only to whoever shows a password that was right.

    Raises:
        CodeUnknown: no such number, or a wrong password; count it with `count_wrong_code`.
        CodeNeedsNetwork: too many wrong codes, or not renewed for too long.
        CodeRevoked, CodeExpired, CodeUsed.
    """
    number = number_in(code)
    row = await sql.find_number(conn, number, step_s=STEP_S)
    if row is None:
        raise CodeUnknown
    if row.wrong_codes >= _MOST_WRONG:
        raise CodeNeedsNetwork
    secret = scheme.sealing.reveal(row.sealed_secret, owner=_owner(row.credential_id))
    step = step_of(code, secret, now_step=row.now_step)
    if step is None:
        raise CodeUnknown
    _refuse(row, step)
    payer = await sql.take_step(conn, number=number, step=step, payment_id=payment_id, most_wrong=_MOST_WRONG)
    if payer is None:
        raise CodeUsed
    return row.credential_id, payer


async def count_wrong_code(conn: PoolConnectionProxy, *, scheme: PaymentCodeScheme, code: str) -> None:
    """Hold a wrong code against the credential whose number it carries, if any does."""
    await sql.count_wrong(conn, number_in(scheme.read(code)), most=_MOST_WRONG)


async def sweep(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Forget credentials long dead; how many rows. For the worker, as often as it likes."""
    return await sql.delete_dead(conn, keep_s=_KEEP_S, limit=limit)


def _refuse(row: sql.NumberRow, step: int) -> None:
    if row.revoked:
        raise CodeRevoked
    if row.expired:
        raise CodeNeedsNetwork
    if step <= row.last_step:
        raise CodeUsed
    if is_late(step, now_step=row.now_step):
        raise CodeExpired


async def _provision(conn: PoolConnectionProxy, scheme: PaymentCodeScheme, credential_id: str) -> Provisioned:
    secret = secrets.token_bytes(SECRET_BYTES)
    sealed = scheme.sealing.seal(secret, owner=_owner(credential_id))
    for _ in range(_DRAWS):
        number = secrets.randbelow(NUMBERS)
        expires_at = await sql.insert_number(
            conn,
            number=number,
            credential_id=credential_id,
            sealed_secret=sealed,
            life_s=scheme.credential_life_s,
        )
        if expires_at is not None:
            return Provisioned(id=credential_id, number=number, secret=secret, expires_at=expires_at)
    raise AssertionError("the random source repeats itself")


def _owner(credential_id: str) -> str:
    return f"code_credential:{credential_id}"
