"""One intent, one deed: a repeated request finds what the first one made.

A claim is a row (tenant, operation, key) inserted in the very transaction that creates the resource, so key
and resource exist together or not at all. A concurrent duplicate waits on the first one's row: if that
commits, the duplicate is replayed; if it rolls back, the duplicate claims. The door catches `Replayed` and
answers through the operation's `replay`; handlers never see it and never catch it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from gateway.door import sql
from gateway.door.caller import Caller
from gateway.door.errors import IdempotencyKeyReused, SecretAlreadyShown
from gateway.door.sql import ClaimTerms
from merchants.access.errors import ClientRevoked, DpopProofReplayed
from merchants.sealing import Sealing

# How long a one-time secret is shown again to who repeats the request that made it.
SECRET_SHOWN_S = 600.0


# Longer than any caller's retries: a month's closing finds yesterday's month.
KEPT_S = 30 * 86_400.0


async def sweep(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Drop secrets whose time is over and keys that are no longer kept; returns how many rows it touched."""
    secrets = await sql.forget_secrets(conn, older_than_s=SECRET_SHOWN_S, limit=limit)
    return secrets + await sql.delete_old_keys(conn, older_than_s=KEPT_S, limit=limit)


class Replayed(Exception):
    """The key was claimed by the same request before; carries the resource it made."""

    def __init__(self, resource_id: str) -> None:
        super().__init__(resource_id)
        self.resource_id = resource_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDesk:
    """What every claim needs and one process has once."""

    pool: asyncpg.Pool
    sealing: Sealing
    secret_shown_s: float = SECRET_SHOWN_S


class Claim:
    """One request's hold on its idempotency key.

    The plain way, for most operations:

        async with call.claim.transaction(resource_id) as conn:   # begins, checks the caller, claims
            await shops.open_store(conn, resource_id, ...)        # commits at the end, rolls back on an error

    A resource whose id is known only afterwards, or that shows a secret once, says so before the end:

            call.claim.settle(endpoint.id, secret=endpoint.secret)

    The short way, for the till's hot path: a statement of the handler's own claims what `claim.terms(resource_id)`
    says and holds the caller live. The handler then says `claim.done()`, or `claim.not_done()` if nothing happened.
    """

    __slots__ = ("_caller", "_desk", "_rotate", "_row", "_settled", "_terms", "may_have_committed", "used")

    def __init__(
        self,
        desk: ClaimDesk,
        *,
        caller: Caller | None,
        operation: str,
        key: str,
        fingerprint: bytes,
        rotate: str | None = None,
    ) -> None:
        self._desk = desk
        self._caller = caller
        self._rotate = rotate
        # Strangers share no key: what they have in common is the request itself.
        tenant = caller.tenant if caller else f"anonymous:{fingerprint.hex()}"
        self._terms = ClaimTerms(tenant, operation, key, fingerprint, "")
        self._settled: tuple[str, bytes | None] | None = None
        self._row: sql.ClaimRow | None = None
        self.used = False
        self.may_have_committed = False

    @asynccontextmanager
    async def transaction(self, resource_id: str | None = None) -> AsyncIterator[PoolConnectionProxy]:
        """Begin, check that the caller is live, claim the key; commit with what the handler did.

        Args:
            resource_id: what the deed makes, if its id is known before; else `settle` names it.

        Raises:
            ClientRevoked: the caller may no more.
            DpopProofReplayed: its proof was used before.
            IdempotencyKeyReused: another request holds this key.
            Replayed: the same request was done before (caught by the door).
        """
        async with self._desk.pool.acquire() as conn, conn.transaction():
            self.judge(await self._ask(conn, resource_id or ""))
            yield conn
            if self._settled is not None:
                await sql.settle_key(conn, self._terms, *self._settled)
            self.may_have_committed = True

    async def _ask(self, conn: PoolConnectionProxy, resource_id: str) -> asyncpg.Record:
        """Claim, and hold the caller live until the transaction ends: one statement for both."""
        caller = self._caller
        row = await sql.claim_key(
            conn,
            self._terms._replace(resource_id=resource_id),
            client_id=caller.client_id if caller else None,
            key_id=caller.key_id if caller else None,
            proof=caller.proof if caller else None,
        )
        if row["caller_status"] != "live":
            raise ClientRevoked
        if not row["proof_fresh"]:
            raise DpopProofReplayed
        record: asyncpg.Record = row["claimed"]
        return record

    def settle(self, resource_id: str, *, secret: bytes | None = None) -> None:
        """Name what was made, inside the transaction; a secret is kept sealed, for repeats."""
        sealed = None if secret is None else self._desk.sealing.seal(secret, owner=self._terms.tenant)
        self._settled = (resource_id, sealed)

    @property
    def replayed(self) -> bool:
        """Whether an earlier request did the deed."""
        return self._row is not None

    def terms(self, resource_id: str) -> ClaimTerms:
        """For a handler that claims in a statement of its own, which checks the caller and spends its proof."""
        self.may_have_committed = True
        return self._terms._replace(resource_id=resource_id)

    def done(self) -> None:
        """The handler's own statement claimed the key, and has committed."""
        self.used = True

    def not_done(self) -> None:
        """The handler's own statement has certainly left nothing; the plain way is open."""
        self.may_have_committed = False

    def judge(self, row: asyncpg.Record) -> None:
        """Go on if `gateway.claim_key` said the key is ours; the row is of type `gateway.claimed_key`.

        Raises:
            IdempotencyKeyReused: another request holds this key.
            Replayed: the same request was done before (caught by the door).
        """
        self.used = True
        claimed = sql.ClaimRow(*row)
        if claimed.mine:
            return
        if claimed.fingerprint != self._terms.fingerprint:
            raise IdempotencyKeyReused
        self._row = claimed
        raise Replayed(claimed.resource_id)

    def secret(self) -> bytes:
        """For `replay`: the one-time secret of the first answer.

        Raises:
            SecretAlreadyShown: it may not be shown again; the error names the call that rotates.
        """
        assert self._row is not None, "only a replay has a secret to show again"
        if self._row.sealed_secret is None or self._row.age_s > self._desk.secret_shown_s:
            raise SecretAlreadyShown(self._rotate)
        return self._desk.sealing.reveal(self._row.sealed_secret, owner=self._terms.tenant)
