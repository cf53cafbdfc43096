"""A client that lost its keys gets a new one in: two operators see to it that it is who it says.

One proposes and is shown half of a code, another confirms and is shown the other half: neither alone could upload a key
of their own. From the confirmation on no old key works. Both halves, given to the client's people on two ways that the
bank knows from its records, let one new key in, once, whichever is typed first. Tills and operators have ways of their
own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from asyncpg.pool import PoolConnectionProxy

from merchants import audit
from merchants.access import clients, jwk, one_time_code, possession, proposals
from merchants.access import key_resets_sql as sql
from merchants.access import sql as clients_sql
from merchants.access.errors import ClientNotFound, KeysNotReset, ResetCodeRefused
from merchants.access.principal import Client, ClientKey
from merchants.access.proposals import Proposal
from merchants.ids import BANK, new_id, partner_no_of
from merchants.sealing import Sealing
from webhooks import outbox
from webhooks.event import NewEvent

# A letter or a visit takes longer than a call; a week later nobody remembers whom they were talking to.
CODE_LIFE_S: Final = 3 * 86_400.0
CODE_TRIES: Final = 5
_PURPOSES: Final = ("key_reset_first", "key_reset_second")
_RESETTABLE: Final = frozenset({"partner", "applicant", "wallet"})
_FIRST_HALF: Final = "first_half"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReset:
    """A proposal to reset a client's keys, and what came of it.

    Attributes:
        code_half: shown once, to who proposed or confirmed it just now.
        code_expires_at: None until it is confirmed.
        key_id: the key that came in by the code.
    """

    proposal: Proposal
    code_half: str | None = None
    code_expires_at: datetime | None = None
    key_id: str | None = None

    @property
    def id(self) -> str:
        return self.proposal.id


async def propose(
    conn: PoolConnectionProxy, sealing: Sealing, *, reset_id: str, client_id: str, reason: str, actor: str
) -> KeyReset:
    """Ask for a client's keys to be reset; the old ones work until another operator confirms.

    Raises:
        ClientNotFound
        KeysNotReset: a till, an operator, or revoked for good.
        ProposalUnderway
    """
    client = _resettable(await clients_sql.client(conn, client_id))
    half = one_time_code.made()
    proposed = await proposals.submit(
        conn,
        proposal_id=reset_id,
        kind="key_reset",
        client_id=client_id,
        partner_id=client.partner_id,
        content={_FIRST_HALF: sealing.index(half, purpose=_PURPOSES[0]).hex()},
        reason=reason,
        actor=actor,
    )
    return KeyReset(proposal=proposed, code_half=half)


async def confirm(conn: PoolConnectionProxy, sealing: Sealing, *, reset_id: str, actor: str) -> KeyReset:
    """As somebody else: every old key ends, with the tokens it signed in for and the tills' codes it made.

    Raises:
        ProposalNotFound, ProposalDecided, OwnProposal
        KeysNotReset: it was revoked meanwhile.
    """
    decided = await proposals.decide(conn, kind="key_reset", proposal_id=reset_id, accepted=True, actor=actor)
    # Whoever adds a key at this moment is done before, or finds the client held.
    await clients_sql.lock_client(conn, decided.client_id)
    client = _resettable(await clients_sql.client(conn, decided.client_id, lock=True))
    await _end_keys(conn, client, actor=actor)
    half = one_time_code.made()
    expires_at = await sql.put_enrolment(
        conn,
        reset_id=reset_id,
        client_id=client.client_id,
        code_hashes=[
            bytes.fromhex(decided.content[_FIRST_HALF]),
            sealing.index(half, purpose=_PURPOSES[1]),
        ],
        tries=CODE_TRIES,
        life_s=CODE_LIFE_S,
    )
    await _tell(conn, client, decided, state="confirmed", key_id=None)
    return KeyReset(proposal=decided, code_half=half, code_expires_at=expires_at)


async def reject(conn: PoolConnectionProxy, *, reset_id: str, actor: str, reason: str) -> KeyReset:
    """Turn it down; nothing changes.

    Raises:
        ProposalNotFound, ProposalDecided, OwnProposal
    """
    decided = await proposals.decide(
        conn, kind="key_reset", proposal_id=reset_id, accepted=False, actor=actor, reason=reason
    )
    return KeyReset(proposal=decided)


async def find(conn: PoolConnectionProxy, *, reset_id: str) -> KeyReset:
    """One, decided or not.

    Raises:
        ProposalNotFound
    """
    [found] = await _with_enrolments(
        conn, [await proposals.find(conn, kind="key_reset", proposal_id=reset_id)]
    )
    return found


async def undecided(conn: PoolConnectionProxy, *, after_id: str | None, limit: int) -> list[KeyReset]:
    """A page of those that wait, oldest first."""
    waiting = await proposals.undecided(conn, kind="key_reset", after_id=after_id, limit=limit)
    return [KeyReset(proposal=one) for one in waiting]


async def enrol(
    conn: PoolConnectionProxy,
    sealing: Sealing,
    *,
    client_id: str,
    reset_code: str,
    public_jwk: Mapping[str, Any],
    proof: str,
    uploaded_to: str,
    now: datetime,
) -> ClientKey:
    """Let the client's new key in, for both halves of its code.

    Call it outside a transaction: a wrong try has to be counted although the call fails, if half of it is right. Who
    lost the answer sends the same code and key again.

    Raises:
        PublicKeyUnacceptable, KeyNotProven: and no try is counted.
        ResetCodeRefused: wrong, used with another key, too old, or tried too often.
        PublicKeyUsedBefore: it is one of those that were lost.
        TooManyLiveKeys, ClientAlreadyRevoked
    """
    possession.check(client_id, public_jwk, proof, uploaded_to=uploaded_to, now=now)
    async with conn.transaction():
        enrolled = await _try_code(
            conn, sealing, client_id, one_time_code.normal(reset_code), dict(public_jwk)
        )
    if enrolled is None:
        raise ResetCodeRefused
    return enrolled


async def forget_expired_codes(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete codes nobody can use any more, a month after; how many."""
    return await sql.delete_expired(conn, limit=limit)


async def _try_code(
    conn: PoolConnectionProxy, sealing: Sealing, client_id: str, code: str, public_jwk: dict[str, Any]
) -> ClientKey | None:
    client = await clients_sql.client(conn, client_id, lock=True)
    enrolment = await sql.open_enrolment(conn, client_id=client_id)
    if client is None or enrolment is None:
        return None
    orders = _right(sealing, code, enrolment["code_hashes"])
    if not any(all(halves) for halves in orders):
        # Who knows neither half guesses among 2e23, and a client's id is no secret: a stranger, as whoever stole the
        # keys, would else end every code before its owner has typed it. Who knows one half is counted, wherever it
        # stands: beside it there is room for one guess at the other.
        if any(any(halves) for halves in orders):
            await sql.count_wrong_try(conn, reset_id=enrolment["reset_id"])
        return None
    if enrolment["key_id"] is not None:
        return await _enrolled_before(conn, client_id, enrolment["key_id"], public_jwk)
    key = await clients.add_key(conn, client_id, public_jwk=public_jwk, actor=client_id)
    await sql.use_enrolment(conn, reset_id=enrolment["reset_id"], key_id=key.key_id)
    reset = await proposals.find(conn, kind="key_reset", proposal_id=enrolment["reset_id"])
    await _tell(conn, client, reset, state="enrolled", key_id=key.key_id)
    return key


def _right(sealing: Sealing, code: str, stored: Sequence[bytes]) -> list[list[bool]]:
    """For each order in which two people may have told their halves, which of the two are right.

    All four comparisons are made, so that the time it takes says nothing.
    """
    typed = (code[: one_time_code.CHARACTERS], code[one_time_code.CHARACTERS :])
    return [
        [
            one_time_code.is_one_of(sealing.indexes(half, purpose=purpose), kept)
            for half, purpose, kept in zip(halves, _PURPOSES, stored, strict=True)
        ]
        for halves in (typed, typed[::-1])
    ]


async def _enrolled_before(
    conn: PoolConnectionProxy, client_id: str, key_id: str, public_jwk: dict[str, Any]
) -> ClientKey | None:
    thumbprint = jwk.accept(public_jwk).thumbprint
    live = await clients_sql.keys_of_client(conn, client_id, live_only=True)
    return next((one for one in live if one.key_id == key_id and one.thumbprint == thumbprint), None)


def _resettable(client: Client | None) -> Client:
    if client is None:
        raise ClientNotFound
    if client.kind not in _RESETTABLE or client.revoked_at is not None:
        raise KeysNotReset
    return client


async def _end_keys(conn: PoolConnectionProxy, client: Client, *, actor: str) -> None:
    for key_id in await sql.revoke_keys(conn, client_id=client.client_id):
        await audit.record(
            conn,
            actor=actor,
            deed="client_key.revoked",
            object_id=key_id,
            partner_id=client.partner_id,
            reason="the client's keys were reset",
        )
    await clients_sql.delete_activation_codes_of(conn, created_by=client.client_id)


async def _with_enrolments(conn: PoolConnectionProxy, found: list[Proposal]) -> list[KeyReset]:
    rows = await sql.enrolments(conn, [one.id for one in found])
    return [
        replace(
            KeyReset(proposal=one),
            code_expires_at=rows[one.id]["expires_at"] if one.id in rows else None,
            key_id=rows[one.id]["key_id"] if one.id in rows else None,
        )
        for one in found
    ]


async def _tell(
    conn: PoolConnectionProxy, client: Client, reset: Proposal, *, state: str, key_id: str | None
) -> None:
    """Whose client it is hears of it by webhook: also where somebody else pretended to be them."""
    tenant = f"issuer:{client.issuer}" if client.issuer else client.partner_id or client.client_id
    event = NewEvent(
        id=new_id("evt", partner_no_of(client.client_id) or BANK),
        type="client.keys_reset" if state == "confirmed" else "client.key_enrolled",
        tenant=tenant,
        audience="wallet" if client.issuer else "merchant",
        object_id=reset.id,
        sequence=1 if state == "confirmed" else 2,
        occurred_at=datetime.now(UTC),
        merchant_id=client.merchant_id,
        data={
            "key_reset_id": reset.id,
            "client_id": client.client_id,
            "client_name": client.name,
            "state": state,
            "key_id": key_id,
        },
    )
    await outbox.publish(conn, [event])
