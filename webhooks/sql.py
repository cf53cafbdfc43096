"""Every statement of this floor but the claim, which is a function of the database (0001_webhooks.sql)."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from webhooks.breaker import Breaker, Noted
from webhooks.delivery import Claimed, Ended, Waiting
from webhooks.event import NewEvent
from webhooks.order_sql import LOOKED_AT

_DELIVERY_OF = """
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id, object_id, sequence, expires_at)
    SELECT new.tenant, webhooks.new_delivery_id(new.id), e.id, new.id,
           CASE WHEN e.strict_order THEN new.object_id END, CASE WHEN e.strict_order THEN new.sequence END,
           new.expires_at
      FROM new JOIN webhooks.endpoints e ON e.tenant = new.tenant
"""


async def insert_events(conn: PoolConnectionProxy, events: Sequence[tuple[NewEvent, str]]) -> None:
    """Insert events with their bodies and a delivery for each endpoint whose filters take them."""
    await conn.execute(
        f"""
        WITH new AS (
            INSERT INTO webhooks.events
                (tenant, id, type, object_id, sequence, merchant_id, store_id, occurred_at, expires_at, body)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                                 $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[])
         RETURNING *
        )
        {_DELIVERY_OF}
         WHERE (e.event_types = '{{}}' OR new.type = ANY (e.event_types)
                OR split_part(new.type, '.', 1) || '.*' = ANY (e.event_types))
           AND (e.store_ids = '{{}}' OR new.store_id = ANY (e.store_ids))
        """,  # noqa: S608  # joined from constants of this module
        *_columns(events),
    )


async def insert_event_for(
    conn: PoolConnectionProxy, event: NewEvent, rendered: str, *, endpoint_id: str
) -> str | None:
    """Insert one event and its delivery to one endpoint; nothing at all if the tenant has no such endpoint."""
    delivery_id: str | None = await conn.fetchval(
        f"""
        WITH new AS (
            INSERT INTO webhooks.events
                (tenant, id, type, object_id, sequence, merchant_id, store_id, occurred_at, expires_at, body)
            SELECT given.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                                 $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[])
                       AS given (tenant)
              JOIN webhooks.endpoints e ON e.tenant = given.tenant AND e.id = $11
         RETURNING *
        )
        {_DELIVERY_OF} AND e.id = $11
        RETURNING id
        """,  # noqa: S608  # joined from constants of this module
        *_columns([(event, rendered)]),
        endpoint_id,
    )
    return delivery_id


def _columns(events: Sequence[tuple[NewEvent, str]]) -> list[list[Any]]:
    rows = [
        (
            *(event.tenant, event.id, event.type, event.object_id, event.sequence),
            *(event.merchant_id, event.store_id, event.occurred_at, event.expires_at, rendered),
        )
        for event, rendered in events
    ]
    return _transposed(rows)


async def walk(conn: PoolConnectionProxy, *, after: tuple[str, str], most: int) -> list[Waiting]:
    """Step over endpoints with waiting deliveries, in order.

    A loose index scan: it touches a few entries per endpoint, however many rows wait there.
    """
    rows = await conn.fetch(
        """
        WITH RECURSIVE walk (tenant, endpoint_id) AS (
            (SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
              WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > ($1, $2)
              ORDER BY d.tenant, d.endpoint_id LIMIT 1)
            UNION ALL
            SELECT next.tenant, next.endpoint_id
              FROM walk
             CROSS JOIN LATERAL (
                   SELECT d.tenant, d.endpoint_id FROM webhooks.deliveries d
                    WHERE d.state = 'pending' AND (d.tenant, d.endpoint_id) > (walk.tenant, walk.endpoint_id)
                    ORDER BY d.tenant, d.endpoint_id LIMIT 1) AS next
        )
        -- LIMIT and not EXISTS, which the planner may answer by hashing every row that waits.
        SELECT walk.tenant, walk.endpoint_id, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id
                      AND d.state = 'pending' AND d.due_at <= now()
                    ORDER BY d.due_at LIMIT 1), false) AS due, COALESCE((
                   SELECT true FROM webhooks.deliveries d
                    WHERE d.tenant = walk.tenant AND d.endpoint_id = walk.endpoint_id AND d.object_id IS NOT NULL
                      AND NOT d.replay AND d.state IN ('pending', 'sending')
                    ORDER BY d.object_id LIMIT 1), false) AS in_order
          FROM walk LIMIT $3
        """,
        *after,
        most,
    )
    return [Waiting(**dict(row)) for row in rows]


async def claim(
    conn: PoolConnectionProxy,
    endpoints: Sequence[tuple[str, str]],
    *,
    most: int,
    lease_s: float,
    breaker: Breaker,
) -> list[Claimed]:
    """Lease what is due at these endpoints, each within its free slots."""
    rows = await conn.fetch(
        "SELECT * FROM webhooks.claim($1, $2, $3, $4, $5, $6)",
        [tenant for tenant, _ in endpoints],
        [endpoint_id for _, endpoint_id in endpoints],
        most,
        lease_s,
        breaker.failures,
        LOOKED_AT,
    )
    return [_claimed(row) for row in rows]


async def record(conn: PoolConnectionProxy, ended: Sequence[Ended]) -> int:
    """Move each delivery on, if the claim that sent it still holds, and log its attempt in any case.

    A delivery whose next attempt would come after its event's expiry has expired now.

    Returns:
        How many were moved; the others had lost their lease, and whoever holds it now will say.
    """
    moved: int = await conn.fetchval(
        """
        WITH ended AS (
            SELECT *, now() + wait_s * interval '1 second' AS due_at
              FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::float8[], $6::integer[],
                          $7::timestamptz[], $8::integer[], $9::text[], $10::text[], $11::integer[],
                          $12::text[], $13::bytea[])
                AS t (tenant, id, fence, state, wait_s, failed, started_at, duration_ms, url, request_headers,
                      status, reason, response)
        ), logged AS (
            INSERT INTO webhooks.attempts
                (tenant, delivery_id, fence, started_at, duration_ms, url, request_headers, status, reason,
                 response)
            SELECT tenant, id, fence, started_at, duration_ms, url, request_headers, status, reason, response
              FROM ended
                ON CONFLICT DO NOTHING
        ), moved AS (
            UPDATE webhooks.deliveries d
               SET state = CASE WHEN ended.state = 'pending' AND NOT d.replay AND d.expires_at <= ended.due_at
                                THEN 'expired' ELSE ended.state END,
                   due_at = ended.due_at,
                   failures = d.failures + ended.failed,
                   reason = ended.reason,
                   finished_at = CASE WHEN ended.state <> 'pending' THEN now()
                                      WHEN NOT d.replay AND d.expires_at <= ended.due_at THEN now() END
              FROM ended
             WHERE d.tenant = ended.tenant AND d.id = ended.id
               AND d.fence = ended.fence AND d.state = 'sending'
         RETURNING 1
        )
        SELECT count(*) FROM moved
        """,
        *_ended_columns(ended),
    )
    return moved


async def note_answers(
    conn: PoolConnectionProxy, noted: Sequence[Noted], *, breaker: Breaker
) -> list[tuple[str, str, bool]]:
    """Let endpoints' health follow a batch of answers; one that answered well at all is well.

    Writes where something changed, and the time of the last success every few seconds at most: a busy and
    healthy endpoint's row stays quiet.

    Returns:
        Failing endpoints as (tenant, id, has failed for too long).
    """
    rows = await conn.fetch(
        """
        WITH seen AS (
            SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::integer[])
                AS t (tenant, endpoint_id, succeeded, failed)
        ), held AS (
            SELECT h.tenant, h.endpoint_id, h.consecutive_failures + seen.failed AS failures, seen.succeeded
              FROM webhooks.endpoint_health h JOIN seen USING (tenant, endpoint_id)
             WHERE NOT seen.succeeded OR h.consecutive_failures > 0
                OR h.last_success_at IS NULL OR h.last_success_at < now() - interval '5 seconds'
             ORDER BY h.tenant, h.endpoint_id
               FOR UPDATE OF h
        )
        UPDATE webhooks.endpoint_health h
           SET consecutive_failures = CASE WHEN held.succeeded THEN 0 ELSE held.failures END,
               failing_since = CASE WHEN NOT held.succeeded THEN COALESCE(h.failing_since, now()) END,
               open_until = CASE WHEN NOT held.succeeded AND held.failures >= $5
                                 THEN now() + $6 * interval '1 second' END,
               last_success_at = CASE WHEN held.succeeded THEN now() ELSE h.last_success_at END,
               last_failure_at = CASE WHEN held.succeeded THEN h.last_failure_at ELSE now() END
          FROM held
         WHERE h.tenant = held.tenant AND h.endpoint_id = held.endpoint_id
     RETURNING h.tenant, h.endpoint_id, h.failing_since < now() - $7 * interval '1 second' AS too_long
        """,
        [each.tenant for each in noted],
        [each.endpoint_id for each in noted],
        [each.succeeded for each in noted],
        [each.failed for each in noted],
        breaker.failures,
        breaker.open_s,
        breaker.disable_after_s,
    )
    return [(row["tenant"], row["endpoint_id"], bool(row["too_long"])) for row in rows]


async def release_lost(conn: PoolConnectionProxy, *, most: int) -> int:
    """Make deliveries due again whose claimer died: their lease is over, and no failure of the endpoint's."""
    status = await conn.execute(
        """
        UPDATE webhooks.deliveries d SET state = 'pending', due_at = now()
          FROM (SELECT tenant, id FROM webhooks.deliveries
                 WHERE state = 'sending' AND due_at <= now()
                 LIMIT $1 FOR UPDATE SKIP LOCKED) AS lost
         WHERE d.tenant = lost.tenant AND d.id = lost.id
        """,
        most,
    )
    return int(status.rpartition(" ")[2])


async def extend(conn: PoolConnectionProxy, held: Sequence[Claimed], *, lease_s: float) -> None:
    """Prolong the leases that we still hold."""
    await conn.execute(
        """
        UPDATE webhooks.deliveries d SET due_at = now() + $4 * interval '1 second'
          FROM unnest($1::text[], $2::text[], $3::integer[]) AS held (tenant, id, fence)
         WHERE d.tenant = held.tenant AND d.id = held.id AND d.fence = held.fence AND d.state = 'sending'
        """,
        *_leases(held),
        lease_s,
    )


async def hand_back(conn: PoolConnectionProxy, held: Sequence[Claimed]) -> None:
    """Give up leases so that another worker need not wait until they are lost."""
    await conn.execute(
        """
        UPDATE webhooks.deliveries d SET state = 'pending', due_at = now()
          FROM unnest($1::text[], $2::text[], $3::integer[]) AS held (tenant, id, fence)
         WHERE d.tenant = held.tenant AND d.id = held.id AND d.fence = held.fence AND d.state = 'sending'
        """,
        *_leases(held),
    )


def _leases(held: Sequence[Claimed]) -> tuple[list[str], list[str], list[int]]:
    return [each.tenant for each in held], [each.id for each in held], [each.fence for each in held]


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(**dict(row))


def _ended_columns(ended: Sequence[Ended]) -> list[list[Any]]:
    rows = [
        (
            *(each.claimed.tenant, each.claimed.id, each.claimed.fence, each.state, each.wait_s),
            *(int(each.answered and not each.delivered), each.attempt.started_at, each.attempt.duration_ms),
            *(each.claimed.url, msgspec.json.encode(each.request_headers).decode()),
            *(each.attempt.status, each.attempt.reason.value, each.attempt.response),
        )
        for each in ended
    ]
    return _transposed(rows)


def _transposed(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
