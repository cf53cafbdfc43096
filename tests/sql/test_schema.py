from pathlib import Path

import asyncpg
import pytest

from gateway.storage.embedded import EmbeddedPostgres
from gateway.storage.migrate import MIGRATIONS, migrate
from gateway.storage.schema import SCHEMA, dumped
from tests.servers import execute

_LAST_OF_THE_FIRST = "0015_offer_rewards"
# Written after that release, under names that sort before its last.
_CAME_LATER = ("0010_together", "0011_webhooks_fair", "0014_till_scopes")


def test_schema_sql_is_what_the_migrations_add_up_to(database_url: str, tmp_path: Path) -> None:
    """If not: `make schema`."""
    bin_dir = EmbeddedPostgres(tmp_path).bin_dir
    assert SCHEMA.read_text(encoding="utf-8") == dumped(database_url, bin_dir)


async def test_a_database_of_the_first_release_with_data_in_it_ends_with_the_same_schema(
    server_url: str, tmp_path: Path, worker_id: str
) -> None:
    url = f"{server_url}upgraded_{worker_id}"
    await execute(
        server_url + "postgres",
        f"DROP DATABASE IF EXISTS upgraded_{worker_id}",
        f"CREATE DATABASE upgraded_{worker_id}",
    )
    for file in MIGRATIONS.glob("*.sql"):
        if file.stem <= _LAST_OF_THE_FIRST and file.stem not in _CAME_LATER:
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    await migrate(url, tmp_path)
    await execute(
        url,
        "SET session_replication_role = replica",
        """INSERT INTO webhooks.endpoints
                  (tenant, id, url, description, event_types, store_ids, signatures, strict_order, concurrency)
           VALUES ('mer_1', 'end_1', 'https://shop.example', '', '{}', '{}', '{v1}', false, 8)""",
        """INSERT INTO merchants.activation_codes
                  (partner_id, terminal_id, merchant_id, store_id, selector_hash, code_hash, tries_left,
                   expires_at, created_by)
           VALUES ('mer_1', 'trm_1', 'mer_1', 'sto_1', '', '', 3, now(), 'cli_1')""",
    )

    await migrate(url)

    assert SCHEMA.read_text(encoding="utf-8") == dumped(url, EmbeddedPostgres(tmp_path).bin_dir)
    conn = await asyncpg.connect(url)
    try:
        assert await conn.fetchval("SELECT told FROM webhooks.endpoints") == 0
        assert await conn.fetchval("SELECT scopes FROM merchants.activation_codes") == [
            "cancel",
            "pay",
            "query",
            "refund",
        ]
    finally:
        await conn.close()


_CATCHING_UP = {
    file.stem: file.read_text(encoding="utf-8") for file in MIGRATIONS.glob("0023_caught_up_*.sql")
}


@pytest.mark.parametrize("text", _CATCHING_UP.values(), ids=_CATCHING_UP)
async def test_catching_up_stands_in_nobodys_way_where_there_is_nothing_to_catch_up_with(
    database_url: str, text: str
) -> None:
    payments, upgrade = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        async with payments.transaction():
            await payments.execute(
                """LOCK TABLE webhooks.endpoints, webhooks.deliveries, merchants.activation_codes
                     IN ROW EXCLUSIVE MODE"""
            )
            async with upgrade.transaction():
                await upgrade.execute("SET LOCAL lock_timeout = '50ms'")
                await upgrade.execute(text)
    finally:
        await payments.close()
        await upgrade.close()
