"""The statements about endpoints and their secrets; each names its tenant."""

from datetime import timedelta
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from webhooks.endpoint import Circuit, DisabledReason, Endpoint, Health, Wishes

PENDING_SHOWN_MAX: Final = (
    10_000  # counting a million rows for a number at a glance would cost more than it tells
)


async def insert(
    conn: PoolConnectionProxy, wishes: Wishes, *, tenant: str, endpoint_id: str, most: int
) -> bool:
    """Insert an endpoint with its health; False where the tenant has `most` already."""
    # One at a time for a tenant, or two at once would both count below the bound.
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('webhooks.endpoints:' || $1, 0))", tenant
    )
    inserted = await conn.fetchval(
        """
        WITH made AS (
            INSERT INTO webhooks.endpoints
                (tenant, id, url, description, event_types, store_ids, signatures, strict_order, concurrency,
                 rate_per_s, retry_waits_s)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
             WHERE (SELECT count(*) FROM webhooks.endpoints WHERE tenant = $1) < $12
         RETURNING tenant, id
        )
        INSERT INTO webhooks.endpoint_health (tenant, endpoint_id) SELECT tenant, id FROM made RETURNING 1
        """,
        tenant,
        endpoint_id,
        *_columns(wishes),
        most,
    )
    return inserted is not None


async def update(conn: PoolConnectionProxy, wishes: Wishes, *, tenant: str, endpoint_id: str) -> bool:
    """Replace an endpoint's wishes; False where there is none."""
    updated = await conn.fetchval(
        """
        UPDATE webhooks.endpoints
           SET url = $3, description = $4, event_types = $5, store_ids = $6, signatures = $7,
               strict_order = $8, concurrency = $9, rate_per_s = $10, retry_waits_s = $11
         WHERE tenant = $1 AND id = $2
     RETURNING 1
        """,
        tenant,
        endpoint_id,
        *_columns(wishes),
    )
    return updated is not None


async def delete(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> bool:
    """Delete an endpoint, and by cascade its health and secrets, and list it for the sweeper."""
    deleted = await conn.fetchval(
        """
        WITH deleted AS (DELETE FROM webhooks.endpoints WHERE tenant = $1 AND id = $2 RETURNING tenant, id)
        INSERT INTO webhooks.deleted_endpoints (tenant, id) SELECT tenant, id FROM deleted RETURNING 1
        """,
        tenant,
        endpoint_id,
    )
    return deleted is not None


async def select(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str | None) -> list[Endpoint]:
    """Read one endpoint of a tenant, or all of them, oldest first."""
    rows = await conn.fetch(
        """
        SELECT e.*, h.consecutive_failures, h.failing_since, h.last_success_at, h.last_failure_at,
               CASE WHEN h.open_until > now() THEN 'open'
                    WHEN h.open_until IS NOT NULL THEN 'half_open' ELSE 'closed' END AS circuit,
               (SELECT count(*) FROM (
                   SELECT FROM webhooks.deliveries d
                    WHERE d.tenant = e.tenant AND d.endpoint_id = e.id AND d.state = 'pending' LIMIT $3
               ) AS waiting) AS pending
          FROM webhooks.endpoints e
          JOIN webhooks.endpoint_health h ON h.tenant = e.tenant AND h.endpoint_id = e.id
         WHERE e.tenant = $1 AND ($2::text IS NULL OR e.id = $2)
         ORDER BY e.id
        """,
        tenant,
        endpoint_id,
        PENDING_SHOWN_MAX,
    )
    return [_endpoint(row) for row in rows]


async def disable(
    conn: PoolConnectionProxy,
    *,
    tenant: str,
    endpoint_id: str,
    reason: DisabledReason,
    url: str | None = None,
) -> int | None:
    """Disable an endpoint; None where it was already, is not there, or goes by another URL than the given one.

    Returns:
        The sequence of the event that tells of it.
    """
    sequence: int | None = await conn.fetchval(
        """
        UPDATE webhooks.endpoints SET disabled_reason = $3, disabled_at = now(), told = told + 1
         WHERE tenant = $1 AND id = $2 AND disabled_reason IS NULL AND ($4::text IS NULL OR url = $4)
     RETURNING told
        """,
        tenant,
        endpoint_id,
        reason,
        url,
    )
    return sequence


async def next_told(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> int | None:
    """The sequence of the next event about an endpoint; None where there is no such one."""
    sequence: int | None = await conn.fetchval(
        "UPDATE webhooks.endpoints SET told = told + 1 WHERE tenant = $1 AND id = $2 RETURNING told",
        tenant,
        endpoint_id,
    )
    return sequence


async def failing(conn: PoolConnectionProxy, *, longer_than_s: float, most: int) -> list[tuple[str, str]]:
    """Enabled endpoints whose every attempt has failed for so long, up to the last."""
    rows = await conn.fetch(
        """
        SELECT h.tenant, h.endpoint_id
          FROM webhooks.endpoint_health h
          JOIN webhooks.endpoints e ON e.tenant = h.tenant AND e.id = h.endpoint_id
         WHERE h.failing_since < h.last_failure_at - $1 * interval '1 second' AND e.disabled_reason IS NULL
         ORDER BY h.tenant, h.endpoint_id
         LIMIT $2
        """,
        longer_than_s,
        most,
    )
    return [(row["tenant"], row["endpoint_id"]) for row in rows]


async def enable(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> None:
    """Enable an endpoint and forget how it failed."""
    await conn.execute(
        """
        WITH enabled AS (
            UPDATE webhooks.endpoints SET disabled_reason = NULL, disabled_at = NULL
             WHERE tenant = $1 AND id = $2
         RETURNING tenant, id
        )
        UPDATE webhooks.endpoint_health h
           SET consecutive_failures = 0, failing_since = NULL, open_until = NULL
          FROM enabled
         WHERE h.tenant = enabled.tenant AND h.endpoint_id = enabled.id
        """,
        tenant,
        endpoint_id,
    )


async def lock(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> bool:
    """Hold an endpoint until the transaction ends; False where there is none."""
    held = await conn.fetchval(
        "SELECT 1 FROM webhooks.endpoints WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE",
        tenant,
        endpoint_id,
    )
    return held is not None


async def count_live_secrets(conn: PoolConnectionProxy, *, tenant: str, endpoint_id: str) -> int:
    count: int = await conn.fetchval(
        """
        SELECT count(*) FROM webhooks.secrets
         WHERE tenant = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > now())
        """,
        tenant,
        endpoint_id,
    )
    return count


async def insert_secret(
    conn: PoolConnectionProxy, sealed: bytes, *, tenant: str, endpoint_id: str, overlap: timedelta
) -> None:
    """Add a secret, let the one before it lapse after the overlap, and drop those that have lapsed."""
    await conn.execute(
        """
        WITH lapsed AS (
            DELETE FROM webhooks.secrets WHERE tenant = $1 AND endpoint_id = $2 AND expires_at <= now()
        ), lapsing AS (
            UPDATE webhooks.secrets SET expires_at = now() + $4
             WHERE tenant = $1 AND endpoint_id = $2 AND expires_at IS NULL
        )
        INSERT INTO webhooks.secrets (tenant, endpoint_id, sealed) VALUES ($1, $2, $3)
        """,
        tenant,
        endpoint_id,
        sealed,
        overlap,
    )


def _columns(wishes: Wishes) -> tuple[object, ...]:
    return (
        *(wishes.url, wishes.description, list(wishes.event_types), list(wishes.store_ids)),
        *(list(wishes.signatures), wishes.strict_order, wishes.concurrency, wishes.rate_per_s),
        None if wishes.retry_waits_s is None else list(wishes.retry_waits_s),
    )


def _endpoint(row: asyncpg.Record) -> Endpoint:
    circuit: Circuit = row["circuit"]
    return Endpoint(
        id=row["id"],
        tenant=row["tenant"],
        wishes=Wishes(
            url=row["url"],
            description=row["description"],
            event_types=tuple(row["event_types"]),
            store_ids=tuple(row["store_ids"]),
            signatures=tuple(row["signatures"]),
            strict_order=row["strict_order"],
            concurrency=row["concurrency"],
            rate_per_s=row["rate_per_s"],
            retry_waits_s=None if row["retry_waits_s"] is None else tuple(row["retry_waits_s"]),
        ),
        disabled_reason=row["disabled_reason"],
        disabled_at=row["disabled_at"],
        created_at=row["created_at"],
        health=Health(
            circuit=circuit,
            consecutive_failures=row["consecutive_failures"],
            failing_since=row["failing_since"],
            last_success_at=row["last_success_at"],
            last_failure_at=row["last_failure_at"],
            pending=row["pending"],
        ),
    )
