"""A worker that only delivers, as a process of its own that a test may kill: DATABASE_URL LEASE_S."""

import asyncio
import sys

from gateway.storage.pool import open_pool
from tests.receivers import delivering
from webhooks.deliver import DeliveryPolicy


async def main(database_url: str, lease_s: float) -> None:
    pool = await open_pool(database_url, size=2)
    async with delivering(pool, DeliveryPolicy(lease_s=lease_s)) as worker:
        while True:
            await worker.deliverer.run_once()
            await worker.woken(0.02)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
