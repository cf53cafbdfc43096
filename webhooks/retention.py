"""What is forgotten, and when: an event goes with its deliveries and their log once it is old enough.

Whatever state a delivery is in: the schedule ends after three days and a failing endpoint is disabled after five, so
what still waits after months waits for a recovery that nobody wants. What is being sent stays.
"""

from datetime import timedelta
from typing import Final

from asyncpg.pool import PoolConnectionProxy

from webhooks import retention_sql as sql

# A publishing transaction may have seen an endpoint that has been deleted since; none runs for so long.
_DELETED_LISTED: Final = timedelta(hours=1)


async def sweep(conn: PoolConnectionProxy, *, limit: int, kept: timedelta) -> int:
    """Delete so many events and deliveries at most, oldest first; returns how many went.

    Each statement commits on its own: a sweep that dies has done a part, and the next goes on.
    """
    left_behind = await sql.delete_left_behind(conn, limit=limit)
    await sql.strike_deleted_endpoints(conn, listed=_DELETED_LISTED)
    return left_behind + await sql.delete_old_events(conn, kept=kept, limit=limit)
