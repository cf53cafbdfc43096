"""How many replicas share the requests: whoever was asked says so, and divides its limits by their number."""

import uuid

import asyncpg

from gateway.door import replicas_sql
from gateway.door.rate_limit import Limiter

BEAT_S = 5.0
# One that missed two beats has stopped or is asked no more; the others take its share over.
_LIVE_FOR_S = 3 * BEAT_S


class Replicas:
    """This replica among the others.

    Args:
        limiter: knows whether anybody asked this replica, and is told how many share its limits.
    """

    def __init__(self, pool: asyncpg.Pool, limiter: Limiter) -> None:
        self._pool = pool
        self._limiter = limiter
        self._id = uuid.uuid4()
        self._asked = 0

    async def beat(self) -> None:
        """Count who is at work; a process that nobody asks, as a worker, is not among them."""
        if self._limiter.asked == self._asked:
            return
        self._asked = self._limiter.asked
        self._limiter.divide(await replicas_sql.beat(self._pool, self._id, live_for_s=_LIVE_FOR_S))
