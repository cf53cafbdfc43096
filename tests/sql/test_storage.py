import asyncio
from pathlib import Path

import asyncpg
import pytest

from gateway.storage.hub import Hub
from gateway.storage.migrate import migrate
from gateway.storage.pool import open_pool
from tests.servers import execute


async def test_a_notice_wakes_who_waits_on_another_process(database_url: str) -> None:
    here, there = Hub(database_url), Hub(database_url)
    await here.start()
    await there.start()
    try:
        async with there.waiting_for("pay_1") as told, there.waiting_for("pay_2") as not_told:
            told.clear()
            not_told.clear()
            here.tell("pay_1")
            await asyncio.wait_for(told.wait(), 5)
            assert not not_told.is_set()
    finally:
        await here.stop()
        await there.stop()


async def test_a_thousand_notices_at_once_all_arrive(database_url: str) -> None:
    here, there = Hub(database_url), Hub(database_url)
    heard: set[str] = set()
    all_heard = asyncio.Event()
    ids = [f"pay_{n:032x}" for n in range(1000)]

    def hear(one: str) -> None:
        heard.add(one)
        if heard.issuperset(ids):
            all_heard.set()

    await here.start()
    await there.start()
    try:
        there.watch(hear, lost=heard.clear)
        here.tell(*ids)
        await asyncio.wait_for(all_heard.wait(), 5)
    finally:
        await here.stop()
        await there.stop()


async def test_a_listener_that_loses_its_connection_wakes_everybody_and_listens_again(
    database_url: str,
) -> None:
    hub = Hub(database_url)
    await hub.start()
    lost = asyncio.Event()
    hub.watch(lambda _one: None, lost=lost.set)
    try:
        async with hub.waiting_for("pay_1") as told:
            await execute(
                database_url,
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND query LIKE '%gateway_changed%'""",
            )
            await asyncio.wait_for(told.wait(), 5)
            await asyncio.wait_for(lost.wait(), 5)
    finally:
        await hub.stop()


async def test_two_replicas_that_start_together_migrate_once(
    server_url: str, tmp_path: Path, worker_id: str
) -> None:
    name = f"migrated_twice_{worker_id}"
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE public.a (x int); CREATE TABLE public.b (x int);")
    await execute(server_url + "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    await asyncio.gather(*(migrate(server_url + name, tmp_path) for _ in range(2)))
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE public.c (x int);")
    await migrate(server_url + name, tmp_path)
    await execute(server_url + name, "SELECT * FROM public.a, public.b, public.c")


async def test_a_migration_that_fails_leaves_nothing_behind(
    server_url: str, tmp_path: Path, worker_id: str
) -> None:
    name = f"migrated_badly_{worker_id}"
    (tmp_path / "0001_bad.sql").write_text("CREATE TABLE public.a (x int); SELECT nonsense;")
    await execute(server_url + "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(server_url + name, tmp_path)
    with pytest.raises(asyncpg.UndefinedTableError):
        await execute(server_url + name, "SELECT * FROM public.a")


async def test_a_migration_gives_up_rather_than_stand_in_line_before_everybody_else(
    server_url: str, tmp_path: Path, worker_id: str
) -> None:
    name = f"migrated_busily_{worker_id}"
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE public.a (x int);")
    await execute(server_url + "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    await migrate(server_url + name, tmp_path)
    (tmp_path / "0002_second.sql").write_text(
        "CREATE TABLE public.b (x int); ALTER TABLE public.a ADD y int;"
    )
    reader = await asyncpg.connect(server_url + name)
    try:
        async with reader.transaction():
            await reader.execute("SELECT * FROM public.a")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await migrate(server_url + name, tmp_path, lock_wait_s=0.05)
            await reader.execute("SELECT * FROM public.a")
    finally:
        await reader.close()
    await migrate(server_url + name, tmp_path)
    await execute(server_url + name, "SELECT y FROM public.a, public.b")


async def test_an_index_built_beside_payments_is_built_anew_after_a_crash(
    server_url: str, tmp_path: Path, worker_id: str
) -> None:
    name = f"migrated_beside_{worker_id}"
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE public.a (x int); INSERT INTO a VALUES (1), (1);")
    (tmp_path / "0002_indexes.sql").write_text(
        "-- outside a transaction\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_by_x ON public.a (x);\n"
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_once ON public.a (x);\n"
    )
    (tmp_path / "0003_third.sql").write_text("ALTER TABLE public.a ADD z int;")
    await execute(server_url + "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    with pytest.raises(asyncpg.UniqueViolationError):
        await migrate(server_url + name, tmp_path)
    valid = """SELECT array_agg(indexrelid::regclass || ' ' || indisvalid ORDER BY indexrelid) FROM pg_index
                WHERE indrelid = 'public.a'::regclass"""
    conn = await asyncpg.connect(server_url + name)
    try:
        assert await conn.fetchval(valid) == ["a_by_x true", "a_once false"]
        await conn.execute("DELETE FROM public.a")
        await asyncio.gather(*(migrate(server_url + name, tmp_path) for _ in range(2)))
        assert await conn.fetchval(valid) == ["a_by_x true", "a_once true"]
        await conn.execute("SELECT z FROM public.a")
    finally:
        await conn.close()


async def test_what_one_connection_learned_of_postgresqls_arrays_the_next_does_not_ask(
    database_url: str,
) -> None:
    pool = await open_pool(database_url, size=2)
    try:
        async with pool.acquire() as first, pool.acquire() as second:
            assert await first.fetchval("SELECT $1::bigint[]", [1, None]) == [1, None]
            asked: list[str] = []
            second.add_query_logger(lambda record: asked.append(record.query))
            assert await second.fetchval("SELECT $1::bigint[]", [2, 3]) == [2, 3]
            await first.fetchval("SELECT 1")  # the logger is called in a turn of its own
            assert asked == ["SELECT $1::bigint[]"]
    finally:
        await pool.close()


async def test_a_statement_that_hangs_is_ended_by_the_pool(database_url: str) -> None:
    pool = await open_pool(database_url, size=1, statement_timeout_s=0.1)
    with pytest.raises(asyncpg.QueryCanceledError):
        await pool.execute("SELECT pg_sleep(30)")
    await pool.close()


async def test_nobody_waits_for_ever_for_a_connection(database_url: str) -> None:
    pool = await open_pool(database_url, size=1, acquire_timeout_s=0.05)
    try:
        async with pool.acquire():
            with pytest.raises(TimeoutError):
                await pool.fetchval("SELECT 1")
        assert await pool.fetchval("SELECT 1") == 1
    finally:
        await pool.close()
