"""Publishing and delivering; what a worker does in its turn are functions of the database (0001 and 0011)."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from webhooks.breaker import Breaker
from webhooks.delivery import Claimed, Ended, Turn
from webhooks.event import NewEvent
from webhooks.order_sql import LOOKED_AT

_ENDED_COLUMNS: Final = 15  # of `webhooks.record`
_CLAIMED_AT: Final = 5  # columns before those of a claim, in what a turn returns

_DELIVERY_OF = """
    INSERT INTO webhooks.deliveries (tenant, id, endpoint_id, event_id, object_id, sequence, expires_at)
    SELECT new.tenant, webhooks.new_delivery_id(new.id), e.id, new.id,
           CASE WHEN e.strict_order THEN new.object_id END, CASE WHEN e.strict_order THEN new.sequence END,
           new.expires_at
      FROM new JOIN webhooks.endpoints e ON e.tenant = new.tenant
"""


async def insert_events(conn: PoolConnectionProxy, events: Sequence[tuple[NewEvent, str]]) -> None:
    """Insert events with their bodies and a delivery for each endpoint whose filters take them."""
    await conn.execute("SELECT webhooks.publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", *columns(events))


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
        *columns([(event, rendered)]),
        endpoint_id,
    )
    return delivery_id


def columns(events: Sequence[tuple[NewEvent, str]]) -> list[list[Any]]:
    """What `webhooks.publish` takes, a list for each column."""
    rows = [
        (
            *(event.tenant, event.id, event.type, event.object_id, event.sequence),
            *(event.merchant_id, event.store_id, event.occurred_at, event.expires_at, rendered),
        )
        for event, rendered in events
    ]
    return _transposed(rows)


async def turn(
    conn: PoolConnectionProxy,
    ended: Sequence[Ended],
    *,
    after: tuple[str, str],
    walk_most: int,
    slots: int,
    lease_s: float,
    breaker: Breaker,
) -> Turn:
    """Record what ended, walk on, and lease what is due: one round trip and one commit for all of it.

    Args:
        conn: outside of any transaction.
        ended: what is to be recorded; nothing of it is, should this fail.
        after: the endpoint the walk goes on behind.
        walk_most: endpoints to walk at most.
        slots: how much may be claimed beside the slots that `ended` frees; none where that makes none.
        lease_s: how long what is claimed is ours.
        breaker: when an endpoint is left in peace.
    """
    rows = await conn.fetch(
        """
        SELECT recorded.too_long, next.*
          FROM webhooks.record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            AS recorded
          LEFT JOIN LATERAL webhooks.claim_next($19, $20, $21, $22 + recorded.moved, $23, $16, $24) AS next ON true
        """,
        *_ended_columns(ended),
        *(breaker.failures, breaker.open_s, breaker.disable_after_s),
        *(*after, walk_most, slots, lease_s, LOOKED_AT),
    )
    return _turn(rows)


def _turn(rows: Sequence[asyncpg.Record]) -> Turn:
    first = rows[0]
    return Turn(
        too_long=first["too_long"],
        parked=first["parked"] or 0,
        walked=first["walked"] or 0,
        walked_to=(first["walked_to_tenant"] or "", first["walked_to_endpoint_id"] or ""),
        claimed=[Claimed(*row[_CLAIMED_AT:]) for row in rows] if first["id"] is not None else [],
    )


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


def _ended_columns(ended: Sequence[Ended]) -> list[list[Any]]:
    rows = [
        (
            *(each.claimed.tenant, each.claimed.id, each.claimed.endpoint_id, each.claimed.fence),
            *(each.state, each.wait_s, int(each.answered and not each.delivered), each.claimed.in_order),
            *(each.attempt.started_at, each.attempt.duration_ms, each.claimed.url),
            msgspec.json.encode(each.request_headers).decode(),
            *(each.attempt.status, each.attempt.reason.value, each.attempt.response),
        )
        for each in ended
    ]
    return _transposed(rows) or [[]] * _ENDED_COLUMNS


def _transposed(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
