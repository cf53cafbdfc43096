"""A till comes in: an activation code, read out once by a person, binds the till's own Ed25519 key to its place.

The first half of a code finds its row, the second half proves it: so wrong codes can be counted against the row
they were aimed at, and five of them end it, although the till does not say which terminal it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import clients, jwk, one_time_code, sql
from merchants.access.errors import ActivationCodeRefused
from merchants.access.jwk import PublicKey
from merchants.access.principal import SCOPES, Client, Registered
from merchants.errors import TerminalNotFound
from merchants.ids import BANK, new_id, partner_no_of
from merchants.sealing import Sealing

CODE_LIFE_S = 15 * 60
CODE_TRIES = 5
_SELECTOR_CHARACTERS = 4
_NAME_CHARACTERS = 100
# A till that may not do this is none.
_LEAST = frozenset({"pay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationCode:
    """Shown once; only keyed hashes of it are stored."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What a till needs from now on: who it is, and where it stands."""

    registered: Registered
    partner_id: str
    merchant_id: str
    store_id: str
    terminal_id: str
    scopes: frozenset[str]


async def issue_code(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    partner_id: str,
    terminal_id: str,
    within: frozenset[str],
    actor: str,
    life_s: float = CODE_LIFE_S,
) -> ActivationCode:
    """A code for the till that will stand here; the code before it ends.

    Whoever holds the code chooses the till's key and so is the till: it gets no scope that its maker, who has
    `within`, has not.

    Raises:
        TerminalNotFound: not there, another partner's, or retired.
        ScopesNotYours: the maker may not pay, so neither could the till.
    """
    clients.refuse_scopes_beyond(_LEAST, within)
    code = one_time_code.made()
    expires_at = await sql.put_activation_code(
        conn,
        partner_id=partner_id,
        terminal_id=terminal_id,
        selector_hash=_selector_hashes(sealing, code)[0],
        code_hash=_code_hashes(sealing, code)[0],
        tries=CODE_TRIES,
        scopes=SCOPES["terminal"] & within,
        life_s=life_s,
        created_by=actor,
    )
    if expires_at is None:
        raise TerminalNotFound
    await audit.record(
        conn, actor=actor, deed="activation_code.issued", object_id=terminal_id, partner_id=partner_id
    )
    return ActivationCode(code=code, expires_at=expires_at)


async def enrol(
    conn: PoolConnectionProxy, sealing: Sealing, *, activation_code: str, public_jwk: Mapping[str, Any]
) -> Enrolled:
    """Make the till a client; the till that stood here before is revoked.

    Call it outside a transaction: a wrong try has to be counted although the call fails. A till that lost the
    answer sends the same code and key again and gets the same client.

    Raises:
        PublicKeyUnacceptable: and no try is counted.
        ActivationCodeRefused: wrong, used with another key, too old, or tried too often.
    """
    key = jwk.accept(public_jwk, only="EdDSA")
    code = one_time_code.normal(activation_code)
    async with conn.transaction():
        enrolled = await _try_code(conn, sealing, code, key)
    if enrolled is None:
        raise ActivationCodeRefused
    return enrolled


async def revoke(
    conn: PoolConnectionProxy, *, partner_id: str, terminal_id: str, actor: str, reason: str
) -> None:
    """End the till that stands here, from the moment this commits; its place stays and can be enrolled again.

    Without a live till nothing happens: whoever calls has seen to it that the terminal is the partner's.
    """
    # First the code: a till that is enrolling right now holds its row, and is then found below.
    await sql.delete_activation_code(conn, partner_id=partner_id, terminal_id=terminal_id)
    client_id = await sql.live_client_of_terminal(conn, partner_id=partner_id, terminal_id=terminal_id)
    if client_id is not None:
        await clients.revoke(conn, client_id, actor=actor, reason=reason)


async def forget_expired_codes(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete codes nobody can use any more; how many."""
    return await sql.delete_expired_activation_codes(conn, limit=limit)


async def _try_code(
    conn: PoolConnectionProxy, sealing: Sealing, code: str, key: PublicKey
) -> Enrolled | None:
    aimed_at = await sql.activation_codes(conn, _selector_hashes(sealing, code))
    hashes = _code_hashes(sealing, code)
    right = [row for row in aimed_at if one_time_code.is_one_of(hashes, row.code_hash)]
    if not right:
        await sql.count_wrong_try(conn, aimed_at)
        return None
    [place] = right
    if place.client_id is not None:
        return await _enrolled_before(conn, place, key)
    return await _enrol_at(conn, place, key)


async def _enrolled_before(
    conn: PoolConnectionProxy, place: sql.ActivationRow, key: PublicKey
) -> Enrolled | None:
    client_id = place.client_id or ""
    keys = await sql.keys_of_client(conn, client_id, live_only=True)
    same = [one for one in keys if one.thumbprint == key.thumbprint]
    return _enrolled(place, Registered(client_id=client_id, key_id=same[0].key_id)) if same else None


async def _enrol_at(conn: PoolConnectionProxy, place: sql.ActivationRow, key: PublicKey) -> Enrolled:
    before = await sql.live_client_of_terminal(
        conn, partner_id=place.partner_id, terminal_id=place.terminal_id
    )
    client_id = new_id("cli", partner_no_of(place.partner_id) or BANK)
    if before is not None:
        await clients.revoke(conn, before, actor=client_id, reason="another till was enrolled in its place")
    till = Client(
        client_id=client_id,
        kind="terminal",
        name=f"Till {place.label}"[:_NAME_CHARACTERS],
        partner_id=place.partner_id,
        merchant_id=place.merchant_id,
        store_id=place.store_id,
        terminal_id=place.terminal_id,
        scopes=frozenset(place.scopes),
        created_at=datetime.now(UTC),
    )
    registered = await clients.register(conn, till, key, actor=client_id)
    await sql.use_activation_code(
        conn, partner_id=place.partner_id, terminal_id=place.terminal_id, client_id=client_id
    )
    return _enrolled(place, registered)


def _enrolled(place: sql.ActivationRow, registered: Registered) -> Enrolled:
    return Enrolled(
        registered=registered,
        partner_id=place.partner_id,
        merchant_id=place.merchant_id,
        store_id=place.store_id,
        terminal_id=place.terminal_id,
        scopes=frozenset(place.scopes),
    )


def _selector_hashes(sealing: Sealing, code: str) -> list[bytes]:
    return sealing.indexes(code[:_SELECTOR_CHARACTERS], purpose="activation_selector")


def _code_hashes(sealing: Sealing, code: str) -> list[bytes]:
    return sealing.indexes(code, purpose="activation_code")
