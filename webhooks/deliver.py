"""The worker's part: claim what is due, send it concurrently, record what came back in batches."""

import asyncio
import functools
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from webhooks import endpoints_sql, outbox, signing, sql
from webhooks.breaker import Breaker
from webhooks.delivery import Claimed, Ended, Turn, conclude
from webhooks.endpoint import DisabledReason
from webhooks.endpoints import Reveal
from webhooks.event import NewEvent, marked_as_replay
from webhooks.retry import WAITS_S
from webhooks.sender import Attempt, Reason, Sender
from webhooks.signing import Sign

BATCH_MAX: Final = (
    200  # answers recorded in one statement: enough to be cheap, short enough not to hold locks
)
WALK_MAX: Final = 256  # endpoints looked at in one go; the next go continues behind them
_SECRETS_KEPT: Final = 4_096  # opened ones, of 32 bytes; opening one costs as much as signing
_START: Final = ("", "")  # before every endpoint
LOST_EVERY_S: Final = 1.0  # how often leases of the dead are looked for

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """How much at once, and how patiently.

    Attributes:
        slots: attempts under way in one process; each holds a body of 20 kB at most.
        slow_slots: attempts beside them that have taken longer than `slow_after_s`, so that endpoints that hang
            for the whole deadline do not starve the others.
        lease_s: outlives an attempt's deadline by far, and is prolonged while we live.
        waits_s: between attempts, for endpoints that have no schedule of their own.
    """

    slots: int = 512
    slow_slots: int = 1_536
    slow_after_s: float = 0.5
    lease_s: float = 30.0
    waits_s: Sequence[float] = WAITS_S
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(frozen=True, slots=True)
class Counts:
    """What one pass did; nothing at all means that there is time to wait."""

    claimed: int = 0
    recorded: int = 0
    regained: int = 0
    parked: int = 0
    walks_on: bool = False

    def __bool__(self) -> bool:
        return self.claimed + self.recorded + self.regained + self.parked > 0 or self.walks_on


@dataclass(frozen=True, slots=True)
class _Sending:
    claimed: Claimed
    since: float


class Deliverer:
    """Delivers webhooks together with any number of others like it, in any number of processes.

    Args:
        reveal: opens a sealed secret for its endpoint's id.
        signing_keys: the Ed25519 keys that sign `v1a` now; several during a rotation.
        event_id_for: makes the id of an event about the endpoint with the given id.
        wake: set whenever there may be something to do: by notices of new events, and here by answers.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        sender: Sender,
        *,
        reveal: Reveal,
        signing_keys: Callable[[], Sequence[Sign]],
        event_id_for: Callable[[str], str],
        wake: asyncio.Event,
        policy: DeliveryPolicy | None = None,
    ) -> None:
        self._pool, self._sender = pool, sender
        self._signing_keys, self._event_id_for = signing_keys, event_id_for
        # What a secret was sealed as says which it is, so a rotated one is never taken for its successor.
        self._reveal = functools.lru_cache(_SECRETS_KEPT)(reveal)
        self._wake, self._policy = wake, policy or DeliveryPolicy()
        # Oldest first, as a dictionary keeps them.
        self._under_way: dict[asyncio.Task[None], _Sending] = {}
        self._ended: list[Ended] = []
        self._walked_to, self._cut_short = _START, False
        self._looked_for_lost = self._prolonged = time.monotonic()

    async def run_once(self) -> Counts:
        """Record what was answered, claim what is due and start sending it; does not wait for answers."""
        self._wake.clear()
        batch = self._ended[:BATCH_MAX]
        slots = self._free_slots()
        await self._disable_gone(batch)
        async with self._pool.acquire() as conn:
            await self._keep_leases(conn)
            regained = await self._regain(conn)
            turn = await self._turn(conn, batch, slots=slots)
        if turn.too_long:
            await self._disable_failing()
        more = self._walk_on(turn, free=slots + len(batch))
        for each in turn.claimed:
            task = asyncio.create_task(self._send(each))
            self._under_way[task] = _Sending(each, time.monotonic())
            task.add_done_callback(self._arrived)
        return Counts(
            claimed=len(turn.claimed),
            recorded=len(batch),
            regained=regained,
            parked=turn.parked,
            walks_on=more,
        )

    async def stop(self, *, grace_s: float) -> None:
        """Let what is under way end for so long, record it, and hand the rest back."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_s)
        left = dict(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        async with self._pool.acquire() as conn:
            while batch := self._ended[:BATCH_MAX]:
                await self._turn(conn, batch, slots=-len(batch))
            if left:
                await sql.hand_back(conn, [each.claimed for each in left.values()])

    def _free_slots(self) -> int:
        slow_since = time.monotonic() - self._policy.slow_after_s
        slow = sum(
            1 for _ in itertools.takewhile(lambda one: one.since < slow_since, self._under_way.values())
        )
        taken = len(self._under_way) - min(slow, self._policy.slow_slots) + len(self._ended)
        return self._policy.slots - taken

    async def _turn(self, conn: PoolConnectionProxy, batch: Sequence[Ended], *, slots: int) -> Turn:
        turn = await sql.turn(
            conn,
            batch,
            after=self._walked_to,
            walk_most=WALK_MAX,
            slots=slots,
            lease_s=self._policy.lease_s,
            breaker=self._policy.breaker,
        )
        # Only now: had the database failed, the batch would be recorded by the next pass.
        del self._ended[: len(batch)]
        return turn

    def _walk_on(self, turn: Turn, *, free: int) -> bool:
        """Note where the next walk begins, round and round; says whether there is more of this round to walk now."""
        if free <= 0:
            return False
        if len(turn.claimed) >= free:
            # Behind the last that got something: slots that are few go to each endpoint in its turn.
            self._walked_to = max((each.tenant, each.endpoint_id) for each in turn.claimed)
            self._cut_short = True
            return False
        self._walked_to = turn.walked_to if turn.walked == WALK_MAX else _START
        cut_short, self._cut_short = self._cut_short, False
        return cut_short or self._walked_to != _START

    async def _send(self, claimed: Claimed) -> None:
        headers: dict[str, str] = {}
        try:
            body = claimed.body.encode()
            if claimed.replay:
                body = marked_as_replay(body)
            headers = self._signed(claimed, body)
            attempt = await self._sender.send(claimed.url, body, headers, tenant=claimed.tenant)
        except Exception as error:  # whatever it is, it is ours and must cost the partner nothing
            log.exception("webhook_not_sent", delivery_id=claimed.id, error=type(error).__name__)
            attempt = Attempt(started_at=datetime.now(UTC), duration_ms=0, reason=Reason.INTERNAL_ERROR)
        self._ended.append(conclude(claimed, attempt, headers, waits_s=self._policy.waits_s))

    def _signed(self, claimed: Claimed, body: bytes) -> dict[str, str]:
        reveal = self._reveal
        return signing.headers(
            claimed.event_id,
            int(time.time()),
            body,
            secrets=[reveal(sealed, owner=claimed.endpoint_id) for sealed in claimed.secrets]
            if "v1" in claimed.signatures
            else (),
            keys=self._signing_keys() if "v1a" in claimed.signatures else (),
        )

    def _arrived(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._wake.set()

    async def _disable_gone(self, batch: Sequence[Ended]) -> None:
        """Before their answers are recorded: whoever dies in between leaves leases that are lost, and nothing else."""
        gone = {
            (each.claimed.tenant, each.claimed.endpoint_id): each.claimed.url
            for each in batch
            if each.attempt.reason is Reason.GONE
        }
        if gone:
            await self._disable([(*key, gone[key]) for key in sorted(gone)], "gone")

    async def _disable_failing(self) -> None:
        """After their failures are recorded: whoever dies in between leaves it to the next failure."""
        async with self._pool.acquire() as conn:
            failing = await endpoints_sql.failing(
                conn, longer_than_s=self._policy.breaker.disable_after_s, most=outbox.EVENTS_MAX
            )
        if failing:
            await self._disable([(*each, None) for each in failing], "failing")

    async def _disable(
        self, endpoints: Sequence[tuple[str, str, str | None]], reason: DisabledReason
    ) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            for tenant, endpoint_id, url in endpoints:
                await self._disable_one(conn, tenant, endpoint_id, url, reason)

    async def _disable_one(
        self,
        conn: PoolConnectionProxy,
        tenant: str,
        endpoint_id: str,
        url: str | None,
        reason: DisabledReason,
    ) -> None:
        sequence = await endpoints_sql.disable(
            conn, tenant=tenant, endpoint_id=endpoint_id, reason=reason, url=url
        )
        if sequence is None:
            return
        event = NewEvent(
            id=self._event_id_for(endpoint_id),
            type="endpoint.disabled",
            tenant=tenant,
            audience="wallet" if tenant.startswith("issuer:") else "merchant",
            object_id=endpoint_id,
            sequence=sequence,
            occurred_at=datetime.now(UTC),
            data={"endpoint_id": endpoint_id, "reason": reason},
        )
        await outbox.publish(conn, [event])
        log.warning("webhook_endpoint_disabled", endpoint_id=endpoint_id, reason=reason)

    async def _regain(self, conn: PoolConnectionProxy) -> int:
        if time.monotonic() - self._looked_for_lost < min(LOST_EVERY_S, self._policy.lease_s / 3):
            return 0
        regained = await sql.release_lost(conn, most=BATCH_MAX)
        self._looked_for_lost = time.monotonic()
        return regained

    async def _keep_leases(self, conn: PoolConnectionProxy) -> None:
        if time.monotonic() - self._prolonged < self._policy.lease_s / 3:
            return
        held = [*(each.claimed for each in self._under_way.values()), *(each.claimed for each in self._ended)]
        if held:
            await sql.extend(conn, held, lease_s=self._policy.lease_s)
        self._prolonged = time.monotonic()
