import asyncio

import asyncpg
from aiohttp import ClientConnectionError, ClientSession

from gateway.door.listeners import Address, listening
from gateway.door.operation import Listener
from tests.doors import open_door

GOOD = b'{"title":"milk","amount":{"amount_minor":250,"currency":"CNY"}}'


async def test_a_stop_finishes_what_runs_and_takes_nothing_new(pool: asyncpg.Pool) -> None:
    async with open_door(pool) as opened:
        headers = {"Content-Type": "application/json", **await opened.headers()}
        leave, left = asyncio.Event(), asyncio.Event()
        bound: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

        async def serve() -> None:
            where = {Listener.PUBLIC: Address("127.0.0.1", 0)}
            async with listening(opened.door, where, stop_within_s=5.0) as addresses:
                bound.set_result(addresses[Listener.PUBLIC])
                await leave.wait()
            left.set()

        serving = asyncio.create_task(serve())
        url = f"http://127.0.0.1:{(await bound).port}"
        async with ClientSession() as http, pool.acquire() as holder:
            transaction = holder.transaction()
            await transaction.start()
            await holder.execute("LOCK public.notes IN EXCLUSIVE MODE")
            running = asyncio.create_task(http.post(f"{url}/v1/notes", data=GOOD, headers=headers))
            while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                pass
            leave.set()
            await opened.door.stopping.wait()
            while await refuses(url) is False:
                pass
            assert not left.is_set()
            await transaction.rollback()
            async with await running as answer:
                assert answer.status == 201
                assert answer.headers["Connection"] == "close"
            await serving


async def test_a_stopping_or_failing_process_is_not_ready_but_live(pool: asyncpg.Pool) -> None:
    async def no_database() -> None:
        raise ConnectionRefusedError

    async with open_door(pool, checks={"database": no_database}) as opened:
        async with opened.http.get(f"{opened.public}/health/ready") as answer:
            said = await answer.json(content_type=None)
            assert (answer.status, said["failing"]) == (503, ["database"])
            assert "Retry-After" in answer.headers
        opened.door.stopping.set()
        async with opened.http.get(f"{opened.public}/health/ready") as answer:
            assert (await answer.json(content_type=None))["failing"] == ["door", "database"]
        async with opened.http.get(f"{opened.operators}/health/live") as answer:
            assert await answer.json() == {"status": "live"}


async def refuses(url: str) -> bool:
    try:
        async with ClientSession() as http, http.get(f"{url}/health/live"):
            return False
    except ClientConnectionError:
        return True
