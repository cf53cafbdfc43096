"""The sweeper's statements; each takes a bounded number of rows, and none waits for another sweeper."""

from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy


async def delete_old_events(conn: PoolConnectionProxy, *, kept: timedelta, limit: int) -> int:
    """Delete a tenant's oldest events with their deliveries and attempts, tenant after tenant.

    How far it came in each feed is noted. Age is read from the id, a UUIDv7, so the primary key serves: the hot path
    pays for no index of ages. The loose scan over tenants ends as soon as there are enough.
    """
    deleted: int = await conn.fetchval(
        """
        WITH RECURSIVE tenants (tenant) AS (
            (SELECT tenant FROM webhooks.events ORDER BY tenant LIMIT 1)
            UNION ALL
            SELECT (SELECT v.tenant FROM webhooks.events v
                     WHERE v.tenant > tenants.tenant ORDER BY v.tenant LIMIT 1)
              FROM tenants WHERE tenants.tenant IS NOT NULL
        ), old AS MATERIALIZED (
            SELECT oldest.tenant, oldest.id
              FROM tenants
             CROSS JOIN LATERAL (
                   SELECT v.tenant, v.id FROM webhooks.events v
                    WHERE v.tenant = tenants.tenant
                      AND v.id < 'evt_' || lpad(
                          to_hex((extract(epoch FROM now() - $1::interval) * 1000)::bigint), 12, '0')
                      AND NOT EXISTS (
                          SELECT FROM webhooks.endpoints e
                            JOIN webhooks.deliveries d
                              ON d.tenant = e.tenant AND d.endpoint_id = e.id AND d.event_id = v.id
                           WHERE e.tenant = v.tenant AND d.state = 'sending')
                    ORDER BY v.id
                    LIMIT $2
                      FOR UPDATE SKIP LOCKED) AS oldest
             LIMIT $2
        ), deliveries AS (
            DELETE FROM webhooks.deliveries d
             USING old JOIN webhooks.endpoints e ON e.tenant = old.tenant
             WHERE d.tenant = old.tenant AND d.endpoint_id = e.id AND d.event_id = old.id
         RETURNING d.tenant, d.id
        ), attempts AS (
            DELETE FROM webhooks.attempts a
             USING deliveries d WHERE a.tenant = d.tenant AND a.delivery_id = d.id
        ), events AS (
            DELETE FROM webhooks.events v USING old WHERE v.tenant = old.tenant AND v.id = old.id
         RETURNING v.tenant, v.xid, v.id
        ), noted AS (
            INSERT INTO webhooks.swept AS s (tenant, xid, event_id)
            SELECT DISTINCT ON (tenant) tenant, xid, id FROM events ORDER BY tenant, xid DESC, id DESC
                ON CONFLICT (tenant) DO UPDATE SET xid = excluded.xid, event_id = excluded.event_id
             WHERE (excluded.xid, excluded.event_id) > (s.xid, s.event_id)
        )
        SELECT count(*) FROM events
        """,
        kept,
        limit,
    )
    return deleted


async def delete_left_behind(conn: PoolConnectionProxy, *, limit: int) -> int:
    """Delete deliveries, with their attempts, of endpoints that are no more."""
    status = await conn.execute(
        """
        WITH left_behind AS MATERIALIZED (
            SELECT theirs.tenant, theirs.id
              FROM webhooks.deleted_endpoints gone
             CROSS JOIN LATERAL (
                   SELECT d.tenant, d.id FROM webhooks.deliveries d
                    WHERE d.tenant = gone.tenant AND d.endpoint_id = gone.id
                      AND NOT (d.state = 'sending' AND d.due_at > now())
                    LIMIT $1
                      FOR UPDATE SKIP LOCKED) AS theirs
             LIMIT $1
        ), attempts AS (
            DELETE FROM webhooks.attempts a
             USING left_behind WHERE a.tenant = left_behind.tenant AND a.delivery_id = left_behind.id
        )
        DELETE FROM webhooks.deliveries d
         USING left_behind WHERE d.tenant = left_behind.tenant AND d.id = left_behind.id
        """,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def strike_deleted_endpoints(conn: PoolConnectionProxy, *, listed: timedelta) -> None:
    """Forget deleted endpoints that have nothing left and can get nothing more."""
    await conn.execute(
        """
        DELETE FROM webhooks.deleted_endpoints gone
         WHERE gone.deleted_at < now() - $1::interval
           AND NOT EXISTS (SELECT FROM webhooks.deliveries d
                            WHERE d.tenant = gone.tenant AND d.endpoint_id = gone.id)
        """,
        listed,
    )
