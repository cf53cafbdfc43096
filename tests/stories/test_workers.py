"""Several processes behind one port: `gateway serve --workers`, its real processes and `kill -9`."""

import asyncio
import base64
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from gateway.demo.processes import free_ports
from tests.processes import City, a_city
from tests.prove.books import reckon
from tests.prove.shoppers import Crowd, people, until_final
from tests.town import FAST_DOUBT, MASTER_KEY

WITHIN_S = 30.0
QUICK = {**FAST_DOUBT, "TRANSFER_LEASE_S": "2", "LOG_LEVEL": "INFO"}


async def figure(city: City, name: str) -> float:
    """A metric without labels, as whichever worker was asked tells it."""
    async with city.town.http.get(f"{city.town.operators}/metrics") as answer:
        page = await answer.text()
    return next(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name + " "))


async def until_serving(city: City, number: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await figure(city, "gateway_serving_processes") != number:  # noqa: ASYNC110 - other processes' doing
            await asyncio.sleep(0.02)


def workers_of(city: City) -> dict[int, int]:
    """Number and process id of who serves, by the supervisor's log; the latest of each number."""
    lines = (
        json.loads(line) for line in city.gateway.log.read_text().splitlines() if "worker_serves" in line
    )
    return {line["worker"]: line["pid"] for line in lines}


async def answered(city: City) -> float:
    """How many payments were asked for, over all workers and over those that died."""
    async with city.town.http.get(f"{city.town.operators}/metrics") as answer:
        page = await answer.text()
    return sum(
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith('gateway_http_request_seconds_count{operation="create_payment"')
    )


async def test_one_of_two_workers_killed_under_payments_is_replaced_while_the_other_goes_on(
    database_url: str, core_database_url: str, tmp_path: Path
) -> None:
    async with a_city(database_url, core_database_url, tmp_path, QUICK, serving=2) as city:
        await until_serving(city, 2)
        crowd = Crowd(
            town=city.town,
            shop=await city.town.supermarket(),
            payers=await people(city.town, 5),
            chance=random.Random(2),
            cancels=0.0,
        )
        tills = asyncio.create_task(crowd.serve(tills=6))
        await crowd.until_acknowledged(6)
        before = workers_of(city)
        counted = await answered(city)
        os.kill(before[1], signal.SIGKILL)
        await crowd.until_acknowledged(12)
        await until_serving(city, 2)
        after = workers_of(city)
        assert after[2] == before[2], "the other one was left alone"
        assert after[1] != before[1]
        assert await answered(city) >= counted + 12, "nothing that was counted is forgotten"
        await crowd.until_acknowledged(6)
        crowd.stop()
        await tills
        assert {said for said in crowd.answers if said[:1] in "45"} == set(), crowd.answers
        await until_final(city.town.pool, within_s=WITHIN_S)
        reckoning = await reckon(city.town.pool, city.core_database_url, crowd.errands)
        assert not reckoning.faults, reckoning.faults
        assert reckoning.duplicates == 0
        assert not city.defects(), city.defects()
        assert await city.gateway.stop() == 0
        assert not any(psutil.pid_exists(pid) for pid in after.values()), "workers end with their supervisor"


@asynccontextmanager
async def supervised(**settings: str) -> AsyncIterator[tuple[Process, Callable[[str], Any]]]:
    """`gateway serve --workers 2`, started cold, and a reader of its log: the next line of an event."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve", "--workers", "2"),
        env={"PATH": os.environ["PATH"], "GATEWAY_ENV": "sandbox", "MASTER_KEY": MASTER_KEY, **settings},
        stdout=PIPE,
        stderr=PIPE,
    )

    async def said(event: str) -> Any:
        assert process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            async for line in process.stdout:
                if (fields := json.loads(line))["event"] == event:
                    return fields
        raise AssertionError(f"it ended before it said {event}")

    try:
        yield process, said
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_workers_that_cannot_serve_end_their_supervisor_and_those_whose_supervisor_is_killed_stop(
    database_url: str,
) -> None:
    public, operators = free_ports(2)
    ports = {"PUBLIC_PORT": str(public), "OPERATORS_PORT": str(operators)}
    async with supervised(DATABASE_URL=database_url, **ports) as (first, said):
        workers = [psutil.Process((await said("worker_serves"))["pid"]) for _ in range(2)]
        beside = await ended(DATABASE_URL=database_url, **ports)
        assert beside.startswith(f"Error: PUBLIC_PORT {public} at 127.0.0.1 cannot be listened on"), beside
        other_key = base64.b64encode(bytes(32)).decode()
        lost = await ended(
            DATABASE_URL=database_url, PUBLIC_PORT="0", OPERATORS_PORT="0", MASTER_KEY=other_key
        )
        assert lost.endswith("before all of them served\n"), lost
        first.kill()
        await first.wait()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, workers, timeout=WITHIN_S)
        assert (len(gone), alive) == (2, []), "rather than serve beside their successors"


async def ended(**settings: str) -> str:
    """What a supervisor said that could not start."""
    async with supervised(**settings) as (process, _):
        _, words = await process.communicate()
        assert process.returncode == 1
        return words.decode()
