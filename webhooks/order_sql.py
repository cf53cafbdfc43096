"""The statements that keep strict order; the rules are functions of the database (0001_webhooks.sql)."""

from collections.abc import Collection, Sequence
from typing import Final

from asyncpg.pool import PoolConnectionProxy

# Of the oldest that are due at an endpoint: several times its most slots, so that parking leaves enough for a claim.
LOOKED_AT: Final = 256


async def hold(conn: PoolConnectionProxy, endpoints: Collection[tuple[str, str]]) -> None:
    """Keep claims away from these endpoints until the transaction ends; always in the same order."""
    await conn.execute(
        """
        SELECT FROM unnest($1::text[], $2::text[]) AS wanted (tenant, endpoint_id)
          JOIN webhooks.endpoint_health h USING (tenant, endpoint_id)
         ORDER BY h.tenant, h.endpoint_id
           FOR UPDATE OF h
        """,
        [tenant for tenant, _ in endpoints],
        [endpoint_id for _, endpoint_id in endpoints],
    )


async def release_next(conn: PoolConnectionProxy, ended: Sequence[tuple[str, str]]) -> None:
    """Let those start that were parked behind deliveries (tenant, id) which may have ended.

    Its endpoints are held, and the end was written by an earlier statement.
    """
    await conn.execute(
        "SELECT webhooks.release_next($1, $2)", [tenant for tenant, _ in ended], [one for _, one in ended]
    )
